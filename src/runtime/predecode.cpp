// SPDX-License-Identifier: Apache-2.0
// Slots to ops: see predecode.hpp. Everything the interpreter takes for granted is refused here:
// register numbers, complete lddw pairs and jump targets in 0..slot_count.
#include "runtime/predecode.hpp"

#include "base/fixed_text.hpp"
#include "isa/bpf/codec.hpp"
#include "isa/bpf/flow.hpp"
#include "runtime/handlers.hpp"

namespace probity::runtime {
namespace {

using bpf::Insn;

std::unexpected<Diagnostic> jump_error(std::size_t slot, std::int64_t target, std::size_t slots) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("slot ").append_unsigned(slot).append(": jump target ").append_signed(target);
  text.append(" is outside the program (0..").append_unsigned(slots).append(")");
  return error(Fault::bad_input, text.view());
}

/// The slot that `insn` at `slot` may jump to or call, or the next slot.
std::int64_t target_of(const Insn& insn, std::size_t slot) {
  return static_cast<std::int64_t>(slot) + insn.slot_count() + bpf::displacement(insn).value_or(0);
}

}  // namespace

Expected<std::span<const Op>> predecode(std::span<const bpf::Slot> slots, Arena& arena) {
  const Handlers handlers = interpreter_handlers();
  const std::span<Op> ops = arena.take<Op>(slots.size() + 1);
  if (ops.empty()) return error(Fault::limit, "predecode: the program exceeds the op memory");
  std::size_t slot = 0;
  while (slot < slots.size()) {
    TRY(const Insn insn, bpf::decode(slots, slot));
    const std::int64_t target = target_of(insn, slot);
    if (target < 0 || target > static_cast<std::int64_t>(slots.size())) {
      return jump_error(slot, target, slots.size());
    }
    const Handler handler = handlers.by_form[static_cast<std::size_t>(insn.form)];
    ops[slot] = {handler, insn.dst, insn.src, insn.off, insn.imm};
    if (insn.slot_count() == 2) {
      ops[slot + 1] = {handlers.end, bpf::Reg::r0, bpf::Reg::r0, 0, insn.next_imm};
    }
    slot += insn.slot_count();
  }
  ops[slots.size()] = {handlers.end, bpf::Reg::r0, bpf::Reg::r0, 0, 0};
  return ops;
}

}  // namespace probity::runtime
