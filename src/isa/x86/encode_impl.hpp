// SPDX-License-Identifier: Apache-2.0
// Prefixes, REX or VEX, opcode, ModRM, SIB (the head: literal bytes), then displacement and
// immediate (values). Intel's manual, volume 2, chapter 2. The decoder has the same two halves, and
// theorems/isa proves each pair: the head for all registers, the values for all numbers. Everything
// is inlined: with a constant row only the tests that depend on operands remain.
#pragma once

#include <type_traits>
#include <utility>

#include "isa/code.hpp"
#include "isa/x86/insn.hpp"

namespace probity::x86 {

/// The bytes of an instruction in front of its displacement and immediate: at most eight.
struct Head {
  std::uint64_t bytes = 0;
  unsigned size = 0;

  constexpr void add(unsigned byte) { bytes |= std::uint64_t{byte} << (8 * size++); }
};

constexpr unsigned number(Reg reg) {
  return static_cast<unsigned>(reg);
}
constexpr unsigned low3(Reg reg) {
  return number(reg) & 7u;
}
constexpr unsigned bit3(Reg reg) {
  return number(reg) >> 3;
}

/// spl, bpl, sil and dil: without a REX prefix their numbers mean ah, ch, dh and bh.
constexpr bool byte_needs_rex(Reg reg) {
  return number(reg) >= 4 && number(reg) < 8;
}

template <PathDomain D>
[[gnu::always_inline]] inline Mod shortest_mod(const Mem<D>& mem) {
  if (low3(mem.base) != no_base && decide(mem.disp == Bv<D, 32>::lit(0))) return Mod::no_disp;
  return decide(fits<8>(mem.disp)) ? Mod::disp8 : Mod::disp32;
}

/// The R, X and B bits that extend register numbers, as they stand in a REX prefix.
template <PathDomain D>
[[gnu::always_inline]] inline unsigned extensions(const Row& row, const Insn<D>& insn) {
  unsigned result = 0;
  if (row.has_reg) result |= bit3(insn.reg) << (row.opcode_field == OpcodeField::reg ? 0 : 2);
  if (!row.has_rm) return result;
  if (!insn.rm_is_mem) return result | bit3(insn.rm);
  if (insn.mem.index) result |= bit3(*insn.mem.index) << 1;
  return result | bit3(insn.mem.base);
}

/// The three bytes of a VEX prefix with L = 0; R, X, B and vvvv are inverted.
[[gnu::always_inline]] inline void add_vex(Head& head, const Row& row, unsigned rxb, Reg vvvv) {
  const unsigned pp = (row.prefixes & prefix::operand_size) != 0 ? 1
                      : (row.prefixes & prefix::rep) != 0        ? 2
                                                                 : 3;
  head.add(0xc4);
  head.add((rxb ^ 7u) << 5 | (row.map == Map::vex_0f38 ? 2u : 3u));
  head.add((row.wide ? 0x80u : 0u) | (number(vvvv) ^ 15u) << 3 | pp);
}

template <PathDomain D>
[[gnu::always_inline]] inline void add_prefixes(Head& head, const Row& row, const Insn<D>& insn) {
  const unsigned rxb = extensions(row, insn);
  if (row.vex()) return add_vex(head, row, rxb, row.has_vvvv ? insn.vvvv : Reg::rax);
  if ((row.prefixes & prefix::lock) != 0) head.add(0xf0);
  if ((row.prefixes & prefix::operand_size) != 0) head.add(0x66);
  if ((row.prefixes & prefix::repne) != 0) head.add(0xf2);
  if ((row.prefixes & prefix::rep) != 0) head.add(0xf3);
  const bool bytes = (row.byte_reg && byte_needs_rex(insn.reg)) ||
                     (row.byte_rm && !insn.rm_is_mem && byte_needs_rex(insn.rm));
  if (row.wide || rxb != 0 || bytes) head.add(0x40u | (row.wide ? 8u : 0u) | rxb);
  if (row.map == Map::two_byte) head.add(0x0f);
}

template <PathDomain D>
[[gnu::always_inline]] inline void add_opcode(Head& head, const Row& row, const Insn<D>& insn) {
  unsigned opcode = row.opcode;
  if (row.opcode_field == OpcodeField::reg) opcode |= low3(insn.reg);
  if (row.opcode_field == OpcodeField::cond) opcode |= static_cast<unsigned>(insn.cond);
  head.add(opcode);
}

[[gnu::always_inline]] inline void add_modrm(Head& head, Mod mod, unsigned reg, unsigned rm) {
  head.add(static_cast<unsigned>(mod) << 6 | reg << 3 | rm);
}

/// ModRM and SIB of a memory operand.
template <PathDomain D>
[[gnu::always_inline]] inline void add_mem(Head& head, Mod mod, unsigned reg, const Mem<D>& mem) {
  if (!mem.index && low3(mem.base) != sib_follows) return add_modrm(head, mod, reg, low3(mem.base));
  add_modrm(head, mod, reg, sib_follows);
  const unsigned index = mem.index ? low3(*mem.index) : no_index;
  head.add(unsigned{mem.scale_log2} << 6 | index << 3 | low3(mem.base));
}

/// Everything in front of the displacement: a function of registers and `mod` alone, which is
/// Mod::reg when there is no memory operand.
template <PathDomain D>
[[gnu::always_inline]] inline Head head_of(const Row& row, const Insn<D>& insn, Mod mod) {
  Head head;
  add_prefixes(head, row, insn);
  add_opcode(head, row, insn);
  const unsigned reg = row.modrm == ModRm::reg ? low3(insn.reg) : row.modrm_value;
  if (row.modrm == ModRm::fixed) head.add(row.modrm_value);
  if (!row.has_rm) return head;
  if (insn.rm_is_mem) {
    add_mem(head, mod, reg, insn.mem);
  } else {
    add_modrm(head, mod, reg, low3(insn.rm));
  }
  return head;
}

/// Displacement and immediate: a function of `mod` and the values alone.
template <PathDomain D>
[[gnu::always_inline]] inline void put_values(isa::Code<D>& code, const Row& row,
                                              const Insn<D>& insn, Mod mod) {
  if (mod == Mod::disp8) code.put(bits<7, 0>(insn.mem.disp));
  if (mod == Mod::disp32) code.put(insn.mem.disp);
  if (row.imm_bytes == 1) code.put(bits<7, 0>(insn.imm));
  if (row.imm_bytes == 2) code.put(bits<15, 0>(insn.imm));
  if (row.imm_bytes == 4) code.put(bits<31, 0>(insn.imm));
  if (row.imm_bytes == 8) code.put(insn.imm);
}

template <PathDomain D>
[[gnu::always_inline]] inline void put_inline(isa::Code<D>& code, const Row& row,
                                              const Insn<D>& insn) {
  const Mod mod = row.has_rm && insn.rm_is_mem ? shortest_mod(insn.mem) : Mod::reg;
  const Head head = head_of(row, insn, mod);
  code.put_literal(head.bytes, head.size);
  put_values(code, row, insn, mod);
}

template <PathDomain D>
void put(isa::Code<D>& code, const Row& row, const Insn<D>& insn) {
  put_inline(code, row, insn);
}

template <PathDomain D>
void put(isa::Code<D>& code, const Insn<D>& insn) {
  put_inline(code, row(insn.form), insn);
}

/// set<form, i>(insn, operand) stores the i-th explicit operand of a row; an operand of the wrong
/// type matches none of these.
template <Form form, std::size_t i, PathDomain D>
constexpr void set(Insn<D>& insn, Cond cond) {
  static_assert(row(form).operands[i].kind == OperandKind::cond, "the operand is no condition");
  insn.cond = cond;
}
template <Form form, std::size_t i, PathDomain D>
constexpr void set(Insn<D>& insn, Reg reg) {
  constexpr OperandKind kind = row(form).operands[i].kind;
  static_assert(kind == OperandKind::reg || kind == OperandKind::vvvv ||
                    (kind == OperandKind::rm && row(form).rm_may_be_reg),
                "the operand is no register");
  if constexpr (kind == OperandKind::reg)
    insn.reg = reg;
  else if constexpr (kind == OperandKind::vvvv)
    insn.vvvv = reg;
  else
    insn.rm = reg;
}
template <Form form, std::size_t i, PathDomain D>
constexpr void set(Insn<D>& insn, const Mem<D>& mem) {
  constexpr OperandKind kind = row(form).operands[i].kind;
  static_assert(kind == OperandKind::rm || kind == OperandKind::mem, "the operand is not memory");
  insn.rm_is_mem = true;
  insn.mem = mem;
}
template <Form form, std::size_t i, PathDomain D, unsigned W>
constexpr void set(Insn<D>& insn, Bv<D, W> imm) {
  constexpr Operand operand = row(form).operands[i];
  static_assert(operand.kind == OperandKind::imm || operand.kind == OperandKind::rel,
                "the operand is no immediate");
  static_assert(operand.width == W, "the immediate has another width");
  insn.imm = sext<64>(imm);
}

template <Form form, PathDomain D, typename... Operands>
[[gnu::always_inline]] inline void put(isa::Code<D>& code, const Operands&... operands) {
  static_assert(sizeof...(Operands) == row(form).explicit_count, "as many operands as the row has");
  Insn<D> insn;
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (set<form, i>(insn, operands), ...);
  }(std::index_sequence_for<Operands...>{});
  put_inline(code, row(form), insn);
}

}  // namespace probity::x86
