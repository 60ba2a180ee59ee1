// SPDX-License-Identifier: Apache-2.0
// What a comparison that is known to hold says of its operands, over a value domain
// (abstract_value.hpp). Obligations `facts/if-…` say of each: operands that were contained and
// compare so are contained in the results. When nothing compares so, a result contradicts itself.
#pragma once

#include "domain/abstract_ops.hpp"

namespace probity::abstract {

template <Domain D, unsigned W>
struct Operands {
  AbstractValue<D, W> a;
  AbstractValue<D, W> b;
};

template <Domain D, unsigned W>
constexpr Operands<D, W> if_ult(const Operands<D, W>& old) {
  Operands<D, W> o = old;
  const Bv<D, W> one = Bv<D, W>::lit(1);
  o.a.high = least(old.a.high, old.b.high - one);
  o.b.low = greatest(old.b.low, old.a.low + one);
  return o;
}
template <Domain D, unsigned W>
constexpr Operands<D, W> if_ule(const Operands<D, W>& old) {
  Operands<D, W> o = old;
  o.a.high = least(old.a.high, old.b.high);
  o.b.low = greatest(old.b.low, old.a.low);
  return o;
}
template <Domain D, unsigned W>
constexpr Operands<D, W> if_slt(const Operands<D, W>& old) {
  Operands<D, W> o = old;
  const Bv<D, W> one = Bv<D, W>::lit(1);
  o.a.signed_high = signed_least(old.a.signed_high, old.b.signed_high - one);
  o.b.signed_low = signed_greatest(old.b.signed_low, old.a.signed_low + one);
  return o;
}
template <Domain D, unsigned W>
constexpr Operands<D, W> if_sle(const Operands<D, W>& old) {
  Operands<D, W> o = old;
  o.a.signed_high = signed_least(old.a.signed_high, old.b.signed_high);
  o.b.signed_low = signed_greatest(old.b.signed_low, old.a.signed_low);
  return o;
}
template <Domain D, unsigned W>
constexpr Operands<D, W> if_eq(const Operands<D, W>& o) {
  const AbstractValue<D, W> both = meet(o.a, o.b);
  return {both, both};
}

/// A bound that is the number which the value is not is one off.
template <Domain D, unsigned W>
constexpr AbstractValue<D, W> without(AbstractValue<D, W> a, Bool<D> known, Bv<D, W> number) {
  const Bv<D, W> one = Bv<D, W>::lit(1);
  a.low = ite(known & (a.low == number), a.low + one, a.low);
  a.high = ite(known & (a.high == number), a.high - one, a.high);
  a.signed_low = ite(known & (a.signed_low == number), a.signed_low + one, a.signed_low);
  a.signed_high = ite(known & (a.signed_high == number), a.signed_high - one, a.signed_high);
  return a;
}
template <Domain D, unsigned W>
constexpr Operands<D, W> if_ne(const Operands<D, W>& o) {
  return {without(o.a, o.b.is_constant(), o.b.low), without(o.b, o.a.is_constant(), o.a.low)};
}

/// a & b is not 0: a bit that is the only one that b can have is in both.
template <Domain D, unsigned W>
constexpr Operands<D, W> if_common(const Operands<D, W>& old) {
  Operands<D, W> o = old;
  const Bv<D, W> one = Bv<D, W>::lit(1), none = Bv<D, W>::lit(0);
  const auto only = [&](const AbstractValue<D, W>& of) {
    const Bv<D, W> possible = ~of.zeros;
    return ite((possible & (possible - one)) == none, possible, none);
  };
  const Bv<D, W> bits = only(o.a) | only(o.b);
  o.a.ones = o.a.ones | bits;
  o.b.ones = o.b.ones | bits;
  return o;
}
/// a & b is 0.
template <Domain D, unsigned W>
constexpr Operands<D, W> if_disjoint(const Operands<D, W>& old) {
  Operands<D, W> o = old;
  o.a.zeros = old.a.zeros | old.b.ones;
  o.b.zeros = old.b.zeros | old.a.ones;
  return o;
}

/// `a` when its low half is contained in `part`.
template <Domain D>
constexpr AbstractValue<D, 64> with_low_half(AbstractValue<D, 64> a,
                                             const AbstractValue<D, 32>& part) {
  const Bv<D, 32> above = bits<63, 32>(a.low);
  const Bool<D> same_above = above == bits<63, 32>(a.high);
  a.zeros = a.zeros | zext<64>(part.zeros);
  a.ones = a.ones | zext<64>(part.ones);
  a.low = ite(same_above, greatest(a.low, concat(above, part.low)), a.low);
  a.high = ite(same_above, least(a.high, concat(above, part.high)), a.high);
  return a;
}

}  // namespace probity::abstract
