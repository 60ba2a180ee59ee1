// SPDX-License-Identifier: Apache-2.0
// See linked_code.hpp.
#include "runtime/linked_code.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "isa/bpf/codec.hpp"
#include "program/poison.hpp"
#include "program/external_spec.hpp"
#include "program/spec_call.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/map_definition.hpp"

namespace probity::runtime {
namespace {

constexpr std::size_t max_slots = 1u << 20;

std::unexpected<Diagnostic> unsupported(const program::View& program, std::size_t slot,
                                        std::string what) {
  return error(Fault::unsupported, fmt::format("{}: slot {}: {}", program.name, slot, what));
}

/// Refuses an insn by name when the interpreter has no model for it.
Expected<void> require_modelled(const program::View& program, std::size_t slot,
                                const bpf::Insn& insn) {
  switch (insn.form) {
    case bpf::Form::call_helper: {
      const auto id = static_cast<std::uint32_t>(insn.imm);
      const bool must_not_run = program::is_poisoned_call(id);  // a fault when it is reached
      if (must_not_run || program::is_spec_call(id)) return {};
      if (program::is_external_spec_call(id)) return {};
      if (find_helper_model(id, program.type) != nullptr) return {};
      const program::Helper* row = program::find_helper(id);
      return unsupported(program, slot,
                         fmt::format("helper {}#{} is not modelled by the interpreter",
                                     row == nullptr ? "unknown" : row->name, id));
    }
    case bpf::Form::call_kfunc:
    case bpf::Form::lddw_var: {
      const auto index = static_cast<std::size_t>(insn.imm);
      const bool named = index < program.externals.size();
      return unsupported(program, slot,
                         fmt::format("{} {} is not modelled by the interpreter",
                                     insn.form == bpf::Form::call_kfunc ? "kfunc" : "kernel symbol",
                                     named ? program.externals[index].name : "(unnamed)"));
    }
    case bpf::Form::lddw_map:
    case bpf::Form::lddw_map_value: {
      const auto index = static_cast<std::size_t>(insn.imm);
      if (index >= program.maps.size()) return {};  // a fault when it is executed
      const program::MapDef& map = program.maps[index];
      if (family_of(map.type) != MapFamily::unmodelled) return {};
      return unsupported(program, slot,
                         fmt::format("map {}: type {} is not modelled by the interpreter", map.name,
                                     program::name(map.type)));
    }
    default: return {};
  }
}

}  // namespace

Expected<void> LinkedCode::load(const program::View& program) {
  TRY(add(program));
  for (const program::TailTarget& target : program.tail_targets) {
    const auto found = std::ranges::find(programs_, target.program, &LinkedProgram::view);
    auto number = static_cast<std::size_t>(found - programs_.begin());
    if (found == programs_.end()) {
      TRY(number, add(*target.program));
    }
    tails_.push_back({target.map, target.index, number});
  }
  return {};
}

Expected<std::size_t> LinkedCode::add(const program::View& program) {
  if (program.slots.empty() || program.slots.size() > max_slots) {
    return error(Fault::bad_input, fmt::format("{}: {} slots, outside 1..{}", program.name,
                                               program.slots.size(), max_slots));
  }
  for (std::size_t slot = 0; slot < program.slots.size();) {
    TRY(const bpf::Insn insn, bpf::decode(program.slots, slot));
    TRY(require_modelled(program, slot, insn));
    slot += insn.slot_count();
  }
  std::vector<Op>& memory = op_memory_.emplace_back();
  memory.resize(predecode_bytes(program.slots.size()) / sizeof(Op));
  Arena arena(std::as_writable_bytes(std::span(memory)));
  TRY(const std::span<const Op> ops, predecode(program.slots, arena));
  programs_.push_back({&program, ops});
  return programs_.size() - 1;
}

void LinkedCode::connect(Session& session) const {
  std::vector<std::span<const Op>> programs;
  for (const LinkedProgram& program : programs_) programs.push_back(program.ops);
  session.set_tail_programs(std::move(programs));
  for (const LinkedTail& tail : tails_) {
    session.set_tail_target(main().view->maps[tail.map].name, tail.index,
                            programs_[tail.program].ops);
  }
}

}  // namespace probity::runtime
