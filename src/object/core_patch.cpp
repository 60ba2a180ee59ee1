// SPDX-License-Identifier: Apache-2.0
// The old value is compared first: a mismatch means that the record belongs to another insn.
#include "object/core_patch.hpp"

#include <fmt/core.h>
#include <linux/bpf.h>
#include <linux/bpf_common.h>

#include "program/poison.hpp"

namespace probity::object {
namespace {

using bpf::Slot;

constexpr std::uint8_t lddw_opcode = bpf::row(bpf::Form::lddw).opcode;
constexpr std::uint64_t largest_offset = 0x7fff;

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

std::unexpected<Diagnostic> unexpected_value(std::int64_t found, const CoreResult& result) {
  return bad(fmt::format("the insn holds {}, the object's types say {}", found, result.original));
}

bool is_lddw(std::span<const Slot> slots, std::size_t at) {
  return slots[at].opcode == lddw_opcode && at + 1 < slots.size();
}

void poison(std::span<Slot> slots, std::size_t at) {
  if (is_lddw(slots, at)) slots[at + 1] = program::poisoned_call(program::poisoned_relocation);
  slots[at] = program::poisoned_call(program::poisoned_relocation);
}

std::uint32_t width_of(std::uint8_t opcode) {
  switch (BPF_SIZE(opcode)) {
    case BPF_DW: return 8;
    case BPF_W: return 4;
    case BPF_H: return 2;
    default: return 1;
  }
}

Expected<std::uint8_t> size_bits(std::uint32_t bytes) {
  switch (bytes) {
    case 8: return BPF_DW;
    case 4: return BPF_W;
    case 2: return BPF_H;
    case 1: return BPF_B;
    default: return bad(fmt::format("no load or store has {} bytes", bytes));
  }
}

Expected<void> patch_immediate(Slot& slot, const CoreResult& result) {
  if (BPF_SRC(slot.opcode) != BPF_K)
    return bad(fmt::format("opcode 0x{:02x} has no immediate", unsigned{slot.opcode}));
  const auto found = static_cast<std::uint64_t>(std::int64_t{slot.imm});
  if (result.check_original && found != result.original) return unexpected_value(slot.imm, result);
  slot.imm = static_cast<std::int32_t>(result.relocated);
  return {};
}

Expected<void> patch_offset(std::span<Slot> slots, std::size_t at, const CoreResult& result) {
  Slot& slot = slots[at];
  const auto found = static_cast<std::uint64_t>(std::int64_t{slot.off});
  if (result.check_original && found != result.original) return unexpected_value(slot.off, result);
  if (result.relocated > largest_offset)
    return bad(fmt::format("offset {} does not fit an insn (at most {})", result.relocated,
                           largest_offset));
  if (result.wrong_size) {
    poison(slots, at);
    return {};
  }
  slot.off = static_cast<std::int16_t>(result.relocated);
  if (result.original_size == result.relocated_size) return {};
  if (width_of(slot.opcode) != result.original_size)
    return bad(fmt::format("the insn accesses {} bytes, the object's field has {}",
                           width_of(slot.opcode), result.original_size));
  TRY(const std::uint8_t size, size_bits(result.relocated_size));
  slot.opcode = static_cast<std::uint8_t>(BPF_MODE(slot.opcode) | size | BPF_CLASS(slot.opcode));
  return {};
}

Expected<void> patch_lddw(std::span<Slot> slots, std::size_t at, const CoreResult& result) {
  Slot& low = slots[at];
  const bool whole = is_lddw(slots, at) && low.src() == 0 && low.off == 0 &&
                     slots[at + 1].opcode == 0 && slots[at + 1].regs == 0 && slots[at + 1].off == 0;
  if (!whole) return bad("not an lddw of a plain value");
  Slot& high = slots[at + 1];
  const std::uint64_t found = static_cast<std::uint32_t>(low.imm) |
                              std::uint64_t{static_cast<std::uint32_t>(high.imm)} << 32;
  if (result.check_original && found != result.original)
    return unexpected_value(static_cast<std::int64_t>(found), result);
  low.imm = static_cast<std::int32_t>(result.relocated);
  high.imm = static_cast<std::int32_t>(result.relocated >> 32);
  return {};
}

}  // namespace

Expected<void> patch(std::span<Slot> slots, std::size_t at, const CoreResult& result) {
  if (result.poison) {
    poison(slots, at);
    return {};
  }
  switch (BPF_CLASS(slots[at].opcode)) {
    case BPF_ALU:
    case BPF_ALU64: return patch_immediate(slots[at], result);
    case BPF_LDX:
    case BPF_ST:
    case BPF_STX: return patch_offset(slots, at, result);
    case BPF_LD: return patch_lddw(slots, at, result);
    default:
      return bad(
          fmt::format("opcode 0x{:02x} carries no relocatable value", unsigned{slots[at].opcode}));
  }
}

}  // namespace probity::object
