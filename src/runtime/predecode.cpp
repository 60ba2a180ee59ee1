// SPDX-License-Identifier: Apache-2.0
// Slots to ops: see predecode.hpp. Everything the interpreter takes for granted is refused here:
// register numbers, complete lddw pairs and jump targets in 0..slot_count.
#include "runtime/predecode.hpp"

#include "base/fixed_text.hpp"
#include "isa/bpf/codec.hpp"
#include "runtime/handlers.hpp"

namespace probity::runtime {
namespace {

using bpf::Insn;
using bpf::Meaning;

std::unexpected<Diagnostic> jump_error(std::size_t slot, std::int64_t target, std::size_t slots) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("slot ").append_unsigned(slot).append(": jump target ").append_signed(target);
  text.append(" is outside the program (0..").append_unsigned(slots).append(")");
  return error(Fault::bad_input, text.view());
}

/// The slot that `insn` at `slot` may jump to or call, or the next slot.
std::int64_t target_of(const Insn& insn, std::size_t slot) {
  const bpf::Row& r = bpf::row(insn.form);
  const std::int64_t next = static_cast<std::int64_t>(slot) + insn.slot_count();
  switch (r.meaning) {
    case Meaning::jump: return next + (r.width == 32 ? insn.imm : insn.off);
    case Meaning::branch:
    case Meaning::may_goto: return next + insn.off;
    case Meaning::call: return insn.form == bpf::Form::call_local ? next + insn.imm : next;
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::exit:
    case Meaning::load_imm64:
    case Meaning::load_packet:
    case Meaning::load:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::atomic:
    case Meaning::load_acquire:
    case Meaning::store_release: return next;
  }
  return next;
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
