// SPDX-License-Identifier: Apache-2.0
// See random_cases.hpp.
#include "random_cases.hpp"

#include <array>

#include "isa/x86/semantics_impl.hpp"

namespace probity {

using x86::OperandKind;
using x86::Operation;
using x86::Reg;
using Word = Bv<Concrete, 64>;

std::uint64_t RandomCases::word() {
  static constexpr std::array<std::uint64_t, 14> corners = {0,
                                                            1,
                                                            2,
                                                            0x7f,
                                                            0x80,
                                                            0xff,
                                                            0x7fff,
                                                            0x8000,
                                                            0x7fffffff,
                                                            0x80000000,
                                                            0xffffffff,
                                                            0x7fffffffffffffff,
                                                            0x8000000000000000,
                                                            0xffffffffffffffff};
  switch (below(4)) {
    case 0: return corners[below(corners.size())];
    case 1: return engine_() >> below(64);
    case 2: return static_cast<std::uint64_t>(static_cast<std::int64_t>(engine_()) >> below(64));
    default: return engine_();
  }
}

/// An address with room for an access and a push on both sides.
std::uint64_t RandomCases::place() {
  const std::uint64_t at = window_.start + 64 + below(window_.size_bytes - 128);
  return below(2) == 0 ? at : at & ~std::uint64_t{7};
}

x86::Insn<Concrete> RandomCases::insn(x86::Form form) {
  const x86::Row& row = x86::row(form);
  x86::Insn<Concrete> insn;
  insn.form = form;
  if (row.opcode_field == x86::OpcodeField::cond) insn.cond = static_cast<x86::Cond>(below(16));
  if (row.has_reg) insn.reg = reg();
  if (row.has_vvvv) insn.vvvv = reg();
  if (row.has_rm) insn.rm_is_mem = !row.rm_may_be_reg || below(2) == 0;
  if (row.has_rm && !insn.rm_is_mem) insn.rm = reg();
  if (insn.rm_is_mem) {
    insn.mem.base = reg();
    const Reg index = reg();
    if (index != Reg::rsp && below(2) == 0) {
      insn.mem.index = index;
      insn.mem.scale_log2 = static_cast<std::uint8_t>(below(4));
    }
    if (below(4) != 0) {
      const std::uint64_t disp = below(2) == 0 ? below(256) - 128 : word();
      insn.mem.disp = Bv<Concrete, 32>::lit(disp);
    }
  }
  switch (row.imm_bytes) {
    case 1: insn.imm = sext<64>(Bv<Concrete, 8>::lit(word())); break;
    case 2: insn.imm = sext<64>(Bv<Concrete, 16>::lit(word())); break;
    case 4: insn.imm = sext<64>(Bv<Concrete, 32>::lit(word())); break;
    case 8: insn.imm = Word::lit(word()); break;
    default: break;
  }
  return insn;
}

/// Sets the base register so that the memory operand lies in the window; where the base is rsp,
/// which has to stay there, or the index as well, the displacement.
void RandomCases::aim(x86::Insn<Concrete>& insn, x86::State<Concrete>& state) {
  const Word goal = Word::lit(place());
  x86::Mem<Concrete>& mem = insn.mem;
  if (mem.base != Reg::rsp && mem.index != mem.base) {
    state.set_reg(mem.base, Word::lit(0));
    state.set_reg(mem.base, goal - x86::effective_address(mem, state));
    return;
  }
  if (mem.index) state.set_reg(*mem.index, Word::lit(below(std::uint64_t{1} << 24)));
  mem.disp = Bv<Concrete, 32>::lit(0);
  mem.disp = trunc<32>(goal - x86::effective_address(mem, state));
}

/// Random dividends nearly always overflow: mostly makes the upper half small.
void RandomCases::suit_division(const x86::Insn<Concrete>& insn, x86::State<Concrete>& state) {
  const Operation operation = x86::action(insn.form).operation;
  if (operation != Operation::div && operation != Operation::idiv) return;
  const std::uint64_t low = state.reg(Reg::rax).raw();
  const bool wide = x86::row(insn.form).wide;
  const std::uint64_t sign = static_cast<std::uint64_t>(
      wide ? static_cast<std::int64_t>(low) >> 63 : static_cast<std::int32_t>(low) >> 31);
  switch (below(4)) {
    case 0: state.set_reg(Reg::rdx, Word::lit(0)); break;
    case 1: state.set_reg(Reg::rdx, Word::lit(sign)); break;
    case 2: state.set_reg(Reg::rdx, Word::lit(below(1000) - 500)); break;
    default: break;
  }
}

x86::State<Concrete> RandomCases::state(x86::Insn<Concrete>& insn) {
  x86::State<Concrete> state;
  for (Word& value : state.gpr) value = Word::lit(word());
  state.cf = Bool<Concrete>::lit(below(2));
  state.pf = Bool<Concrete>::lit(below(2));
  state.zf = Bool<Concrete>::lit(below(2));
  state.sf = Bool<Concrete>::lit(below(2));
  state.of = Bool<Concrete>::lit(below(2));
  state.set_reg(Reg::rsp, Word::lit(place()));
  suit_division(insn, state);
  if (insn.rm_is_mem) aim(insn, state);
  return state;
}

}  // namespace probity
