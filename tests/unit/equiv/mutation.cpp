// SPDX-License-Identifier: Apache-2.0
// Opcodes by their fields, RFC 9669 section 3: class in the low three bits, source in bit 3 and
// operation above for arithmetic and jumps, size and mode for loads and stores.
#include "mutation.hpp"

#include <array>

#include <fmt/format.h>

namespace probity::equiv {
namespace {

using bpf::Slot;

enum Class : std::uint8_t {
  ld = 0,
  ldx = 1,
  st = 2,
  stx = 3,
  alu32 = 4,
  jmp = 5,
  jmp32 = 6,
  alu64 = 7
};
constexpr std::uint8_t from_register = 8;
constexpr std::uint8_t mov = 0xb0;
constexpr std::uint8_t lddw = 0x18;
constexpr std::uint8_t jump_always = 0x05;

std::optional<std::string> change_number(Slot& slot, Dice& dice) {
  const std::int32_t before = slot.imm;
  const bool flip = dice.below(3) == 0;
  const auto bits = static_cast<std::uint32_t>(slot.imm);
  const std::uint32_t after = flip                 ? bits ^ 1u << dice.below(8)
                              : dice.below(2) == 0 ? bits + 1
                                                   : bits - 1;
  slot.imm = static_cast<std::int32_t>(after);
  return fmt::format("number {} becomes {}", before, slot.imm);
}

std::optional<std::string> change_source(Slot& slot, Dice& dice) {
  const auto reg = static_cast<unsigned>(dice.below(10));
  if (reg == slot.src()) return std::nullopt;
  const unsigned before = slot.src();
  slot.regs = static_cast<std::uint8_t>(slot.dst() | reg << 4);
  return fmt::format("source r{} becomes r{}", before, reg);
}

std::optional<std::string> change_operation(Slot& slot, std::span<const std::uint8_t> operations,
                                            Dice& dice) {
  const std::uint8_t before = slot.opcode & 0xf0;
  const std::uint8_t after = operations[dice.below(operations.size())];
  if (before == after) return std::nullopt;
  slot.opcode = static_cast<std::uint8_t>((slot.opcode & 0x0f) | after);
  return fmt::format("operation {:#04x} becomes {:#04x}", before, after);
}

std::optional<std::string> remove(Slot& slot) {
  slot = {jump_always, 0, 0, 0};
  return "is gone";
}

std::optional<std::string> change_arithmetic(Slot& slot, Dice& dice) {
  constexpr std::array<std::uint8_t, 7> operations = {0x00, 0x10, 0x40, 0x50, 0x60, 0x70, 0xa0};
  const std::uint8_t operation = slot.opcode & 0xf0;
  const bool plain = operation <= 0xc0 && operation != 0x80 && slot.off == 0;
  if (!plain) return std::nullopt;  // byte swaps, negation, sign extensions
  const std::uint64_t kind = dice.below(4);
  if (kind == 0) return remove(slot);
  if (kind == 1 && operation != mov) return change_operation(slot, operations, dice);
  return (slot.opcode & from_register) != 0 ? change_source(slot, dice) : change_number(slot, dice);
}

std::optional<std::string> change_jump(Slot& slot, Dice& dice) {
  // All conditions but JSET, which has no opposite.
  constexpr std::array<std::uint8_t, 10> conditions = {0x10, 0x20, 0x30, 0x50, 0x60,
                                                       0x70, 0xa0, 0xb0, 0xc0, 0xd0};
  const std::uint8_t operation = slot.opcode & 0xf0;
  if (operation == 0 || operation == 0x80 || operation == 0x90) return std::nullopt;
  switch (dice.below(4)) {
    case 0: return remove(slot);
    case 1: ++slot.off; return "jumps one slot further";
    case 2: return change_operation(slot, conditions, dice);
    default:
      return (slot.opcode & from_register) != 0 ? change_source(slot, dice)
                                                : change_number(slot, dice);
  }
}

std::optional<std::string> change_access(Slot& slot, Dice& dice) {
  constexpr std::uint8_t plain = 0x60;  // BPF_MEM
  if ((slot.opcode & 0xe0) != plain) return std::nullopt;
  const bool stores = (slot.opcode & 7) != ldx;
  switch (dice.below(4)) {
    case 0: {
      const std::int16_t before = slot.off;
      slot.off = static_cast<std::int16_t>(slot.off + (dice.below(2) == 0 ? 1 : -1));
      return fmt::format("offset {} becomes {}", before, slot.off);
    }
    case 1: {
      const std::uint8_t before = slot.opcode;
      slot.opcode = static_cast<std::uint8_t>((slot.opcode & ~0x18u) | dice.below(4) << 3);
      if (before == slot.opcode) return std::nullopt;
      return fmt::format("opcode {:#04x} becomes {:#04x}", before, slot.opcode);
    }
    case 2: return stores ? remove(slot) : std::nullopt;
    default:
      if ((slot.opcode & 7) == st) return change_number(slot, dice);
      return stores ? change_source(slot, dice) : std::nullopt;
  }
}

/// Is `at` the second half of a 16-byte insn?
bool is_second_half(std::span<const Slot> slots, std::size_t at) {
  for (std::size_t i = 0; i < at; ++i) {
    if (slots[i].opcode != lddw) continue;
    if (++i == at) return true;
  }
  return false;
}

}  // namespace

std::uint64_t Dice::below(std::uint64_t count) {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return (mixed ^ mixed >> 31) % count;
}

std::optional<std::string> mutate(std::vector<Slot>& slots, Dice& dice) {
  const std::size_t at = dice.below(slots.size());
  if (is_second_half(slots, at)) return std::nullopt;
  Slot& slot = slots[at];
  std::optional<std::string> change;
  switch (static_cast<Class>(slot.opcode & 7)) {
    case alu32:
    case alu64: change = change_arithmetic(slot, dice); break;
    case jmp:
    case jmp32: change = change_jump(slot, dice); break;
    case ldx:
    case st:
    case stx: change = change_access(slot, dice); break;
    case ld:
      if (slot.opcode == lddw && slot.src() == 0) change = change_number(slot, dice);
      break;
  }
  if (!change) return std::nullopt;
  return fmt::format("slot {} {}", at, *change);
}

}  // namespace probity::equiv
