// SPDX-License-Identifier: Apache-2.0
// Jumps (RFC 9669, section 4.3) and what they share: fuel and the way to the assist stub. RISC-V
// compares whole registers: JMP32 compares sign-extended copies, which order as their low halves
// do, signed and unsigned. Zero as immediate is the register x0; jset needs an `and` first (andi
// where the immediate fits). Jumps between instructions take the shortest form that reaches; jumps
// to the stubs always take the longest, so that only the former depend on the layout.
#pragma once

#include "jit/rv64/target.hpp"

namespace probity::jit::rv64 {

using bpf::JmpOp;

/// From what is emitted next to a label.
template <PathDomain D>
Bv<D, 64> Translator<D>::distance(Bv<D, 32> target) const {
  return zext<64>(target) - (zext<64>(here_) + Bv<D, 64>::lit(emit_.size() - start_));
}

template <PathDomain D>
void Translator<D>::jump_to(Bv<D, 32> target) {
  if (!emit_.jump(distance(target), t1)) reached_ = false;
}

template <PathDomain D>
void Translator<D>::jump_far(Bv<D, 32> target) {
  if (!emit_.jump_far(zero, distance(target), t1)) reached_ = false;
}

template <PathDomain D>
void Translator<D>::jump_if(Cond cond, Reg a, Reg b, Bv<D, 32> target) {
  if (!emit_.branch(cond, a, b, distance(target), t1)) reached_ = false;
}

/// One unit before a jump back; when none is left the runtime executes the jump.
template <PathDomain D>
void Translator<D>::take_fuel(const Input& in) {
  if (options_.fuel == Fuel::off || !in.back_edge) return;
  emit_.ld(t1, context_offset::fuel, context_reg);
  const Skip enough = emit_.skip_if(Cond::ne, t1, zero);
  assisted(in);
  emit_.land(enough);
  emit_.addi(t1, t1, -1);
  emit_.sd(t1, context_offset::fuel, context_reg);
}

template <PathDomain D>
void Translator<D>::jump(const Input& in) {
  take_fuel(in);
  jump_to(in.labels.target);
}

/// The branch for a comparison of two whole registers.
template <PathDomain D>
template <JmpOp op>
void Translator<D>::jump_if(Reg a, Reg b, const Input& in) {
  const Bv<D, 32> target = in.labels.target;
  if constexpr (op == JmpOp::jeq)
    jump_if(Cond::eq, a, b, target);
  else if constexpr (op == JmpOp::jne)
    jump_if(Cond::ne, a, b, target);
  else if constexpr (op == JmpOp::jgt)
    jump_if(Cond::ltu, b, a, target);
  else if constexpr (op == JmpOp::jge)
    jump_if(Cond::geu, a, b, target);
  else if constexpr (op == JmpOp::jlt)
    jump_if(Cond::ltu, a, b, target);
  else if constexpr (op == JmpOp::jle)
    jump_if(Cond::geu, b, a, target);
  else if constexpr (op == JmpOp::jsgt)
    jump_if(Cond::lt, b, a, target);
  else if constexpr (op == JmpOp::jsge)
    jump_if(Cond::ge, a, b, target);
  else if constexpr (op == JmpOp::jslt)
    jump_if(Cond::lt, a, b, target);
  else
    jump_if(Cond::ge, b, a, target);
}

/// Ends jset: some of the low W bits of `tested` is set.
template <PathDomain D>
template <unsigned W>
void Translator<D>::jump_if_bits(Reg tested, const Input& in) {
  if (W == 32) emit_.sext_w(tested, tested);
  jump_if(Cond::ne, tested, zero, in.labels.target);
}

template <PathDomain D>
template <JmpOp op, unsigned W>
void Translator<D>::branch_imm(Reg dst, const Input& in) {
  const Bv<D, 32> imm = in.immediates.imm;
  const bool plain = options_.blinding == Blinding::off;
  take_fuel(in);
  if constexpr (op == JmpOp::jset) {
    if (plain && fits_signed<12>(imm)) {
      emit_.andi(t1, dst, trunc<12>(imm));
      if (is_non_negative(imm)) return jump_if_bits<64>(t1, in);
    } else {
      load_imm(t1, imm, in);
      emit_.and_(t1, t1, dst);
    }
    jump_if_bits<W>(t1, in);
  } else {
    if (W == 32) emit_.sext_w(t2, dst);
    const Reg left = W == 32 ? t2 : dst;
    if (plain && is_zero(imm)) return jump_if<op>(left, zero, in);
    load_imm(t1, imm, in);
    jump_if<op>(left, t1, in);
  }
}

template <PathDomain D>
template <JmpOp op, unsigned W>
void Translator<D>::branch_reg(Reg dst, Reg src, const Input& in) {
  take_fuel(in);
  if constexpr (op == JmpOp::jset) {
    emit_.and_(t1, dst, src);
    jump_if_bits<W>(t1, in);
  } else if constexpr (W == 64) {
    jump_if<op>(dst, src, in);
  } else {
    emit_.sext_w(t1, dst);
    emit_.sext_w(t2, src);
    jump_if<op>(t1, t2, in);
  }
}

}  // namespace probity::jit::rv64
