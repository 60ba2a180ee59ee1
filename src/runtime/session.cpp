// SPDX-License-Identifier: Apache-2.0
// The run of a session: regions, maps, outputs. Its ctx is in session_ctx.cpp, the helpers' part in
// helper_model.cpp.
#include "runtime/session.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "runtime/fib_rule.hpp"
#include "runtime/link_header.hpp"
#include "runtime/map_definition.hpp"

namespace probity::runtime {
namespace {

constexpr std::uint32_t clock_step_ns = 1000;

Expected<void> write_entry(Map& map, const MapEntry& entry) {
  const program::MapDef& definition = map.definition();
  if (entry.key.size() != definition.key_size || entry.value.size() != definition.value_size) {
    return error(Fault::bad_input,
                 fmt::format("map {}: an entry of {} + {} bytes, must be {} + {}", definition.name,
                             entry.key.size(), entry.value.size(), definition.key_size,
                             definition.value_size));
  }
  const std::int64_t result = map.seed(entry.key, entry.value);
  if (result == 0) return {};
  return error(Fault::bad_input,
               fmt::format("map {}: entry with key {} is refused: {}", definition.name,
                           fmt::format("{:02x}", fmt::join(entry.key, "")),
                           std::strerror(static_cast<int>(-result))));
}

}  // namespace

Expected<void> Session::make_maps() {
  for (const program::MapDef& definition : program_.maps) {
    TRY(std::unique_ptr<Map> map, make_map(definition, map_memory_));
    if (!definition.initial.empty()) {
      if (definition.initial.size() > definition.value_size) {
        return error(Fault::bad_input,
                     fmt::format("map {}: {} initial bytes exceed value_size {}", definition.name,
                                 definition.initial.size(), definition.value_size));
      }
      Bytes value(definition.initial.begin(), definition.initial.end());
      value.resize(definition.value_size);
      const Bytes key(4, 0);
      if (map->seed(key, value) != 0) {
        return error(Fault::limit,
                     fmt::format("map {}: {} bytes exceed the map memory limit {}", definition.name,
                                 value.size(), map_memory_limit_bytes));
      }
    }
    maps_.push_back(std::move(map));
  }
  return fill_outer_maps();
}

Expected<void> Session::fill_outer_maps() {
  for (const program::InnerMap& element : program_.inner_maps) {
    if (element.map >= maps_.size() || element.inner >= maps_.size()) {
      return error(Fault::bad_input, fmt::format("map {} of {} holds map {}", element.map,
                                                 maps_.size(), element.inner));
    }
    Map& outer = *maps_[element.map];
    MapEntry entry{Bytes(outer.definition().key_size), Bytes(4)};
    std::array<std::uint8_t, 4> index{};
    store_le(index.data(), element.index);
    std::copy_n(index.begin(), std::min<std::size_t>(4, entry.key.size()), entry.key.begin());
    store_le(entry.value.data(), element.inner);
    TRY(write_entry(outer, entry));
  }
  return {};
}

std::span<const Op> Session::enter_tail_target(std::string_view map, std::uint32_t index) {
  const auto found = tail_targets_.find({map, index});
  if (found == tail_targets_.end() || tail_calls_ >= program::tail_call_limit) return {};
  ++tail_calls_;
  return found->second;
}

std::optional<std::uint64_t> Session::take_given_answer(std::uint32_t helper) {
  if (given_answers_.empty()) return std::nullopt;
  const auto found = given_answers_.find({helper, calls_[helper]++});
  return found == given_answers_.end() ? std::nullopt : std::optional(found->second);
}

const GivenRoute* Session::given_route(std::span<const std::uint8_t> question,
                                       std::uint32_t flags) const {
  const auto found = std::ranges::find_if(given_routes_, [&](const GivenRoute& route) {
    return route.flags == flags && std::ranges::equal(route.question, question);
  });
  return found == given_routes_.end() ? nullptr : &*found;
}

Expected<void> Session::fill_answers(const RunInput& input) {
  for (const GivenRoute& route : input.routes) {
    const bool whole = route.question.size() == fib_params_bytes &&
                       (!writes_fib_params(route.answer) || route.after.size() == fib_params_bytes);
    if (whole) continue;
    return error(Fault::bad_input,
                 fmt::format("a given route: {} and {} bytes (limit {} each)",
                             route.question.size(), route.after.size(), fib_params_bytes));
  }
  given_routes_ = input.routes;
  given_answers_.clear();
  calls_.clear();
  for (const GivenAnswer& answer : input.answers) {
    const program::Helper* const row = program::find_helper(std::string_view(answer.helper));
    if (row == nullptr) {
      return error(Fault::bad_input,
                   fmt::format("a given answer: there is no helper \"{}\"", answer.helper));
    }
    given_answers_[{row->id, answer.call}] = answer.value;
  }
  return {};
}

Expected<void> Session::begin_run(Machine& machine, const RunInput& input,
                                  std::uint64_t fuel_insns) {
  events_.clear();
  events_not_kept_ = 0;
  scratch_.clear();
  shared_.clear();
  explanation_.clear();
  held_.clear();
  held_lock_ = 0;
  skb_notes_ = {};
  storage_.clear();
  device_ = input.ingress_ifindex;
  tail_calls_ = 0;
  ctx_.fill(0);
  surroundings_ = input.surroundings;
  clock_ns_ = input.clock_ns;
  random_state_ = input.random_seed;
  TRY(fill_answers(input));
  regions_.assign(region::first_free, Region{});
  regions_[region::ctx].kind = RegionKind::ctx;
  packet_region_ = region::packet;
  if (input.raw_memory) {
    packet_ = PacketBuffer::make_raw(input);
  } else if (is_xdp()) {
    TRY(packet_, PacketBuffer::make_xdp(input));
    fill_xdp_ctx(input);
    TRY(fill_ctx_fields(input));
  } else if (ctx_type_bit(program_.type) == ctx_types::flow) {
    TRY(packet_, PacketBuffer::make_skb(input, 0));
    begin_flow_keys();
    TRY(fill_ctx_fields(input));
  } else if (ctx_type_bit(program_.type) != ctx_types::none) {
    const std::uint32_t hidden = hidden_link_bytes(ctx_type_bit(program_.type));
    TRY(packet_, PacketBuffer::make_skb(input, hidden));
    fill_skb_ctx(input);
    TRY(fill_ctx_fields(input));
  } else {
    return error(Fault::unsupported,
                 fmt::format("program {}: type {} has no ctx on the interpreter", program_.name,
                             program::name(program_.type)));
  }
  regions_[region::packet] = make_region(RegionKind::packet, packet_.visible(), Access::write);
  const std::size_t before_data = input.raw_memory ? 0 : input.packet.size() - packet_.length();
  packet_at_entry_ = std::span(input.packet).subspan(before_data);
  machine.regions = regions_;
  machine.environment = this;
  share_ctx_objects(machine);
  const std::uint64_t r1 = runtime::address_of(input.raw_memory ? region::packet : region::ctx, 0);
  prepare(machine, r1, input.raw_memory ? input.packet.size() : 0, fuel_insns);
  fuel_at_start_ = machine.fuel_insns;
  specs_.begin(*this);
  return {};
}

RunOutput Session::end_run(Machine& machine, RunResult result) {
  RunOutput output;
  if (result == RunResult::returned && !require_nothing_held(machine)) result = RunResult::fault;
  output.return_value = machine.regs[0];
  if (result == RunResult::returned) specs_.end(*this, machine);
  const bool dissects = ctx_type_bit(program_.type) == ctx_types::flow;
  output.packet = dissects ? finished_flow_keys() : packet_.output();
  output.insns_executed = static_cast<std::uint64_t>(fuel_at_start_ - machine.fuel_insns);
  if (result != RunResult::returned) {
    const FaultPoint& fault = machine.fault;
    output.fault = {fault.kind, fault.slot, fault.address, fault.size_bytes, describe(fault)};
  }
  if (events_not_kept_ != 0) events_.push_back({"(not kept)", {events_not_kept_}, {}});
  output.events = std::move(events_);
  events_.clear();
  output.ctx = written_ctx();
  for (const std::unique_ptr<Map>& map : maps_) map->end_run();
  return output;
}

std::string Session::describe(const FaultPoint& fault) const {
  std::string text = fmt::format("slot {}: {}", fault.slot, name(fault.kind));
  if (fault.size_bytes != 0) {
    text +=
        fmt::format(": {} bytes at region {} offset {}", fault.size_bytes, region_of(fault.address),
                    static_cast<std::int32_t>(offset_of(fault.address)));
    const std::uint32_t number = region_of(fault.address);
    if (number < regions_.size()) text += fmt::format(" (length {})", regions_[number].length);
  }
  if (!explanation_.empty()) text += ": " + explanation_;
  return text;
}

std::uint64_t Session::address_of(Machine& machine, bpf::ImmOp op, std::uint32_t imm,
                                  std::uint32_t next_imm) {
  switch (op) {
    case bpf::ImmOp::map:
    case bpf::ImmOp::map_value: {
      if (imm >= maps_.size()) {
        machine.raise(FaultKind::unsupported, imm, 0);
        explain(fmt::format("map index {} of {}", imm, maps_.size()));
        return 0;
      }
      if (op == bpf::ImmOp::map) return runtime::address_of(region::first_map + imm, 0);
      Map& map = *maps_[imm];
      const Bytes first(map.definition().key_size, 0);
      std::uint8_t* value = map.lookup(first);
      if (value == nullptr) {
        machine.raise(FaultKind::null_pointer, imm, 0);
        return 0;
      }
      const Access access = map.definition().read_only ? Access::read : Access::write;
      return share(machine, value, map.value_bytes(), RegionKind::map_value, access) + next_imm;
    }
    case bpf::ImmOp::func: {
      // The displacement counts from the following slot, like a call's.
      const std::uint32_t target = machine.environment_slot + 1 + imm;  // imm may be negative
      return runtime::address_of(region::function, target);
    }
    case bpf::ImmOp::value:
    case bpf::ImmOp::var:
    case bpf::ImmOp::map_idx:
    case bpf::ImmOp::map_idx_value: break;
  }
  machine.raise(FaultKind::unsupported, imm, 0);
  explain("this kind of lddw needs a kernel");
  return 0;
}

Map* Session::map_at(Address address) {
  const std::uint32_t index = region_of(address) - region::first_map;
  if (offset_of(address) != 0 || index >= maps_.size()) return nullptr;
  return maps_[index].get();
}

Map* Session::find_map(std::string_view name) {
  for (const std::unique_ptr<Map>& map : maps_) {
    if (map->definition().name == name) return map.get();
  }
  return nullptr;
}

Expected<void> Session::require_object(const program::MapDef& map, const MapEntry& entry) {
  const bool outer = family_of(map.type) == MapFamily::outer;
  const bool programs = map.type == program::MapType::prog_array;
  if ((!outer && !programs) || entry.value.size() != 4 || entry.key.size() < 4) return {};
  const auto wanted = load_le<std::uint32_t>(entry.value.data());
  const std::size_t count = outer ? maps_.size() : tail_programs_.size();
  if (wanted >= count) {
    return error(Fault::bad_input,
                 fmt::format("map {}: value {} is not the number of a {} (0..{})", map.name, wanted,
                             outer ? "map" : "program", count - 1));
  }
  if (programs)
    set_tail_target(map.name, load_le<std::uint32_t>(entry.key.data()), tail_programs_[wanted]);
  return {};
}

Expected<MapContents> Session::read_map(std::string_view name) {
  const Map* map = find_map(name);
  if (map == nullptr) return error(Fault::bad_input, fmt::format("map {}: no such map", name));
  return MapContents{std::string(name), map->entries()};
}

Expected<Bytes> Session::read_records(std::string_view name) {
  const Map* map = find_map(name);
  if (map == nullptr) return error(Fault::bad_input, fmt::format("map {}: no such map", name));
  return map->records();
}

Expected<void> Session::write_map(const MapContents& contents) {
  Map* map = find_map(contents.map);
  if (map == nullptr) {
    return error(Fault::bad_input, fmt::format("map {}: no such map", contents.map));
  }
  for (const MapEntry& entry : contents.entries) {
    TRY(require_object(map->definition(), entry));
    TRY(write_entry(*map, entry));
  }
  return {};
}

Address Session::share(Machine& machine, std::uint8_t* host, std::uint64_t size, RegionKind kind,
                       Access access) {
  const auto found = shared_.find(host);
  if (found != shared_.end()) return runtime::address_of(found->second, 0);
  if (regions_.size() >= max_regions) {
    machine.raise(FaultKind::unsupported, max_regions, 0);
    explain(fmt::format("more than {} memory regions in one run", max_regions));
    return 0;
  }
  const auto number = static_cast<std::uint32_t>(regions_.size());
  regions_.push_back(make_region(kind, {host, size}, access));
  machine.regions = regions_;
  shared_.emplace(host, number);
  return runtime::address_of(number, 0);
}

void Session::withdraw(Machine& machine, Address address) {
  Region& region = machine.regions[region_of(address)];
  shared_.erase(region.host);
  region = {};
}

void Session::renew_packet_region(Machine& machine) {
  withdraw(machine, runtime::address_of(packet_region_, 0));
  const std::span<std::uint8_t> bytes = packet_.visible();
  const Address address =
      share(machine, bytes.data(), bytes.size(), RegionKind::packet, Access::write);
  packet_region_ = region_of(address);
}

bool Session::require_nothing_held(Machine& machine) {
  if (held_.empty() && held_lock_ == 0) return true;
  if (held_lock_ != 0) {
    machine.raise(FaultKind::resource_leak, held_lock_, 0);
    machine.fault.slot = machine.environment_slot;
    explain("a spin lock is held at the end");
    return false;
  }
  const auto [region, slot] = *held_.begin();
  machine.raise(FaultKind::resource_leak, runtime::address_of(region, 0), 0);
  machine.fault.slot = slot;
  explain(
      fmt::format("the ring buffer record reserved here is neither submitted nor discarded "
                  "({} in all)",
                  held_.size()));
  return false;
}

bool Session::is_socket(Address address) const {
  return (ctx_type_bit(program_type()) & ctx_types::skb) != 0 && address == ctx_object_;
}

Timer* Session::find_timer(const std::uint8_t* place) {
  const auto found = timers_.find(place);
  return found == timers_.end() ? nullptr : &found->second;
}

void Session::end_timers(const std::uint8_t* value, std::uint64_t size) {
  std::erase_if(timers_, [=](const auto& timer) {
    return timer.first >= value && timer.first < value + size;
  });
}

Bytes* Session::find_storage(Address map) {
  const auto found = storage_.find(map);
  return found == storage_.end() ? nullptr : &found->second;
}

Bytes& Session::make_storage(Address map, std::uint32_t size) {
  const auto [place, is_new] = storage_.try_emplace(map);
  if (is_new) place->second.assign(size, 0);
  return place->second;
}

void Session::drop_storage(Machine& machine, Address map) {
  const auto found = storage_.find(map);
  if (found == storage_.end()) return;
  const auto shared = shared_.find(found->second.data());
  if (shared != shared_.end()) withdraw(machine, runtime::address_of(shared->second, 0));
  scratch_.push_back(std::move(found->second));
  storage_.erase(found);
}

void Session::record(std::string_view helper, std::vector<std::uint64_t> values, Bytes data) {
  if (events_.size() >= max_events_per_run) {
    ++events_not_kept_;
    return;
  }
  events_.push_back({std::string(helper), std::move(values), std::move(data)});
}

std::uint64_t Session::read_clock_ns() {
  const std::uint64_t now = clock_ns_;
  clock_ns_ += clock_step_ns;
  return now;
}

std::uint32_t Session::next_random() {
  // splitmix64 (Steele, Lea, Flood 2014).
  random_state_ += 0x9e3779b97f4a7c15;
  std::uint64_t z = random_state_;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return static_cast<std::uint32_t>((z ^ z >> 31) >> 32);
}

}  // namespace probity::runtime
