// SPDX-License-Identifier: Apache-2.0
// Flow of single insns, and subprograms from the calls of bare bytecode.
#include "program/flow.hpp"

#include "isa/bpf/codec.hpp"
#include "program/message.hpp"

namespace probity::program {

using bpf::Form;
using bpf::Insn;
using bpf::Meaning;

InsnFlow flow_of(const Insn& insn, std::uint32_t slot) {
  InsnFlow flow;
  switch (bpf::row(insn.form).meaning) {
    case Meaning::jump:
      flow.falls_through = false;
      flow.jumps = true;
      break;
    case Meaning::may_goto:
    case Meaning::branch: flow.jumps = true; break;
    case Meaning::exit:
      flow.falls_through = false;
      flow.may_end = true;
      break;
    case Meaning::load_packet: flow.may_end = true; break;
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::call:
    case Meaning::load_imm64:
    case Meaning::load:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::atomic:
    case Meaning::load_acquire:
    case Meaning::store_release: break;
  }
  if (flow.jumps) flow.target = std::int64_t{slot} + insn.slot_count() + *bpf::displacement(insn);
  return flow;
}

bool names_subprog(const Insn& insn) {
  return insn.form == Form::call_local || insn.form == Form::lddw_func;
}

std::int64_t named_subprog_slot(const Insn& insn, std::uint32_t slot) {
  return std::int64_t{slot} + 1 + insn.imm;
}

Expected<std::span<Subprog>> find_subprogs(std::span<const bpf::Slot> slots, Arena& arena) {
  if (slots.empty()) return error(Fault::bad_input, "program has no insns");
  const std::span<std::uint8_t> starts = arena.take<std::uint8_t>(slots.size());
  if (starts.empty())
    return Message("no scratch memory for ").number(slots.size()).text(" slots").limit();
  starts[0] = 1;
  for (std::uint32_t slot = 0; slot < slots.size();) {
    TRY(const Insn insn, bpf::decode(slots, slot));
    if (names_subprog(insn)) {
      const std::int64_t target = named_subprog_slot(insn, slot);
      if (target < 0 || target >= static_cast<std::int64_t>(slots.size())) {
        return at_slot(slot, insn)
            .text(" to slot ")
            .signed_number(target)
            .text(", outside the program's ")
            .number(slots.size())
            .text(" slots")
            .bad_input();
      }
      starts[static_cast<std::size_t>(target)] = 1;
    }
    slot += insn.slot_count();
  }
  std::size_t count = 0;
  for (const std::uint8_t start : starts) count += start;
  if (count > subprog_count_limit) {
    return Message("program has ")
        .number(count)
        .text(" subprograms, at most ")
        .number(subprog_count_limit)
        .bad_input();
  }
  const std::span<Subprog> subprogs = arena.take<Subprog>(count);
  if (subprogs.size() != count) {
    return Message("no scratch memory for ").number(count).text(" subprograms").limit();
  }
  std::size_t n = 0;
  for (std::uint32_t slot = 0; slot < slots.size(); ++slot) {
    if (starts[slot] != 0) subprogs[n++] = {"", slot, 0};
    ++subprogs[n - 1].slot_count;
  }
  return subprogs;
}

}  // namespace probity::program
