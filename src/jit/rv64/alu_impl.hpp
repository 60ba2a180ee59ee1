// SPDX-License-Identifier: Apache-2.0
// ALU, MOVSX, byte swaps and constants (RFC 9669, sections 4.1, 4.2, 5.4). RISC-V's 32-bit
// instructions sign-extend where eBPF zero-extends: two shifts follow (add.uw with Zba) unless the
// result cannot be negative or its upper half is dead. Division agrees except that a quotient by
// zero is -1 instead of 0; shift counts are taken modulo the width, as eBPF does.
#pragma once

#include "jit/rv64/target.hpp"

namespace probity::jit::rv64 {

using bpf::AluOp;
using Form = riscv::Form;

constexpr bool is_shift(AluOp op) {
  return op == AluOp::lsh || op == AluOp::rsh || op == AluOp::arsh;
}
constexpr bool is_quotient(AluOp op) {
  return op == AluOp::div || op == AluOp::sdiv;
}
constexpr bool is_division(AluOp op) {
  return is_quotient(op) || op == AluOp::mod || op == AluOp::smod;
}

/// Sign-extended to 64 bits, `imm` has its upper half zero.
template <PathDomain D>
bool is_non_negative(Bv<D, 32> imm) {
  return decide(~bits<31, 31>(imm));
}
template <PathDomain D, unsigned W>
bool is_zero(Bv<D, W> imm) {
  return decide(imm == Bv<D, W>::lit(0));
}

/// dst = imm, sign-extended, by way of the key; uses t6. How long that is tells nothing of either.
template <PathDomain D>
void Translator<D>::load_blinded(Reg dst, Bv<D, 32> imm, const Input& in) {
  emit_.load_fixed(dst, imm ^ in.blinding);
  emit_.load_fixed(t6, in.blinding);
  emit_.xor_(dst, dst, t6);
}

/// dst = imm, sign-extended, in few forms: jumps have many by themselves.
template <PathDomain D>
void Translator<D>::load_imm(Reg dst, Bv<D, 32> imm, const Input& in) {
  if (options_.blinding == Blinding::on)
    load_blinded(dst, imm, in);
  else if (fits_signed<12>(imm))
    emit_.addi(dst, zero, trunc<12>(imm));
  else
    emit_.load_fixed(dst, imm);
}

/// Ends an operation of width W whose result may be negative.
template <PathDomain D>
template <unsigned W>
void Translator<D>::zero_upper(Reg dst, const Input& in) {
  if (W == 32 && !in.upper_dead) emit_.zext_w(dst, dst);
}

template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::alu_imm(Reg dst, const Input& in) {
  if constexpr (is_shift(op)) {
    shift_imm<op, W>(dst, in);
  } else if (options_.blinding == Blinding::on) {
    load_blinded(t1, in.immediates.imm, in);
    alu_reg<op, W>(dst, t1, in);
  } else if constexpr (op == AluOp::mov) {
    move_imm<W>(dst, in);
  } else if constexpr (op == AluOp::mul) {
    emit_.load_constant(t1, in.immediates.imm);
    alu_reg<op, W>(dst, t1, in);
  } else if constexpr (is_division(op)) {
    divide_imm<op, W>(dst, in);
  } else if constexpr (op == AluOp::add || op == AluOp::sub) {
    add_imm<op, W>(dst, in);
  } else {
    arithmetic_imm<op, W>(dst, in);
  }
}

template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::alu_reg(Reg dst, Reg src, const Input& in) {
  constexpr bool is64 = W == 64;
  if constexpr (op == AluOp::mov) {
    if (is64 || in.upper_dead)
      emit_.mv(dst, src);
    else
      emit_.zext_w(dst, src);
    return;
  } else if constexpr (is_division(op)) {
    divide_reg<op, W>(dst, src);
  } else if constexpr (op == AluOp::add) {
    is64 ? emit_.add(dst, dst, src) : emit_.addw(dst, dst, src);
  } else if constexpr (op == AluOp::sub) {
    is64 ? emit_.sub(dst, dst, src) : emit_.subw(dst, dst, src);
  } else if constexpr (op == AluOp::mul) {
    emit_.template plain<is64 ? Form::mul : Form::mulw>(dst, dst, src);
  } else if constexpr (op == AluOp::or_) {
    emit_.or_(dst, dst, src);
  } else if constexpr (op == AluOp::and_) {
    emit_.and_(dst, dst, src);
  } else if constexpr (op == AluOp::xor_) {
    emit_.xor_(dst, dst, src);
  } else if constexpr (op == AluOp::lsh) {
    emit_.template plain<is64 ? Form::sll : Form::sllw>(dst, dst, src);
  } else if constexpr (op == AluOp::rsh) {
    emit_.template plain<is64 ? Form::srl : Form::srlw>(dst, dst, src);
  } else {
    static_assert(op == AluOp::arsh);
    emit_.template plain<is64 ? Form::sra : Form::sraw>(dst, dst, src);
  }
  zero_upper<W>(dst, in);
}

/// A constant of 32 bits is zero-extended as a constant of 64 bits.
template <PathDomain D>
template <unsigned W>
void Translator<D>::move_imm(Reg dst, const Input& in) {
  const Bv<D, 32> imm = in.immediates.imm;
  if (W == 64 || in.upper_dead)
    emit_.load_constant(dst, imm);
  else
    emit_.load_constant(dst, zext<64>(imm), t1);
}

/// Subtraction adds -imm where that fits; -(-2^31) is -2^31 again, which does not.
template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::add_imm(Reg dst, const Input& in) {
  const Bv<D, 32> imm = op == AluOp::add ? in.immediates.imm : -in.immediates.imm;
  if (!fits_signed<12>(imm)) {
    emit_.load_constant(t1, in.immediates.imm);
    alu_reg<op, W>(dst, t1, in);
  } else if (W == 32) {
    emit_.addiw(dst, dst, trunc<12>(imm));
    zero_upper<W>(dst, in);
  } else if (!is_zero(imm)) {
    emit_.addi(dst, dst, trunc<12>(imm));
  }
}

template <PathDomain D>
template <AluOp op>
void Translator<D>::arithmetic_imm12(Reg dst, Bv<D, 12> imm) {
  if constexpr (op == AluOp::or_) {
    emit_.ori(dst, dst, imm);
  } else if constexpr (op == AluOp::and_) {
    emit_.andi(dst, dst, imm);
  } else {
    static_assert(op == AluOp::xor_);
    emit_.xori(dst, dst, imm);
  }
}

/// A mask that is not negative clears the upper half.
template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::arithmetic_imm(Reg dst, const Input& in) {
  const Bv<D, 32> imm = in.immediates.imm;
  if (fits_signed<12>(imm)) {
    arithmetic_imm12<op>(dst, trunc<12>(imm));
    const bool cleared = op == AluOp::and_ && W == 32 && is_non_negative(imm);
    if (!cleared) zero_upper<W>(dst, in);
  } else {
    emit_.load_constant(t1, imm);
    alu_reg<op, W>(dst, t1, in);
  }
}

template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::shift_imm(Reg dst, const Input& in) {
  constexpr unsigned count_bits = W == 64 ? 6 : 5;
  const Bv<D, count_bits> count = trunc<count_bits>(in.immediates.imm);
  if (is_zero(count)) {
    zero_upper<W>(dst, in);
  } else if constexpr (W == 64) {
    if constexpr (op == AluOp::lsh)
      emit_.slli(dst, dst, count);
    else if constexpr (op == AluOp::rsh)
      emit_.srli(dst, dst, count);
    else
      emit_.srai(dst, dst, count);
  } else if constexpr (op == AluOp::lsh) {
    if (in.upper_dead) return emit_.slli(dst, dst, zext<6>(count));
    emit_.slli(dst, dst, concat(Bv<D, 1>::lit(1), count));  // to the top and back
    emit_.srli(dst, dst, 32);
  } else if constexpr (op == AluOp::rsh) {
    emit_.template shift_word<Form::srliw>(dst, dst, count);  // not negative
  } else {
    emit_.template shift_word<Form::sraiw>(dst, dst, count);
    zero_upper<W>(dst, in);
  }
}

/// Only a divisor of zero has a result of its own; all others go to the machine.
template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::divide_imm(Reg dst, const Input& in) {
  const Bv<D, 32> imm = in.immediates.imm;
  if (!is_zero(imm)) {
    emit_.load_constant(t1, imm);
    emit_.template divide<op, W>(dst, t1);
    zero_upper<W>(dst, in);
  } else if (is_quotient(op)) {
    emit_.load_constant(dst, literal(0));
  } else {
    zero_upper<W>(dst, in);
  }
}

/// A quotient by zero is -1: whether the divisor is zero is added to it. That is computed first,
/// for dst may be src.
template <PathDomain D>
template <AluOp op, unsigned W>
void Translator<D>::divide_reg(Reg dst, Reg src) {
  if constexpr (is_quotient(op)) {
    if (W == 32) emit_.sext_w(t2, src);
    emit_.sltiu(t2, W == 32 ? t2 : src, 1);
    emit_.template divide<op, W>(dst, src);
    if (W == 32)
      emit_.addw(dst, dst, t2);
    else
      emit_.add(dst, dst, t2);
  } else {
    emit_.template divide<op, W>(dst, src);
  }
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::negate(Reg dst, const Input& in) {
  if (W == 64)
    emit_.sub(dst, zero, dst);
  else
    emit_.subw(dst, zero, dst);
  zero_upper<W>(dst, in);
}

template <PathDomain D>
template <unsigned From, unsigned W>
void Translator<D>::movsx(Reg dst, Reg src, const Input& in) {
  if constexpr (From == 32) {
    emit_.sext_w(dst, src);
  } else if (W == 64 || in.upper_dead) {
    emit_.slli(dst, src, 64 - From);
    emit_.srai(dst, dst, 64 - From);
  } else {
    emit_.slli(dst, src, 64 - From);
    emit_.srai(dst, dst, 32 - From);  // the result of 32 bits, in the upper half
    emit_.srli(dst, dst, 32);
  }
}

/// to_le only truncates: the machine is little-endian.
template <PathDomain D>
template <bpf::SwapOp op, unsigned W>
void Translator<D>::byte_swap(Reg dst, const Input& in) {
  if constexpr (op == bpf::SwapOp::to_le) {
    if constexpr (W == 16)
      emit_.zext_h(dst, dst);
    else
      zero_upper<W>(dst, in);
  } else if (emit_.has(feature::rv_zbb)) {
    emit_.rev8(dst, dst);
    if (W != 64) emit_.srli(dst, dst, 64 - W);
  } else {
    reverse_bytes<W>(dst);
  }
}

/// Without rev8: neighbouring bytes change places, then pairs, then halves.
template <PathDomain D>
template <unsigned W>
void Translator<D>::reverse_bytes(Reg dst) {
  if constexpr (W == 16) {
    emit_.slli(t1, dst, 56);
    emit_.srli(t1, t1, 48);  // the low byte, up
    emit_.slli(dst, dst, 48);
    emit_.srli(dst, dst, 56);  // the high byte, down
    emit_.or_(dst, dst, t1);
  } else if constexpr (W == 32) {
    emit_.load_constant(t2, literal(0x00ff'00ff));
    swap_pairs(dst, 8, t2);
    swap_halves(dst, 32);
  } else {
    emit_.load_constant(t2, Bv<D, 64>::lit(0x00ff'00ff'00ff'00ff), t1);
    swap_pairs(dst, 8, t2);
    emit_.load_constant(t2, Bv<D, 64>::lit(0x0000'ffff'0000'ffff), t1);
    swap_pairs(dst, 16, t2);
    swap_halves(dst, 64);
  }
}

/// What `mask` covers changes places with what lies `distance` bits above it; the rest is zero.
template <PathDomain D>
void Translator<D>::swap_pairs(Reg dst, unsigned distance, Reg mask) {
  emit_.srli(t1, dst, distance);
  emit_.and_(t1, t1, mask);
  emit_.and_(dst, dst, mask);
  emit_.slli(dst, dst, distance);
  emit_.or_(dst, dst, t1);
}

/// The halves of the low `width` bits; all above are zero.
template <PathDomain D>
void Translator<D>::swap_halves(Reg dst, unsigned width) {
  emit_.slli(t1, dst, 64 - width / 2);
  if (width != 64) emit_.srli(t1, t1, 64 - width);
  emit_.srli(dst, dst, width / 2);
  emit_.or_(dst, dst, t1);
}

/// Blinded, the value is built from two halves that the code does not hold.
template <PathDomain D>
void Translator<D>::load_imm64(Reg dst, const Input& in) {
  const Bv<D, 64> value = concat(in.immediates.next_imm, in.immediates.imm);
  if (options_.blinding == Blinding::off) {
    emit_.load_constant(dst, value, t1);
    return;
  }
  load_blinded(t1, trunc<32>(value), in);
  load_blinded(dst, bits<63, 32>(value) + zext<32>(bits<31, 31>(value)), in);
  emit_.slli(dst, dst, 32);
  emit_.add(dst, dst, t1);
}

}  // namespace probity::jit::rv64
