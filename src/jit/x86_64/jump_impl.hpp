// SPDX-License-Identifier: Apache-2.0
// Jumps (RFC 9669, section 4.3). Labels are offsets from the start of the image; a displacement
// counts from the end of the machine's jump. Jumps between instructions take rel8 where the layout
// allows it; jumps to the stubs always take rel32, so that only the former depend on the layout.
#pragma once

#include "jit/x86_64/target.hpp"

namespace probity::jit::x86_64 {

using bpf::JmpOp;

/// The label of the next byte.
template <PathDomain D>
Bv<D, 32> Translator<D>::position() const {
  return here_ + Bv<D, 32>::lit(code_.size() - start_);
}

template <PathDomain D>
void Translator<D>::jump_to(Bv<D, 32> target) {
  const Bv<D, 32> distance = target - (position() + literal(2));
  if (decide(x86::fits<8>(distance)))
    emit<x86::Form::jmp_rel8>(trunc<8>(distance));
  else
    jump_far(target);
}

template <PathDomain D>
void Translator<D>::jump_if(Cond cond, Bv<D, 32> target) {
  const Bv<D, 32> distance = target - (position() + literal(2));
  if (decide(x86::fits<8>(distance)))
    emit<x86::Form::jcc_rel8>(cond, trunc<8>(distance));
  else
    jump_far_if(cond, target);
}

template <PathDomain D>
void Translator<D>::jump_far(Bv<D, 32> target) {
  emit<x86::Form::jmp_rel32>(target - (position() + literal(5)));
}

template <PathDomain D>
void Translator<D>::jump_far_if(Cond cond, Bv<D, 32> target) {
  emit<x86::Form::jcc_rel32>(cond, target - (position() + literal(6)));
}

/// A jump forward inside the sequence, to where land() is called.
template <PathDomain D>
auto Translator<D>::skip_if(Cond cond) -> Skip {
  emit<x86::Form::jcc_rel8>(cond, Bv<D, 8>::lit(0));
  return {code_.size()};
}

template <PathDomain D>
void Translator<D>::land(Skip skip) {
  code_.replace(skip.end - 1, Bv<D, 8>::lit(code_.size() - skip.end));
}

/// Pays for a back edge, or lets the runtime see that the fuel is used up.
template <PathDomain D>
void Translator<D>::take_fuel(const Input& in) {
  using enum x86::Form;
  if (options_.fuel == Fuel::off || !in.back_edge) return;
  emit<mov_r64_rm64>(r11, context(context_offset::fuel));
  emit<sub_rm64_imm8>(r11, Bv<D, 8>::lit(1));
  jump_far_if(Cond::b, go_cold(in));
  emit<mov_rm64_r64>(context(context_offset::fuel), r11);
}

template <PathDomain D>
void Translator<D>::jump(const Input& in) {
  take_fuel(in);
  jump_to(in.labels.target);
}

constexpr Cond condition(JmpOp op) {
  switch (op) {
    case JmpOp::jeq: return Cond::e;
    case JmpOp::jne:
    case JmpOp::jset: return Cond::ne;
    case JmpOp::jgt: return Cond::a;
    case JmpOp::jge: return Cond::ae;
    case JmpOp::jlt: return Cond::b;
    case JmpOp::jle: return Cond::be;
    case JmpOp::jsgt: return Cond::g;
    case JmpOp::jsge: return Cond::ge;
    case JmpOp::jslt: return Cond::l;
    case JmpOp::jsle: return Cond::le;
    case JmpOp::ja: break;
  }
  return Cond::o;  // ja has none
}

template <PathDomain D>
template <JmpOp op, unsigned W>
void Translator<D>::branch_reg(Reg dst, Reg src, const Input& in) {
  using enum x86::Form;
  take_fuel(in);
  if constexpr (op == JmpOp::jset)
    emit<W, test_rm32_r32, test_rm64_r64>(dst, src);
  else
    emit<W, cmp_rm32_r32, cmp_rm64_r64>(dst, src);
  jump_if(condition(op), in.labels.target);
}

template <PathDomain D>
template <JmpOp op, unsigned W>
void Translator<D>::branch_imm(Reg dst, const Input& in) {
  using enum x86::Form;
  take_fuel(in);
  if (options_.blinding == Blinding::on) {
    load_blinded(r9, in);
    if constexpr (op == JmpOp::jset)
      emit<W, test_rm32_r32, test_rm64_r64>(dst, r9);
    else
      emit<W, cmp_rm32_r32, cmp_rm64_r64>(dst, r9);
  } else if constexpr (op == JmpOp::jset) {
    test_imm<W>(dst, in.immediates.imm);
  } else {
    compare_imm<W>(dst, in.immediates.imm);
  }
  jump_if(condition(op), in.labels.target);
}

/// The flags of dst & imm as far as zero or not; a mask below 256 looks at one byte only.
template <PathDomain D>
template <unsigned W>
void Translator<D>::test_imm(Reg dst, Bv<D, 32> imm) {
  using enum x86::Form;
  if (decide(ult(imm, Bv<D, 32>::lit(256)))) {
    emit<test_rm8_imm8>(dst, trunc<8>(imm));
  } else if (W == 32 || is_non_negative(imm)) {
    emit<test_rm32_imm32>(dst, imm);
  } else {
    emit<test_rm64_imm32>(dst, imm);
  }
}

/// test dst, dst sets every flag as cmp dst, 0 does.
template <PathDomain D>
template <unsigned W>
void Translator<D>::compare_imm(Reg dst, Bv<D, 32> imm) {
  using enum x86::Form;
  if (is_equal(imm, 0)) {
    emit<W, test_rm32_r32, test_rm64_r64>(dst, dst);
  } else if (decide(x86::fits<8>(imm))) {
    emit<W, cmp_rm32_imm8, cmp_rm64_imm8>(dst, trunc<8>(imm));
  } else {
    emit<W, cmp_rm32_imm32, cmp_rm64_imm32>(dst, imm);
  }
}

}  // namespace probity::jit::x86_64
