// SPDX-License-Identifier: Apache-2.0
// Bodies of semantics.hpp. Chapters are those of the Instruction Set Manual, Volume I (20240411).
// SMT-LIB's division by zero gives what RISC-V wants except for the signed quotient, which is -1.
#pragma once

#include "isa/riscv/semantics.hpp"

#define PROBITY_MEANING [[gnu::always_inline]] constexpr

namespace probity::riscv {

namespace detail {

template <Domain D>
constexpr Reg expanded_reg(Source source, const Insn<D>& insn) {
  switch (source.field) {
    case Field::rd: return insn.rd;
    case Field::rs1: return insn.rs1;
    case Field::rs2: return insn.rs2;
    case Field::fixed:
    case Field::imm:
    case Field::order:
    case Field::pred:
    case Field::succ: return static_cast<Reg>(source.value);
  }
  return Reg::zero;
}

/// The upper half of the product of two unsigned numbers, from four half-width products.
template <Domain D, unsigned W>
constexpr Bv<D, W> mul_high_unsigned(Bv<D, W> a, Bv<D, W> b) {
  constexpr unsigned half = W / 2;
  const Bv<D, W> a_low = zext<W>(bits<half - 1, 0>(a)), a_high = zext<W>(bits<W - 1, half>(a));
  const Bv<D, W> b_low = zext<W>(bits<half - 1, 0>(b)), b_high = zext<W>(bits<W - 1, half>(b));
  const auto upper = [](Bv<D, W> word) { return zext<W>(bits<W - 1, half>(word)); };
  const auto lower = [](Bv<D, W> word) { return zext<W>(bits<half - 1, 0>(word)); };
  const Bv<D, W> first = a_low * b_high + upper(a_low * b_low);
  const Bv<D, W> second = a_high * b_low + lower(first);
  return a_high * b_high + upper(first) + upper(second);
}

/// `value` where the sign bit of `a` is set, else 0.
template <Domain D, unsigned W>
constexpr Bv<D, W> where_negative(Bv<D, W> a, Bv<D, W> value) {
  return ite(bits<W - 1, W - 1>(a), value, Bv<D, W>::lit(0));
}

/// The number of zeros from one end up to the first one.
enum class End : std::uint8_t { high, low };
template <End from, unsigned R, Domain D, unsigned W>
constexpr Bv<D, R> zeros(Bv<D, W> a) {
  if constexpr (W == 1) {
    return zext<R>(~a);
  } else {
    const auto high = bits<W - 1, W / 2>(a), low = bits<W / 2 - 1, 0>(a);
    const auto near = from == End::high ? high : low, far = from == End::high ? low : high;
    return ite(near == Bv<D, W / 2>::lit(0), Bv<D, R>::lit(W / 2) + zeros<from, R>(far),
               zeros<from, R>(near));
  }
}
template <unsigned R, Domain D, unsigned W>
constexpr Bv<D, R> ones(Bv<D, W> a) {
  if constexpr (W == 1)
    return zext<R>(a);
  else
    return ones<R>(bits<W - 1, W / 2>(a)) + ones<R>(bits<W / 2 - 1, 0>(a));
}

template <Domain D, unsigned W>
constexpr Bv<D, W> reverse_bytes(Bv<D, W> a) {
  if constexpr (W == 8)
    return a;
  else
    return concat(reverse_bytes(bits<W / 2 - 1, 0>(a)), reverse_bytes(bits<W - 1, W / 2>(a)));
}
/// Each byte all ones where it is not zero.
template <Domain D, unsigned W>
constexpr Bv<D, W> or_combine(Bv<D, W> a) {
  if constexpr (W == 8)
    return ite(a == Bv<D, 8>::lit(0), a, Bv<D, 8>::lit(0xff));
  else
    return concat(or_combine(bits<W - 1, W / 2>(a)), or_combine(bits<W / 2 - 1, 0>(a)));
}

template <Domain D, unsigned W>
constexpr Bv<D, W> rotate_left(Bv<D, W> a, Bv<D, W> count) {
  const Bv<D, W> back = -count & Bv<D, W>::lit(W - 1);
  return shl(a, count) | lshr(a, back);
}

template <Domain D, unsigned W>
constexpr Bv<D, W> low_word(Bv<D, W> a) {
  return zext<W>(trunc<32>(a));
}
template <Domain D, unsigned W>
constexpr Bv<D, W> shifted_left(Bv<D, W> a, unsigned count) {
  return shl(a, Bv<D, W>::lit(count));
}

}  // namespace detail

template <Domain D>
PROBITY_MEANING Insn<D> expand(const Insn<D>& insn) {
  if (row(insn.form).meaning != Meaning::compressed) return insn;
  const Expansion& e = row(insn.form).expansion;
  Insn<D> full;
  full.form = e.form;
  full.rd = detail::expanded_reg(e.rd, insn);
  full.rs1 = detail::expanded_reg(e.rs1, insn);
  full.rs2 = detail::expanded_reg(e.rs2, insn);
  if (e.imm.field == Field::imm) full.imm = insn.imm;
  full.length = insn.length;
  return full;
}

template <Domain D, unsigned W>
PROBITY_MEANING Bv<D, W> alu(AluOp op, Bv<D, W> a, Bv<D, W> b) {
  using Word = Bv<D, W>;
  const Word count = b & Word::lit(W - 1);
  switch (op) {
    case AluOp::add: return a + b;
    case AluOp::sub: return a - b;
    case AluOp::sll: return shl(a, count);
    case AluOp::slt: return zext<W>(slt(a, b));
    case AluOp::sltu: return zext<W>(ult(a, b));
    case AluOp::xor_: return a ^ b;
    case AluOp::srl: return lshr(a, count);
    case AluOp::sra: return ashr(a, count);
    case AluOp::or_: return a | b;
    case AluOp::and_: return a & b;
    case AluOp::mul: return a * b;
    case AluOp::mulh:
      return detail::mul_high_unsigned(a, b) - detail::where_negative(a, b) -
             detail::where_negative(b, a);
    case AluOp::mulhsu: return detail::mul_high_unsigned(a, b) - detail::where_negative(a, b);
    case AluOp::mulhu: return detail::mul_high_unsigned(a, b);
    case AluOp::div: return ite(b == Word::lit(0), ~Word::lit(0), sdiv(a, b));
    case AluOp::divu: return udiv(a, b);
    case AluOp::rem: return srem(a, b);
    case AluOp::remu: return urem(a, b);
    case AluOp::add_uw: return detail::low_word(a) + b;
    case AluOp::sh1add: return detail::shifted_left(a, 1) + b;
    case AluOp::sh2add: return detail::shifted_left(a, 2) + b;
    case AluOp::sh3add: return detail::shifted_left(a, 3) + b;
    case AluOp::sh1add_uw: return detail::shifted_left(detail::low_word(a), 1) + b;
    case AluOp::sh2add_uw: return detail::shifted_left(detail::low_word(a), 2) + b;
    case AluOp::sh3add_uw: return detail::shifted_left(detail::low_word(a), 3) + b;
    case AluOp::slli_uw: return shl(detail::low_word(a), count);
    case AluOp::andn: return a & ~b;
    case AluOp::orn: return a | ~b;
    case AluOp::xnor: return ~(a ^ b);
    case AluOp::clz: return detail::zeros<detail::End::high, W>(a);
    case AluOp::ctz: return detail::zeros<detail::End::low, W>(a);
    case AluOp::cpop: return detail::ones<W>(a);
    case AluOp::max: return ite(slt(a, b), b, a);
    case AluOp::maxu: return ite(ult(a, b), b, a);
    case AluOp::min: return ite(slt(a, b), a, b);
    case AluOp::minu: return ite(ult(a, b), a, b);
    case AluOp::sext_b: return sext<W>(trunc<8>(a));
    case AluOp::sext_h: return sext<W>(trunc<16>(a));
    case AluOp::zext_h: return zext<W>(trunc<16>(a));
    case AluOp::rol: return detail::rotate_left(a, count);
    case AluOp::ror: return detail::rotate_left(a, -count & Word::lit(W - 1));
    case AluOp::orc_b: return detail::or_combine(a);
    case AluOp::rev8: return detail::reverse_bytes(a);
  }
  return a;
}

template <Domain D>
PROBITY_MEANING Bool<D> compare(BranchOp op, Bv<D, 64> a, Bv<D, 64> b) {
  switch (op) {
    case BranchOp::beq: return a == b;
    case BranchOp::bne: return a != b;
    case BranchOp::blt: return slt(a, b);
    case BranchOp::bge: return sle(b, a);
    case BranchOp::bltu: return ult(a, b);
    case BranchOp::bgeu: return ule(b, a);
  }
  return a == b;
}

template <Domain D, unsigned W>
PROBITY_MEANING Bv<D, W> amo_update(AmoOp op, Bv<D, W> old, Bv<D, W> operand) {
  switch (op) {
    case AmoOp::swap: return operand;
    case AmoOp::add: return old + operand;
    case AmoOp::xor_: return old ^ operand;
    case AmoOp::and_: return old & operand;
    case AmoOp::or_: return old | operand;
    case AmoOp::min: return ite(slt(old, operand), old, operand);
    case AmoOp::max: return ite(slt(old, operand), operand, old);
    case AmoOp::minu: return ite(ult(old, operand), old, operand);
    case AmoOp::maxu: return ite(ult(old, operand), operand, old);
  }
  return operand;
}

namespace detail {

/// Chapters 2, 4, 12 and 28: operations of width 32 work on the low words and sign-extend.
template <Domain D>
PROBITY_MEANING void alu_insn(const Insn<D>& insn, State<D>& state) {
  const Row& r = row(insn.form);
  const AluOp op = static_cast<AluOp>(r.operation);
  const Bv<D, 64> a = state.reg(insn.rs1);
  const Bv<D, 64> b = r.format.imm_width != 0 ? insn.imm : state.reg(insn.rs2);
  state.set_reg(insn.rd,
                r.width == 64 ? alu(op, a, b) : sext<64>(alu(op, trunc<32>(a), trunc<32>(b))));
}

template <unsigned W, Domain D, typename World>
PROBITY_MEANING Bv<D, 64> loaded(LoadOp op, Bv<D, 64> address, World& world) {
  const Bv<D, W> value = world.template load<W>(address, isa::Order::relaxed);
  return op == LoadOp::sign ? sext<64>(value) : zext<64>(value);
}
template <Domain D, typename World>
PROBITY_MEANING void load_insn(const Insn<D>& insn, State<D>& state, World& world) {
  const Row& r = row(insn.form);
  const LoadOp op = static_cast<LoadOp>(r.operation);
  const Bv<D, 64> address = state.reg(insn.rs1) + insn.imm;
  switch (r.width) {
    case 8: state.set_reg(insn.rd, loaded<8>(op, address, world)); return;
    case 16: state.set_reg(insn.rd, loaded<16>(op, address, world)); return;
    case 32: state.set_reg(insn.rd, loaded<32>(op, address, world)); return;
    default: state.set_reg(insn.rd, loaded<64>(op, address, world)); return;
  }
}

template <Domain D, typename World>
PROBITY_MEANING void store_insn(const Insn<D>& insn, State<D>& state, World& world) {
  const Bv<D, 64> address = state.reg(insn.rs1) + insn.imm;
  const Bv<D, 64> value = state.reg(insn.rs2);
  switch (row(insn.form).width) {
    case 8: world.template store<8>(address, trunc<8>(value), isa::Order::relaxed); return;
    case 16: world.template store<16>(address, trunc<16>(value), isa::Order::relaxed); return;
    case 32: world.template store<32>(address, trunc<32>(value), isa::Order::relaxed); return;
    default: world.template store<64>(address, value, isa::Order::relaxed); return;
  }
}

/// Chapter 13. Words are sign-extended; sc gives 0 where it stored.
template <unsigned W, Domain D, typename World>
PROBITY_MEANING void atomic_insn(const Insn<D>& insn, State<D>& state, World& world) {
  const Row& r = row(insn.form);
  const Bv<D, 64> address = state.reg(insn.rs1);
  const Bv<D, W> operand = trunc<W>(state.reg(insn.rs2));
  if (r.meaning == Meaning::load_reserved) {
    const Bv<D, W> value = world.template load_reserved<W>(address, insn.order);
    state.set_reg(insn.rd, sext<64>(value));
  } else if (r.meaning == Meaning::store_conditional) {
    const Bool<D> stored = world.template store_conditional<W>(address, operand, insn.order);
    state.set_reg(insn.rd, zext<64>(~stored));
  } else {
    const AmoOp op = static_cast<AmoOp>(r.operation);
    const Bv<D, W> old = world.template atomic<W>(
        address, [&](Bv<D, W> value) { return amo_update(op, value, operand); }, insn.order);
    state.set_reg(insn.rd, sext<64>(old));
  }
}

/// Section 2.7. Device accesses (the sets' i and o) are not modelled.
constexpr isa::Fence fence(std::uint8_t pred, std::uint8_t succ) {
  return {(pred & 2) != 0, (pred & 1) != 0, (succ & 2) != 0, (succ & 1) != 0};
}

}  // namespace detail

template <Domain D, typename World>
PROBITY_MEANING Bv<D, 64> execute(const Insn<D>& given, State<D>& state, Bv<D, 64> pc,
                                  World& world) {
  const Insn<D> insn = expand(given);
  const Row& r = row(insn.form);
  const Bv<D, 64> next = pc + Bv<D, 64>::lit(insn.length);
  switch (r.meaning) {
    case Meaning::lui: state.set_reg(insn.rd, insn.imm); return next;
    case Meaning::auipc: state.set_reg(insn.rd, pc + insn.imm); return next;
    case Meaning::jal: state.set_reg(insn.rd, next); return pc + insn.imm;
    case Meaning::jalr: {
      const Bv<D, 64> target = (state.reg(insn.rs1) + insn.imm) & ~Bv<D, 64>::lit(1);
      state.set_reg(insn.rd, next);
      return target;
    }
    case Meaning::branch: {
      const Bool<D> taken =
          compare(static_cast<BranchOp>(r.operation), state.reg(insn.rs1), state.reg(insn.rs2));
      return ite(taken, pc + insn.imm, next);
    }
    case Meaning::load: detail::load_insn(insn, state, world); return next;
    case Meaning::store: detail::store_insn(insn, state, world); return next;
    case Meaning::alu: detail::alu_insn(insn, state); return next;
    case Meaning::fence: world.fence(detail::fence(insn.pred, insn.succ)); return next;
    case Meaning::trap: world.trap(); return pc;
    case Meaning::load_reserved:
    case Meaning::store_conditional:
    case Meaning::amo:
      if (r.width == 64)
        detail::atomic_insn<64>(insn, state, world);
      else
        detail::atomic_insn<32>(insn, state, world);
      return next;
    case Meaning::compressed: break;  // expand() leaves none
  }
  return next;
}

}  // namespace probity::riscv

#undef PROBITY_MEANING
