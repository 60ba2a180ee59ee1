// SPDX-License-Identifier: Apache-2.0
// AbstractValue: what is certain of a number of W bits, over a value domain: over Concrete it is
// what the Abstract domain computes with, over terms it is any such knowledge, and theorems/facts
// proves that the transfer functions keep to contains(). Known bits are two masks (tristate
// numbers: Vishwanathan, Shachnai, Narayana and Nagarakatte, "Sound, precise, and fast abstract
// interpretation with tristate numbers", 2022); bounds are unsigned and signed.
#pragma once

#include "domain/bv.hpp"

namespace probity::abstract {

template <Domain D, unsigned W>
struct AbstractValue {
  Bv<D, W> zeros;  ///< bits that are 0
  Bv<D, W> ones;   ///< bits that are 1
  Bv<D, W> low;    ///< unsigned
  Bv<D, W> high;
  Bv<D, W> signed_low;
  Bv<D, W> signed_high;

  static constexpr Bv<D, W> sign() { return Bv<D, W>::lit(std::uint64_t{1} << (W - 1)); }
  static constexpr AbstractValue any() {
    const Bv<D, W> none = Bv<D, W>::lit(0);
    return {none, none, none, ~none, sign(), ~sign()};
  }
  static constexpr AbstractValue exactly(Bv<D, W> value) {
    return {~value, value, value, value, value, value};
  }
  constexpr Bv<D, W> unknown() const { return ~(zeros | ones); }
  constexpr Bool<D> is_constant() const { return low == high; }
};

// Each part of what membership means; their conjunction is contains().
template <Domain D, unsigned W>
constexpr Bool<D> agrees_with_zeros(const AbstractValue<D, W>& a, Bv<D, W> value) {
  return (a.zeros & value) == Bv<D, W>::lit(0);
}
template <Domain D, unsigned W>
constexpr Bool<D> agrees_with_ones(const AbstractValue<D, W>& a, Bv<D, W> value) {
  return (a.ones & ~value) == Bv<D, W>::lit(0);
}
template <Domain D, unsigned W>
constexpr Bool<D> is_in_bounds(const AbstractValue<D, W>& a, Bv<D, W> value) {
  return ule(a.low, value) & ule(value, a.high);
}
template <Domain D, unsigned W>
constexpr Bool<D> is_in_signed_bounds(const AbstractValue<D, W>& a, Bv<D, W> value) {
  return sle(a.signed_low, value) & sle(value, a.signed_high);
}
template <Domain D, unsigned W>
constexpr Bool<D> contains(const AbstractValue<D, W>& a, Bv<D, W> value) {
  return agrees_with_zeros(a, value) & agrees_with_ones(a, value) & is_in_bounds(a, value) &
         is_in_signed_bounds(a, value);
}

/// No part contradicts itself. What is not well-formed contains nothing.
template <Domain D, unsigned W>
constexpr Bool<D> is_well_formed(const AbstractValue<D, W>& a) {
  return ((a.zeros & a.ones) == Bv<D, W>::lit(0)) & ule(a.low, a.high) &
         sle(a.signed_low, a.signed_high);
}

template <Domain D, unsigned W>
constexpr Bv<D, W> least(Bv<D, W> a, Bv<D, W> b) {
  return ite(ult(b, a), b, a);
}
template <Domain D, unsigned W>
constexpr Bv<D, W> greatest(Bv<D, W> a, Bv<D, W> b) {
  return ite(ult(a, b), b, a);
}
template <Domain D, unsigned W>
constexpr Bv<D, W> signed_least(Bv<D, W> a, Bv<D, W> b) {
  return ite(slt(b, a), b, a);
}
template <Domain D, unsigned W>
constexpr Bv<D, W> signed_greatest(Bv<D, W> a, Bv<D, W> b) {
  return ite(slt(a, b), b, a);
}

/// Every bit below the highest one of `a` and that one.
template <Domain D, unsigned W>
constexpr Bv<D, W> filled(Bv<D, W> a) {
  for (unsigned by = 1; by < W; by *= 2) a = a | lshr(a, Bv<D, W>::lit(by));
  return a;
}

/// The same knowledge, in one of its parts also what another part says. Each of these keeps all
/// values.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> bits_from_bounds(AbstractValue<D, W> a) {
  const Bv<D, W> common = ~filled(a.low ^ a.high);
  a.ones = a.ones | (a.low & common);
  a.zeros = a.zeros | (~a.low & common);
  return a;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> bounds_from_bits(AbstractValue<D, W> a) {
  const Bv<D, W> open_sign = a.unknown() & a.sign();
  a.low = greatest(a.low, a.ones);
  a.high = least(a.high, ~a.zeros);
  a.signed_low = signed_greatest(a.signed_low, a.ones | open_sign);
  a.signed_high = signed_least(a.signed_high, ~a.zeros & ~open_sign);
  return a;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> signed_from_unsigned(AbstractValue<D, W> a) {
  const Bool<D> one_sign = sle(a.low, a.high);
  a.signed_low = ite(one_sign, signed_greatest(a.signed_low, a.low), a.signed_low);
  a.signed_high = ite(one_sign, signed_least(a.signed_high, a.high), a.signed_high);
  return a;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> unsigned_from_signed(AbstractValue<D, W> a) {
  const Bool<D> one_sign = ule(a.signed_low, a.signed_high);
  a.low = ite(one_sign, greatest(a.low, a.signed_low), a.low);
  a.high = ite(one_sign, least(a.high, a.signed_high), a.high);
  return a;
}
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> normalised(const AbstractValue<D, W>& a) {
  return signed_from_unsigned(bounds_from_bits(bits_from_bounds(unsigned_from_signed(a))));
}

}  // namespace probity::abstract
