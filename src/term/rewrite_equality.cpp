// SPDX-License-Identifier: Apache-2.0
// Equalities: fields against constants fall apart into their bytes, sums cancel, and with
// `difference_equality` x + c = y + d is x - y = d - c, so that all offsets of two addresses share
// one subtraction.
#include <tuple>

#include "term/rewriter.hpp"

namespace probity::term {
namespace {

/// The inverse of an odd number modulo 2^128 (Newton: each step doubles the correct low bits).
Value inverse_of_odd(Value odd) {
  Value inverse = odd;
  for (unsigned correct_bits = 3; correct_bits < 128; correct_bits *= 2) {
    inverse *= Value{2} - odd * inverse;
  }
  return inverse;
}

unsigned trailing_zeros(Value value) {
  unsigned count = 0;
  while ((value >> count & 1) == 0) ++count;
  return count;
}

}  // namespace

/// coefficient * atom + constant = 0, for a coefficient other than 0.
std::optional<Id> Rewriter::eq_monomial(Id atom, Value coefficient, Value constant) {
  const unsigned total = width(atom);
  const unsigned shift = trailing_zeros(coefficient);
  const Value target = Value{0} - constant;
  // 2^s * k * x = l -> false, where l is no multiple of 2^s
  if ((target & mask<Value>(shift)) != 0 && shift != 0) return false_();
  // 2^s * k * x = l -> x[w-1-s:0] = (l >> s) / k, for odd k
  const Value reduced = (target & mask<Value>(total)) >> shift;
  const Value solution = reduced * inverse_of_odd(coefficient >> shift);
  return eq(low_part(atom, total - shift), lit(total - shift, solution));
}

std::optional<Id> Rewriter::eq_literal(Id a, Value constant) {
  const unsigned total = width(a);
  // x = k -> false, where x is never k
  const Interval range = bounds(a);
  if (constant < range.low || constant > range.high) return false_();
  // ~x = k -> x = ~k
  if (is(a, Kind::not_)) return eq(arg(a, 0), lit(total, ~constant));
  // x ^ l = k -> x = k ^ l; x ^ y = 0 -> x = y
  if (is(a, Kind::xor_)) {
    if (is_lit(arg(a, 1))) return eq(arg(a, 0), lit(total, value(arg(a, 1)) ^ constant));
    if (constant == 0) return eq(arg(a, 0), arg(a, 1));
  }
  // (c ? l : x) = k -> c ? l = k : x = k, for a literal arm
  if (is(a, Kind::ite) && (is_lit(arg(a, 1)) || is_lit(arg(a, 2)))) {
    const Id k = lit(total, constant);
    return ite(arg(a, 0), eq(arg(a, 1), k), eq(arg(a, 2), k));
  }
  return std::nullopt;
}

/// concat(h, l) = x -> l = low x & h = high x.
std::optional<Id> Rewriter::eq_split(Id a, Id b) {
  const bool left = is(a, Kind::concat);
  const bool right = is(b, Kind::concat);
  if (!left && !right) return std::nullopt;
  const Id cut = left ? a : b;
  if (!(left && right) && !has_literal_piece(cut) && !is_lit(b)) return std::nullopt;
  const unsigned low_width = width(arg(cut, 1));
  const Id low = eq(low_part(a, low_width), low_part(b, low_width));
  if (is_zero(low)) return low;
  return and_(low, eq(high_part(a, low_width), high_part(b, low_width)));
}

std::optional<Id> Rewriter::eq_choice(Id a, Id b) {
  for (const auto& [x, y] : {std::pair{a, b}, std::pair{b, a}}) {
    if (!is(x, Kind::ite)) continue;
    const Id condition = arg(x, 0);
    // (c ? y : z) = y -> c | z = y; (c ? z : y) = y -> ~c | z = y
    if (arg(x, 1) == y) return or_(condition, eq(arg(x, 2), y));
    if (arg(x, 2) == y) return or_(not_(condition), eq(arg(x, 1), y));
    // (c ? x : y) = (c ? z : u) -> c ? x = z : y = u
    if (is(y, Kind::ite) && arg(y, 0) == condition) {
      return ite(condition, eq(arg(x, 1), arg(y, 1)), eq(arg(x, 2), arg(y, 2)));
    }
  }
  return std::nullopt;
}

/// a - b = 0 by its linear form.
std::optional<Id> Rewriter::eq_linear(Id a, Id b) {
  const unsigned total = width(a);
  LinearSum sum = combined(a, b, ~Value{0});
  const auto monomials = sum.monomials();
  // k = l, once everything else cancels
  if (monomials.empty()) return boolean(sum.constant() == 0);
  if (monomials.size() == 1) {
    const auto [atom, coefficient] = monomials[0];
    if (atom == a && is_lit(b)) return std::nullopt;
    return eq_monomial(atom, coefficient, sum.constant());
  }
  const Value minus_one = mask<Value>(total);
  const auto is_unit = [&](const LinearSum::Monomial& m) {
    return m.coefficient == 1 || m.coefficient == minus_one;
  };
  const bool difference = monomials.size() == 2 && is_unit(monomials[0]) && is_unit(monomials[1]) &&
                          monomials[0].coefficient != monomials[1].coefficient;
  // x + c = y + c -> x = y
  if (difference && sum.constant() == 0) {
    const std::pair atoms = sorted(monomials[0].atom, monomials[1].atom);
    if (atoms == std::pair{a, b}) return std::nullopt;
    return eq(atoms.first, atoms.second);
  }
  const bool has_sum = is(a, Kind::add) || is(b, Kind::add);
  if (!has_sum) return std::nullopt;
  const bool to_difference = options_.difference_equality || is_lit(b);
  if (difference && to_difference) {
    // x + c = y + d -> x - y = d - c, the older atom positive
    if (monomials[0].coefficient == minus_one) sum.scale(minus_one);
    const Value constant = Value{0} - sum.constant();
    sum.add_constant(constant);
    return raw(Kind::eq, 1, from_linear(sum, total), lit(total, constant));
  }
  // x + c = s -> x = s - c, for the youngest atom x with coefficient 1 or -1
  for (std::size_t i = monomials.size(); i-- > 0 && !is_lit(b);) {
    const auto [atom, coefficient] = monomials[i];
    if (!is_unit(monomials[i])) continue;
    sum.remove(atom);
    if (coefficient == 1) sum.scale(minus_one);
    return raw_sorted(Kind::eq, 1, atom, from_linear(sum, total));
  }
  return std::nullopt;
}

Id Rewriter::eq(Id a, Id b) {
  if (const auto result = folded(Op::eq, a, b)) return *result;
  std::tie(a, b) = sorted(a, b);
  if (!rules_apply()) return raw(Kind::eq, 1, a, b);
  const Deeper deeper(depth_);
  // x = x -> true
  if (a == b) return true_();
  // x = y -> ~(x ^ y), for one bit
  if (width(a) == 1) return not_(xor_(a, b));
  if (is_lit(b)) {
    if (const auto result = eq_literal(a, value(b))) return *result;
  } else {
    // x = y -> false, where the ranges do not meet
    const Interval left = bounds(a);
    const Interval right = bounds(b);
    if (left.high < right.low || right.high < left.low) return false_();
    // ~x = ~y -> x = y
    if (is(a, Kind::not_) && is(b, Kind::not_)) return eq(arg(a, 0), arg(b, 0));
    if (are_complements(a, b)) return false_();
  }
  if (const auto result = eq_split(a, b)) return *result;
  if (const auto result = eq_choice(a, b)) return *result;
  if (options_.linear_sums) {
    if (const auto result = eq_linear(a, b)) return *result;
  }
  return raw(Kind::eq, 1, a, b);
}

}  // namespace probity::term
