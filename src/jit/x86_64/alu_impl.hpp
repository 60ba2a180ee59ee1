// SPDX-License-Identifier: Apache-2.0
// ALU, MOVSX, byte swaps and constants (RFC 9669, sections 4.1, 4.2, 5.4). A 32-bit instruction of
// x86-64 zeroes the upper half of its destination, as eBPF wants; flags never outlive a sequence,
// so any form may set them. Blinded immediates never appear in the code: they are loaded through
// r9.
#pragma once

#include "jit/x86_64/target.hpp"

namespace probity::jit::x86_64 {

using bpf::AluOp;

/// The forms of an operation on two registers, or a register and an immediate.
struct ArithmeticForms {
  x86::Form reg32, reg64, imm8_32, imm8_64, imm32_32, imm32_64;
};
constexpr ArithmeticForms arithmetic_forms(AluOp op) {
  using enum x86::Form;
  constexpr ArithmeticForms add{add_rm32_r32,  add_rm64_r64,   add_rm32_imm8,
                                add_rm64_imm8, add_rm32_imm32, add_rm64_imm32};
  constexpr ArithmeticForms sub{sub_rm32_r32,  sub_rm64_r64,   sub_rm32_imm8,
                                sub_rm64_imm8, sub_rm32_imm32, sub_rm64_imm32};
  constexpr ArithmeticForms or_{or_rm32_r32,  or_rm64_r64,   or_rm32_imm8,
                                or_rm64_imm8, or_rm32_imm32, or_rm64_imm32};
  constexpr ArithmeticForms and_{and_rm32_r32,  and_rm64_r64,   and_rm32_imm8,
                                 and_rm64_imm8, and_rm32_imm32, and_rm64_imm32};
  constexpr ArithmeticForms xor_{xor_rm32_r32,  xor_rm64_r64,   xor_rm32_imm8,
                                 xor_rm64_imm8, xor_rm32_imm32, xor_rm64_imm32};
  return op == AluOp::add    ? add
         : op == AluOp::sub  ? sub
         : op == AluOp::or_  ? or_
         : op == AluOp::and_ ? and_
                             : xor_;
}

/// The forms of a shift: by one, by an immediate, by cl, and by any register (BMI2).
struct ShiftForms {
  x86::Form one32, one64, imm32, imm64, cl32, cl64, reg32, reg64;
};
constexpr ShiftForms shift_forms(AluOp op) {
  using enum x86::Form;
  constexpr ShiftForms lsh{shl_rm32_1,  shl_rm64_1,  shl_rm32_imm8,     shl_rm64_imm8,
                           shl_rm32_cl, shl_rm64_cl, shlx_r32_rm32_r32, shlx_r64_rm64_r64};
  constexpr ShiftForms rsh{shr_rm32_1,  shr_rm64_1,  shr_rm32_imm8,     shr_rm64_imm8,
                           shr_rm32_cl, shr_rm64_cl, shrx_r32_rm32_r32, shrx_r64_rm64_r64};
  constexpr ShiftForms arsh{sar_rm32_1,  sar_rm64_1,  sar_rm32_imm8,     sar_rm64_imm8,
                            sar_rm32_cl, sar_rm64_cl, sarx_r32_rm32_r32, sarx_r64_rm64_r64};
  return op == AluOp::lsh ? lsh : op == AluOp::rsh ? rsh : arsh;
}

constexpr bool is_shift(AluOp op) {
  return op == AluOp::lsh || op == AluOp::rsh || op == AluOp::arsh;
}
constexpr bool is_quotient(AluOp op) {
  return op == AluOp::div || op == AluOp::sdiv;
}
constexpr bool is_signed_division(AluOp op) {
  return op == AluOp::sdiv || op == AluOp::smod;
}
constexpr bool is_division(AluOp op) {
  return is_quotient(op) || op == AluOp::mod || op == AluOp::smod;
}

/// Sign-extended to 64 bits, `imm` has its upper half zero.
template <PathDomain D>
bool is_non_negative(Bv<D, 32> imm) {
  return decide(~bits<31, 31>(imm));
}
template <PathDomain D>
bool is_equal(Bv<D, 32> imm, std::uint32_t value) {
  return decide(imm == Bv<D, 32>::lit(value));
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::move(Reg dst, Reg src) {
  if (W == 64 && dst == src) return;
  emit<W, x86::Form::mov_rm32_r32, x86::Form::mov_rm64_r64>(dst, src);
}

/// dst = imm, sign-extended to W bits and then zero-extended.
template <PathDomain D>
template <unsigned W>
void Translator<D>::move_imm(Reg dst, Bv<D, 32> imm) {
  if (is_equal(imm, 0)) {
    emit<x86::Form::xor_rm32_r32>(dst, dst);
  } else if (W == 32 || is_non_negative(imm)) {
    emit<x86::Form::mov_r32_imm32>(dst, imm);
  } else {
    emit<x86::Form::mov_rm64_imm32>(dst, imm);
  }
}

/// dst = the immediate, sign-extended, by way of the key.
template <PathDomain D>
void Translator<D>::load_blinded(Reg dst, const Input& in) {
  emit<x86::Form::mov_rm64_imm32>(dst, in.immediates.imm ^ in.blinding);
  emit<x86::Form::xor_rm64_imm32>(dst, in.blinding);
}

template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::alu_imm(Reg dst, const Input& in) {
  const Bv<D, 32> imm = in.immediates.imm;
  if constexpr (is_shift(op)) {
    shift_imm<op, W>(dst, imm);
  } else if (options_.blinding == Blinding::on) {
    load_blinded(r9, in);
    alu_reg<op, W>(dst, r9, in);
  } else if constexpr (op == AluOp::mov) {
    move_imm<W>(dst, imm);
  } else if constexpr (op == AluOp::mul) {
    multiply_imm<W>(dst, imm);
  } else if constexpr (is_division(op)) {
    divide_imm<op, W>(dst, imm);
  } else if constexpr (op == AluOp::and_) {
    and_imm<W>(dst, imm);
  } else {
    arithmetic_imm<op, W>(dst, imm);
  }
}

template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::alu_reg(Reg dst, Reg src, const Input&) {
  if constexpr (op == AluOp::mov) {
    move<W>(dst, src);
  } else if constexpr (op == AluOp::mul) {
    emit<W, x86::Form::imul_r32_rm32, x86::Form::imul_r64_rm64>(dst, src);
  } else if constexpr (is_shift(op)) {
    shift_reg<op, W>(dst, src);
  } else if constexpr (is_division(op)) {
    divide_reg<op, W>(dst, src);
  } else {
    constexpr ArithmeticForms forms = arithmetic_forms(op);
    emit<W, forms.reg32, forms.reg64>(dst, src);
  }
}

/// The smallest of op r/m, imm8 and op r/m, imm32.
template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::arithmetic_imm(Reg dst, Bv<D, 32> imm) {
  constexpr ArithmeticForms forms = arithmetic_forms(op);
  if (decide(x86::fits<8>(imm))) {
    emit<W, forms.imm8_32, forms.imm8_64>(dst, trunc<8>(imm));
  } else {
    emit<W, forms.imm32_32, forms.imm32_64>(dst, imm);
  }
}

/// Byte and word masks are zero extensions; a mask that is not negative clears the upper half.
template <PathDomain D>
template <unsigned W>
void Translator<D>::and_imm(Reg dst, Bv<D, 32> imm) {
  if (is_equal(imm, 0xff)) {
    emit<x86::Form::movzx_r32_rm8>(dst, dst);
  } else if (is_equal(imm, 0xffff)) {
    emit<x86::Form::movzx_r32_rm16>(dst, dst);
  } else if (W == 32 || is_non_negative(imm)) {
    arithmetic_imm<AluOp::and_, 32>(dst, imm);
  } else {
    arithmetic_imm<AluOp::and_, 64>(dst, imm);
  }
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::multiply_imm(Reg dst, Bv<D, 32> imm) {
  using enum x86::Form;
  if (decide(x86::fits<8>(imm))) {
    emit<W, imul_r32_rm32_imm8, imul_r64_rm64_imm8>(dst, dst, trunc<8>(imm));
  } else {
    emit<W, imul_r32_rm32_imm32, imul_r64_rm64_imm32>(dst, dst, imm);
  }
}

template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::shift_imm(Reg dst, Bv<D, 32> imm) {
  constexpr ShiftForms forms = shift_forms(op);
  const Bv<D, 8> count = trunc<8>(imm) & Bv<D, 8>::lit(W - 1);
  if (decide(count == Bv<D, 8>::lit(0))) {
    move<W>(dst, dst);
  } else if (decide(count == Bv<D, 8>::lit(1))) {
    emit<W, forms.one32, forms.one64>(dst);
  } else {
    emit<W, forms.imm32, forms.imm64>(dst, count);
  }
}

/// The machine takes the count modulo the width, as eBPF does. Without BMI2 it must be in cl, which
/// is r4: r11 keeps r4, or is shifted in its place.
template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::shift_reg(Reg dst, Reg src) {
  constexpr ShiftForms forms = shift_forms(op);
  if ((options_.features & feature::x86_bmi2) != 0) {
    emit<W, forms.reg32, forms.reg64>(dst, dst, src);
  } else if (src == rcx) {
    emit<W, forms.cl32, forms.cl64>(dst);
  } else {
    move<64>(r11, rcx);
    move<64>(rcx, src);
    emit<W, forms.cl32, forms.cl64>(dst == rcx ? r11 : dst);
    move<64>(rcx, r11);
  }
}

/// Where the value of a register is while rax and rdx serve a division.
constexpr Reg kept(Reg reg) {
  return reg == rax ? r10 : reg == rdx ? r11 : reg;
}
template <AluOp op>
constexpr Reg division_result = is_quotient(op) ? rax : rdx;

template <PathDomain D>
void Translator<D>::begin_division() {
  move<64>(r10, rax);
  move<64>(r11, rdx);
}

/// Neither divisor 0 nor, in signed forms, -1.
template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::divide_plain(Reg dst, Reg divisor) {
  using enum x86::Form;
  move<W>(rax, kept(dst));
  if constexpr (is_signed_division(op)) {
    emit<W, cdq, cqo>();
    emit<W, idiv_rm32, idiv_rm64>(divisor);
  } else {
    emit<xor_rm32_r32>(rdx, rdx);
    emit<W, div_rm32, div_rm64>(divisor);
  }
}

template <PathDomain D>
template <AluOp op>
void Translator<D>::end_division(Reg dst) {
  move<64>(dst, division_result<op>);
  if (dst != rax) move<64>(rax, r10);
  if (dst != rdx) move<64>(rdx, r11);
}

/// Divisors 0, 1 and -1 (of signed forms) need no division.
template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::divide_imm(Reg dst, Bv<D, 32> imm) {
  using enum x86::Form;
  constexpr bool quotient = is_quotient(op);
  if (is_equal(imm, quotient ? 0 : 1)) {
    emit<xor_rm32_r32>(dst, dst);
  } else if (is_equal(imm, quotient ? 1 : 0)) {
    move<W>(dst, dst);
  } else if (is_signed_division(op) && is_equal(imm, 0xffff'ffff)) {
    if (quotient)
      emit<W, neg_rm32, neg_rm64>(dst);
    else
      emit<xor_rm32_r32>(dst, dst);
  } else {
    begin_division();
    move_imm<W>(r9, imm);
    divide_plain<op, W>(dst, r9);
    end_division<op>(dst);
  }
}

/// Before each test the result register holds what is right if the test succeeds: x / 0 = 0,
/// x % 0 = x, x / -1 = -x, x % -1 = 0.
template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::divide_reg(Reg dst, Reg src) {
  using enum x86::Form;
  const Reg divisor = kept(src);
  begin_division();
  if (is_quotient(op))
    emit<xor_rm32_r32>(rax, rax);
  else
    move<W>(rdx, kept(dst));
  emit<W, test_rm32_r32, test_rm64_r64>(divisor, divisor);
  const Skip by_zero = skip_if(Cond::e);
  if constexpr (is_signed_division(op)) {
    if (is_quotient(op)) move<W>(rax, kept(dst));
    if (is_quotient(op))
      emit<W, neg_rm32, neg_rm64>(rax);
    else
      emit<xor_rm32_r32>(rdx, rdx);
    emit<W, cmp_rm32_imm8, cmp_rm64_imm8>(divisor, Bv<D, 8>::lit(0xff));
    const Skip by_minus_one = skip_if(Cond::e);
    divide_plain<op, W>(dst, divisor);
    land(by_minus_one);
  } else {
    divide_plain<op, W>(dst, divisor);
  }
  land(by_zero);
  end_division<op>(dst);
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::negate(Reg dst, const Input&) {
  emit<W, x86::Form::neg_rm32, x86::Form::neg_rm64>(dst);
}

template <PathDomain D>
template <unsigned From, unsigned W>
void Translator<D>::movsx(Reg dst, Reg src, const Input&) {
  using enum x86::Form;
  if constexpr (From == 8)
    emit<W, movsx_r32_rm8, movsx_r64_rm8>(dst, src);
  else if constexpr (From == 16)
    emit<W, movsx_r32_rm16, movsx_r64_rm16>(dst, src);
  else
    emit<movsxd_r64_rm32>(dst, src);
}

/// The machine is little-endian: to_le only truncates.
template <PathDomain D>
template <bpf::SwapOp op, unsigned W>
void Translator<D>::byte_swap(Reg dst, const Input&) {
  using enum x86::Form;
  if constexpr (op == bpf::SwapOp::to_le) {
    if constexpr (W == 16)
      emit<movzx_r32_rm16>(dst, dst);
    else
      move<W>(dst, dst);
  } else if constexpr (W == 16) {
    emit<bswap_r32>(dst);
    emit<shr_rm32_imm8>(dst, Bv<D, 8>::lit(16));
  } else {
    emit<W, bswap_r32, bswap_r64>(dst);
  }
}

template <PathDomain D>
void Translator<D>::load_imm64(Reg dst, const Input& in) {
  using enum x86::Form;
  const auto& [off, low, high] = in.immediates;
  if (options_.blinding == Blinding::on) {
    const Bv<D, 64> key = concat(in.blinding, in.blinding);
    emit<mov_r64_imm64>(dst, concat(high, low) ^ key);
    emit<mov_r64_imm64>(r9, key);
    emit<xor_rm64_r64>(dst, r9);
  } else if (is_equal(high, 0) && is_equal(low, 0)) {
    emit<xor_rm32_r32>(dst, dst);
  } else if (is_equal(high, 0)) {
    emit<mov_r32_imm32>(dst, low);
  } else if (is_equal(high, 0xffff'ffff) && !is_non_negative(low)) {
    emit<mov_rm64_imm32>(dst, low);
  } else {
    emit<mov_r64_imm64>(dst, concat(high, low));
  }
}

}  // namespace probity::jit::x86_64
