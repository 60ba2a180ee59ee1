// SPDX-License-Identifier: Apache-2.0
// What each RISC-V instruction means (Instruction Set Manual, Volume I), once, over a value domain:
// the emulator and the proofs instantiate this text. execute() never branches on data. A compressed
// instruction means its expansion in insn.def and nothing else. The World is isa/machine.hpp's;
// ecall and ebreak are its trap(), after which the pc is still theirs. Not modelled: misaligned
// accesses are the world's business, instruction addresses are taken modulo 2 only where the manual
// says so (jalr), and there are no control and status registers.
#pragma once

#include <array>

#include "isa/riscv/insn.hpp"

namespace probity::riscv {

template <Domain D>
class State {
 public:
  Bv<D, 64> reg(Reg reg) const {
    return reg == Reg::zero ? Bv<D, 64>::lit(0) : registers_[number(reg)];
  }
  void set_reg(Reg reg, Bv<D, 64> value) {
    if (reg != Reg::zero) registers_[number(reg)] = value;
  }

 private:
  std::array<Bv<D, 64>, reg_count> registers_{};
};

/// The instruction that a compressed one stands for, with the compressed one's length; others are
/// themselves.
template <Domain D>
constexpr Insn<D> expand(const Insn<D>& insn);

/// a op b on W = 32 or 64 bits; shift counts are taken modulo W, operations of one operand ignore
/// b.
template <Domain D, unsigned W>
constexpr Bv<D, W> alu(AluOp op, Bv<D, W> a, Bv<D, W> b);

template <Domain D>
constexpr Bool<D> compare(BranchOp op, Bv<D, 64> a, Bv<D, 64> b);

/// The new memory value of an atomic operation.
template <Domain D, unsigned W>
constexpr Bv<D, W> amo_update(AmoOp op, Bv<D, W> old, Bv<D, W> operand);

/// Executes one instruction at `pc`; gives the next pc.
template <Domain D, typename World>
constexpr Bv<D, 64> execute(const Insn<D>& insn, State<D>& state, Bv<D, 64> pc, World& world);

}  // namespace probity::riscv
