// SPDX-License-Identifier: Apache-2.0
// The transfer functions of the Abstract domain, over a value domain (abstract_value.hpp): for each
// operation of bv_ops.def and each change of width, knowledge of the operands gives knowledge of
// the result. Where more precision is not worth its proof a result is known only when both operands
// are. Obligations `facts/…` say of each: whatever the operands contain, the result contains its
// outcome.
#pragma once

#include "domain/abstract_value.hpp"

namespace probity::abstract {

/// Bounds of the values from `first` upwards to `last`, wrapping around, when `fits` says that they
/// are not all.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> bounded(AbstractValue<D, W> a, Bool<D> fits, Bv<D, W> first,
                                      Bv<D, W> last) {
  const Bool<D> ordered = fits & ule(first, last);
  a.low = ite(ordered, first, a.low);
  a.high = ite(ordered, last, a.high);
  return a;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> signed_bounded(AbstractValue<D, W> a, Bool<D> fits, Bv<D, W> first,
                                             Bv<D, W> last) {
  const Bool<D> ordered = fits & sle(first, last);
  a.signed_low = ite(ordered, first, a.signed_low);
  a.signed_high = ite(ordered, last, a.signed_high);
  return a;
}

/// Does the sum of two distances between bounds stay below 2^W?
template <Domain D, unsigned W>
constexpr Bool<D> adds_without_carry(Bv<D, W> a, Bv<D, W> b) {
  return ule(a, a + b);
}

template <Domain D, unsigned W>
constexpr AbstractValue<D, W> known_bits(Bv<D, W> ones, Bv<D, W> unknown) {
  AbstractValue<D, W> result = AbstractValue<D, W>::any();
  result.ones = ones & ~unknown;
  result.zeros = ~ones & ~unknown;
  return result;
}

template <Domain D, unsigned W>
constexpr AbstractValue<D, W> add(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  const Bv<D, W> sum = a.ones + b.ones;
  const Bv<D, W> carries = sum ^ (sum + a.unknown() + b.unknown());
  AbstractValue<D, W> result = known_bits(sum, carries | a.unknown() | b.unknown());
  result = bounded(result, adds_without_carry(a.high - a.low, b.high - b.low), a.low + b.low,
                   a.high + b.high);
  return signed_bounded(
      result, adds_without_carry(a.signed_high - a.signed_low, b.signed_high - b.signed_low),
      a.signed_low + b.signed_low, a.signed_high + b.signed_high);
}

template <Domain D, unsigned W>
constexpr AbstractValue<D, W> sub(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  const Bv<D, W> difference = a.ones - b.ones;
  const Bv<D, W> borrows = (difference + a.unknown()) ^ (difference - b.unknown());
  AbstractValue<D, W> result = known_bits(difference, borrows | a.unknown() | b.unknown());
  result = bounded(result, adds_without_carry(a.high - a.low, b.high - b.low), a.low - b.high,
                   a.high - b.low);
  return signed_bounded(
      result, adds_without_carry(a.signed_high - a.signed_low, b.signed_high - b.signed_low),
      a.signed_low - b.signed_high, a.signed_high - b.signed_low);
}

template <Domain D, unsigned W>
constexpr AbstractValue<D, W> not_(const AbstractValue<D, W>& a) {
  return {a.ones, a.zeros, ~a.high, ~a.low, ~a.signed_high, ~a.signed_low};
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> neg(const AbstractValue<D, W>& a) {
  return sub(AbstractValue<D, W>::exactly(Bv<D, W>::lit(0)), a);
}

template <Domain D, unsigned W>
constexpr AbstractValue<D, W> and_(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  AbstractValue<D, W> result = AbstractValue<D, W>::any();
  result.zeros = a.zeros | b.zeros;
  result.ones = a.ones & b.ones;
  result.high = least(a.high, b.high);
  return result;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> or_(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  AbstractValue<D, W> result = AbstractValue<D, W>::any();
  result.zeros = a.zeros & b.zeros;
  result.ones = a.ones | b.ones;
  result.low = greatest(a.low, b.low);
  return result;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> xor_(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  AbstractValue<D, W> result = AbstractValue<D, W>::any();
  result.zeros = (a.zeros & b.zeros) | (a.ones & b.ones);
  result.ones = (a.zeros & b.ones) | (a.ones & b.zeros);
  return result;
}

/// Known bits of a shift by a known count; `moved` is what the shift makes of them.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> shifted_bits(const AbstractValue<D, W>& count, Bv<D, W> zeros,
                                           Bv<D, W> ones) {
  AbstractValue<D, W> result = AbstractValue<D, W>::any();
  result.zeros = ite(count.is_constant(), zeros, result.zeros);
  result.ones = ite(count.is_constant(), ones, result.ones);
  return result;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> shl(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  AbstractValue<D, W> result = shifted_bits(b, ~shl(~a.zeros, b.low), shl(a.ones, b.low));
  const Bool<D> fits = lshr(shl(a.high, b.high), b.high) == a.high;
  return bounded(result, fits, shl(a.low, b.low), shl(a.high, b.high));
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> lshr(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  AbstractValue<D, W> result = shifted_bits(b, ~lshr(~a.zeros, b.low), lshr(a.ones, b.low));
  result.low = lshr(a.low, b.high);
  result.high = lshr(a.high, b.low);
  return result;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> ashr(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  AbstractValue<D, W> result = shifted_bits(b, ashr(a.zeros, b.low), ashr(a.ones, b.low));
  result.signed_low = signed_least(ashr(a.signed_low, b.low), ashr(a.signed_low, b.high));
  result.signed_high = signed_greatest(ashr(a.signed_high, b.low), ashr(a.signed_high, b.high));
  return result;
}

/// One of the two, by a condition of the domain below.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> chosen(Bool<D> condition, const AbstractValue<D, W>& a,
                                     const AbstractValue<D, W>& b) {
  return {ite(condition, a.zeros, b.zeros),
          ite(condition, a.ones, b.ones),
          ite(condition, a.low, b.low),
          ite(condition, a.high, b.high),
          ite(condition, a.signed_low, b.signed_low),
          ite(condition, a.signed_high, b.signed_high)};
}

/// When both operands are known so is the result: what the operation makes of their bounds.
template <Domain D, unsigned W, unsigned R>
constexpr AbstractValue<D, R> folded(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b,
                                     Bv<D, R> of_bounds, const AbstractValue<D, R>& otherwise) {
  return chosen(a.is_constant() & b.is_constant(), AbstractValue<D, R>::exactly(of_bounds),
                otherwise);
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> udiv(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  AbstractValue<D, W> result = AbstractValue<D, W>::any();
  result.high = ite(b.low == Bv<D, W>::lit(0), result.high, a.high);
  return result;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> urem(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  AbstractValue<D, W> result = AbstractValue<D, W>::any();
  const Bv<D, W> largest = b.high - Bv<D, W>::lit(1);
  result.high = ite(b.low == Bv<D, W>::lit(0), a.high, least(a.high, largest));
  return result;
}

/// A relation of which it is known that it holds, or that it does not.
template <Domain D>
constexpr AbstractValue<D, 1> truth(Bool<D> holds, Bool<D> fails) {
  // As a signed number one bit is 0 or -1.
  return {fails, holds, holds, ~fails, ~fails, holds};
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, 1> eq(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  const Bv<D, W> differ = (a.zeros & b.ones) | (a.ones & b.zeros);
  const Bool<D> apart = ult(a.high, b.low) | ult(b.high, a.low) | slt(a.signed_high, b.signed_low) |
                        slt(b.signed_high, a.signed_low);
  return truth(a.is_constant() & b.is_constant() & (a.low == b.low),
               (differ != Bv<D, W>::lit(0)) | apart);
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, 1> ult(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  return truth(ult(a.high, b.low), ule(b.high, a.low));
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, 1> ule(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  return truth(ule(a.high, b.low), ult(b.high, a.low));
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, 1> slt(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  return truth(slt(a.signed_high, b.signed_low), sle(b.signed_high, a.signed_low));
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, 1> sle(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  return truth(sle(a.signed_high, b.signed_low), slt(b.signed_high, a.signed_low));
}

/// Of an operation with one operand.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> unary(Op op, const AbstractValue<D, W>& a) {
  return op == Op::neg ? neg(a) : not_(a);
}
/// Of an operation with two operands and a result of their width.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> binary(Op op, const AbstractValue<D, W>& a,
                                     const AbstractValue<D, W>& b) {
  switch (op) {
    case Op::add: return add(a, b);
    case Op::sub: return sub(a, b);
    case Op::and_: return and_(a, b);
    case Op::or_: return or_(a, b);
    case Op::xor_: return xor_(a, b);
    case Op::udiv: return udiv(a, b);
    case Op::urem: return urem(a, b);
    case Op::shl: return shl(a, b);
    case Op::lshr: return lshr(a, b);
    case Op::ashr: return ashr(a, b);
    case Op::mul:
    case Op::sdiv:
    case Op::srem:
    case Op::not_:
    case Op::neg:
    case Op::eq:
    case Op::ult:
    case Op::ule:
    case Op::slt:
    case Op::sle: break;
  }
  return AbstractValue<D, W>::any();
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, 1> relation(Op op, const AbstractValue<D, W>& a,
                                       const AbstractValue<D, W>& b) {
  switch (op) {
    case Op::eq: return eq(a, b);
    case Op::ult: return ult(a, b);
    case Op::ule: return ule(a, b);
    case Op::slt: return slt(a, b);
    case Op::sle: return sle(a, b);
    case Op::not_:
    case Op::neg:
    case Op::add:
    case Op::sub:
    case Op::and_:
    case Op::or_:
    case Op::xor_:
    case Op::udiv:
    case Op::urem:
    case Op::shl:
    case Op::lshr:
    case Op::ashr:
    case Op::mul:
    case Op::sdiv:
    case Op::srem: break;
  }
  return AbstractValue<D, 1>::any();
}

template <Domain D, unsigned W>
constexpr AbstractValue<D, W> join(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  return {a.zeros & b.zeros,
          a.ones & b.ones,
          least(a.low, b.low),
          greatest(a.high, b.high),
          signed_least(a.signed_low, b.signed_low),
          signed_greatest(a.signed_high, b.signed_high)};
}
/// What both say.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> meet(const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  return {a.zeros | b.zeros,
          a.ones | b.ones,
          greatest(a.low, b.low),
          least(a.high, b.high),
          signed_greatest(a.signed_low, b.signed_low),
          signed_least(a.signed_high, b.signed_high)};
}
/// If `condition` is 1 `a`, else `b`.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> ite(const AbstractValue<D, 1>& condition,
                                  const AbstractValue<D, W>& a, const AbstractValue<D, W>& b) {
  return chosen(condition.ones, a, chosen(condition.zeros, b, join(a, b)));
}

template <unsigned To, Domain D, unsigned W>
constexpr AbstractValue<D, To> zext(const AbstractValue<D, W>& a) {
  const Bv<D, To> above = ~zext<To>(~Bv<D, W>::lit(0));
  AbstractValue<D, To> result = AbstractValue<D, To>::any();
  result.zeros = zext<To>(a.zeros) | above;
  result.ones = zext<To>(a.ones);
  result.low = zext<To>(a.low);
  result.high = zext<To>(a.high);
  return result;
}
template <unsigned To, Domain D, unsigned W>
constexpr AbstractValue<D, To> sext(const AbstractValue<D, W>& a) {
  AbstractValue<D, To> result = AbstractValue<D, To>::any();
  result.zeros = sext<To>(a.zeros);
  result.ones = sext<To>(a.ones);
  result.signed_low = sext<To>(a.signed_low);
  result.signed_high = sext<To>(a.signed_high);
  return result;
}
/// `To` bits from bit `low` on.
template <unsigned To, Domain D, unsigned W>
constexpr AbstractValue<D, To> extract(const AbstractValue<D, W>& a, unsigned low) {
  const Bv<D, W> by = Bv<D, W>::lit(low);
  const auto part = [&](Bv<D, W> word) { return trunc<To>(lshr(word, by)); };
  AbstractValue<D, To> result = AbstractValue<D, To>::any();
  result.zeros = part(a.zeros);
  result.ones = part(a.ones);
  const Bv<D, W> first = lshr(a.low, by), last = lshr(a.high, by);
  // Bounds with the same bits above the part are bounds of the part.
  const Bool<D> same_above = lshr(first, Bv<D, W>::lit(To)) == lshr(last, Bv<D, W>::lit(To));
  result.low = ite(same_above, trunc<To>(first), result.low);
  result.high = ite(same_above, trunc<To>(last), result.high);
  return result;
}
template <Domain D, unsigned H, unsigned L>
constexpr AbstractValue<D, H + L> concat(const AbstractValue<D, H>& high,
                                         const AbstractValue<D, L>& low) {
  return {concat(high.zeros, low.zeros),    concat(high.ones, low.ones),
          concat(high.low, low.low),        concat(high.high, low.high),
          concat(high.signed_low, low.low), concat(high.signed_high, low.high)};
}

/// `next` or more, `before` being what it grew from: bounds go to the next of a few, so that a loop
/// ends soon.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> widened(const AbstractValue<D, W>& before,
                                      const AbstractValue<D, W>& next) {
  AbstractValue<D, W> result = next;
  Bv<D, W> high = ~Bv<D, W>::lit(0);
  Bv<D, W> signed_high = ~AbstractValue<D, W>::sign();
  for (const unsigned width : {W - 1, 32u, 31u, 16u, 8u}) {
    if (width >= W) continue;
    const Bv<D, W> step = Bv<D, W>::lit((std::uint64_t{1} << width) - 1);
    high = ite(ule(next.high, step), step, high);
    if (width < W - 1) signed_high = ite(sle(next.signed_high, step), step, signed_high);
  }
  const Bv<D, W> zero = Bv<D, W>::lit(0);
  // Zeros above all other bits only restate the bound.
  result.zeros =
      ite(next.high == before.high, next.zeros, next.zeros & (filled(~next.zeros) | ~high));
  result.low = ite(next.low == before.low, next.low, zero);
  result.high = ite(next.high == before.high, next.high, high);
  result.signed_low = ite(next.signed_low == before.signed_low, next.signed_low,
                          ite(sle(zero, next.signed_low), zero, AbstractValue<D, W>::sign()));
  result.signed_high = ite(next.signed_high == before.signed_high, next.signed_high, signed_high);
  return result;
}

}  // namespace probity::abstract
