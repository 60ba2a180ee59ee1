// SPDX-License-Identifier: Apache-2.0
// The register of helper models, and the argument checks they share. A helper that is not in the
// register is refused by name when the program is loaded.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "program/external_spec.hpp"
#include "program/spec_call.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/map_definition.hpp"

namespace probity::runtime {
HelperFlow HelperCall::refuse(FaultKind kind, std::uint64_t value, std::string text) {
  machine.raise(kind, value, 0);
  session.explain(fmt::format("helper {}: {}", name(), text));
  return HelperFlow::fault;
}

HelperFlow HelperCall::refuse_map_memory(const Map& map) {
  return refuse(FaultKind::unsupported, 0,
                fmt::format("map {}: the map memory limit of {} bytes is reached",
                            map.definition().name, map_memory_limit_bytes));
}

std::string_view HelperCall::name() const {
  const program::Helper* row = program::find_helper(helper);
  return row == nullptr ? "unknown" : row->name;
}

std::uint8_t* HelperCall::memory(unsigned index, std::uint64_t size, Access access) {
  static std::uint8_t nothing = 0;
  if (size == 0) return &nothing;
  std::uint8_t* bytes =
      size > max_argument_bytes
          ? nullptr
          : translate(machine.regions.data(), machine.regions.size(), arg(index), size, access);
  if (bytes == nullptr) {
    machine.raise(FaultKind::bad_helper_argument, arg(index), size);
    session.explain(fmt::format("helper {}: argument {} needs {} {} bytes", name(), index, size,
                                access == Access::write ? "writable" : "readable"));
  }
  return bytes;
}

Map* HelperCall::map(unsigned index) {
  Map* result = session.map_at(arg(index));
  if (result == nullptr) {
    refuse(FaultKind::bad_helper_argument, arg(index),
           fmt::format("argument {} is not a map", index));
  }
  return result;
}

Map* HelperCall::map_to_look_up(unsigned index) {
  return map_taken_by(index, programs_look_up);
}

Map* HelperCall::map_to_update(unsigned index) {
  return map_taken_by(index, programs_update);
}

Map* HelperCall::map_taken_by(unsigned index, bool (*takes)(program::MapType)) {
  Map* result = map(index);
  if (result == nullptr || takes(result->definition().type)) return result;
  refuse(FaultKind::bad_helper_argument, arg(index),
         fmt::format("map {}: not for maps of type {}", result->definition().name,
                     program::name(result->definition().type)));
  return nullptr;
}

bool HelperCall::require_ctx(unsigned index) {
  if (arg(index) == runtime::address_of(region::ctx, 0)) return true;
  refuse(FaultKind::bad_helper_argument, arg(index),
         fmt::format("argument {} is not the ctx", index));
  return false;
}

HelperFlow HelperCall::returns_moved(std::int64_t result) {
  if (result == 0) session.renew_packet_region(machine);
  return machine.fault.kind == FaultKind::none ? returns(result) : HelperFlow::fault;
}

std::span<const std::span<const HelperModel>> helper_models() {
  static const std::array<std::span<const HelperModel>, 14> groups = {
      map_helpers(),      packet_helpers(), skb_helpers(),    tunnel_helpers(), redirect_helpers(),
      socket_helpers(),   record_helpers(), dynptr_helpers(), timer_helpers(),  text_helpers(),
      checksum_helpers(), output_helpers(), system_helpers(), loop_helpers()};
  return groups;
}

const HelperModel* find_helper_model(std::uint32_t id, program::ProgType type) {
  const program::ProgType known = type == program::ProgType::unspec ? program::ProgType::xdp : type;
  for (const std::span<const HelperModel> group : helper_models()) {
    for (const HelperModel& model : group) {
      if (model.id == id && (model.types & ctx_type_bit(known)) != 0) return &model;
    }
  }
  return nullptr;
}

bool calls_back(std::uint32_t id) {
  return std::ranges::find(loop_helpers(), id, &HelperModel::id) != loop_helpers().end();
}

HelperFlow Session::run_external_spec_call(Machine& machine, std::uint32_t helper) {
  using program::ExternalSpecCall;
  const std::uint64_t first = machine.regs[1];
  std::uint64_t& result = machine.regs[0];
  result = 0;
  switch (static_cast<ExternalSpecCall>(helper)) {
    case ExternalSpecCall::packet_length: result = packet_at_entry_.size(); break;
    case ExternalSpecCall::peek:
      result = first < packet_at_entry_.size() ? packet_at_entry_[first] : ~std::uint64_t{0};
      break;
    case ExternalSpecCall::ignore_map: {
      const Map* map = map_at(first);
      if (map == nullptr) {
        return HelperCall{*this, machine, helper}.refuse(FaultKind::bad_helper_argument, first,
                                                         "argument 1 is not a map");
      }
      const std::string_view name = map->definition().name;
      record(program::external_spec_name(helper), {}, Bytes(name.begin(), name.end()));
      break;
    }
    case ExternalSpecCall::any_action:
    case ExternalSpecCall::ignore_packet:
    case ExternalSpecCall::ignore_maps:
    case ExternalSpecCall::ignore_trace:
    case ExternalSpecCall::ignore_ctx:
    case ExternalSpecCall::assume:
      record(program::external_spec_name(helper), {first, machine.regs[2]}, {});
      break;
  }
  return HelperFlow::next;
}

HelperFlow Session::call_helper(Machine& machine, std::uint32_t helper) {
  if (program::is_external_spec_call(helper)) return run_external_spec_call(machine, helper);
  HelperCall call{*this, machine, helper};
  if (program::is_spec_call(helper)) return specs_.call(call);
  if (helper >= helper_models_.size() || helper_models_[helper] == nullptr) {
    return call.refuse(FaultKind::unknown_helper, helper,
                       fmt::format("number {} is not modelled", helper));
  }
  call.given = take_given_answer(helper);
  return helper_models_[helper]->run(call);
}

void Session::bind_helpers() {
  helper_models_.assign(max_helper_id + 1, nullptr);
  for (std::uint32_t id = 1; id <= max_helper_id; ++id) {
    helper_models_[id] = find_helper_model(id, program_type());
  }
}

}  // namespace probity::runtime
