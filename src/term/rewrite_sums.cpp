// SPDX-License-Identifier: Apache-2.0
// Sums. Under `linear_sums` an add is kept as a sorted list of coefficient * atom, bounded by
// LinearSum::capacity; shifts by constants, negations and complements are coefficients. Equal sums
// then are equal terms.
#include <tuple>

#include "term/rewriter.hpp"

namespace probity::term {
namespace {

/// Sums nest to the left and hold at most capacity + 1 parts.
constexpr unsigned max_sum_depth = LinearSum::capacity + 8;

bool is_power_of_two(Value value) {
  return value != 0 && (value & (value - 1)) == 0;
}

unsigned log2_of(Value power) {
  unsigned exponent = 0;
  while (power >> exponent != 1) ++exponent;
  return exponent;
}

}  // namespace

/// Adds coefficient * a to `sum`, opening what is linear in a.
void Rewriter::collect(LinearSum& sum, Id a, Value coefficient, unsigned depth) {
  if (sum.overflowed()) return;
  if (is_lit(a)) return sum.add_constant(coefficient * value(a));
  if (depth == 0) return sum.add(a, coefficient);
  switch (kind(a)) {
    case Kind::add:
      collect(sum, arg(a, 0), coefficient, depth - 1);
      return collect(sum, arg(a, 1), coefficient, depth - 1);
    case Kind::mul:
      if (!is_lit(arg(a, 1))) break;
      return collect(sum, arg(a, 0), coefficient * value(arg(a, 1)), depth - 1);
    // ~x -> -x - 1
    case Kind::not_:
      sum.add_constant(Value{0} - coefficient);
      return collect(sum, arg(a, 0), Value{0} - coefficient, depth - 1);
    case Kind::concat: {
      // concat(x[k:0], 0) -> 2^s * x; concat(h, 0) -> 2^s * zext(h)
      if (!is_zero(arg(a, 1))) break;
      const Id high = arg(a, 0);
      const unsigned shift = width(arg(a, 1));
      const bool slice = is(high, Kind::extract) && at(high).low == 0;
      const bool whole = slice && width(arg(high, 0)) == width(a);
      const Id base = whole ? arg(high, 0) : zext(width(a), high);
      return collect(sum, base, coefficient << shift, depth - 1);
    }
    case Kind::lit:
    case Kind::var:
    case Kind::apply:
    case Kind::and_:
    case Kind::xor_:
    case Kind::udiv:
    case Kind::urem:
    case Kind::shl:
    case Kind::lshr:
    case Kind::ashr:
    case Kind::eq:
    case Kind::ult:
    case Kind::ite:
    case Kind::extract: break;
  }
  sum.add(a, coefficient);
}

LinearSum Rewriter::linear(Id a) {
  LinearSum sum(width(a));
  collect(sum, a, 1, max_sum_depth);
  return sum;
}

/// Adds coefficient * a to `sum`, opening constant offsets and factors only.
void Rewriter::collect_shallow(LinearSum& sum, Id a, Value coefficient) const {
  if (is_lit(a)) return sum.add_constant(coefficient * value(a));
  for (; is(a, Kind::add) || is(a, Kind::mul); a = arg(a, 0)) {
    if (!is_lit(arg(a, 1))) break;
    const Value number = value(arg(a, 1));
    if (is(a, Kind::add)) sum.add_constant(coefficient * number);
    if (is(a, Kind::mul)) coefficient *= number;
  }
  sum.add(a, coefficient);
}

/// a + factor * b, opened as far as the sum holds; else as two atoms, so that constants still add
/// up and a term still cancels itself.
LinearSum Rewriter::combined(Id a, Id b, Value factor) {
  LinearSum sum(width(a));
  collect(sum, a, 1, max_sum_depth);
  collect(sum, b, factor, max_sum_depth);
  if (!sum.overflowed()) return sum;
  LinearSum shallow(width(a));
  collect_shallow(shallow, a, 1);
  collect_shallow(shallow, b, factor);
  return shallow;
}

Id Rewriter::shift_left_const(Id a, unsigned count) {
  const unsigned total = width(a);
  if (count == 0) return a;
  // x << s -> concat(x[w-1-s:0], 0)
  return count >= total ? lit(total, 0) : concat(low_part(a, total - count), lit(count, 0));
}

/// coefficient * a as a term of its own.
Id Rewriter::scaled(Id a, Value coefficient) {
  if (coefficient == 1) return a;
  if (is_power_of_two(coefficient)) return shift_left_const(a, log2_of(coefficient));
  return raw(Kind::mul, width(a), a, lit(width(a), coefficient));
}

Id Rewriter::from_linear(const LinearSum& sum, unsigned width) {
  const auto monomials = sum.monomials();
  if (monomials.empty()) return lit(width, sum.constant());
  // A lone 2^k * x is a shift, which slices; inside a sum it stays a product, which adds up.
  if (monomials.size() == 1 && sum.constant() == 0) {
    return scaled(monomials[0].atom, monomials[0].coefficient);
  }
  Id result;
  for (const auto& [atom, coefficient] : monomials) {
    const Id part = coefficient == 1 ? atom : raw(Kind::mul, width, atom, lit(width, coefficient));
    result = result ? raw(Kind::add, width, result, part) : part;
  }
  if (sum.constant() == 0) return result;
  // -x - 1 -> ~x
  const bool complement = monomials.size() == 1 && monomials[0].coefficient == mask<Value>(width);
  if (complement && sum.constant() == mask<Value>(width)) return not_(monomials[0].atom);
  return raw(Kind::add, width, result, lit(width, sum.constant()));
}

/// The low bits of a sum: the sum of the low bits, in one pass over the monomials.
Id Rewriter::extract_sum(unsigned width, Id a) {
  if (options_.linear_sums) {
    const LinearSum whole = linear(a);
    LinearSum part(width);
    part.add_constant(whole.constant());
    for (const auto& [atom, coefficient] : whole.monomials()) {
      const Value narrow = coefficient & mask<Value>(width);
      if (narrow != 0) collect(part, low_part(atom, width), narrow, max_sum_depth);
    }
    if (!whole.overflowed() && !part.overflowed() && width > 1) return from_linear(part, width);
  }
  return add(low_part(arg(a, 0), width), low_part(arg(a, 1), width));
}

std::optional<Id> Rewriter::divided_sum(unsigned by, Id a) {
  if (!options_.linear_sums) return std::nullopt;
  const LinearSum whole = linear(a);
  if (whole.overflowed()) return std::nullopt;
  Value parts = whole.constant();
  for (const auto& [atom, coefficient] : whole.monomials()) parts |= coefficient;
  if ((parts & mask<Value>(by)) != 0) return std::nullopt;
  const unsigned left = width(a) - by;
  LinearSum sum(left);
  sum.add_constant(whole.constant() >> by);
  for (const auto& [atom, coefficient] : whole.monomials()) {
    collect(sum, low_part(atom, left), coefficient >> by, max_sum_depth);
  }
  if (sum.overflowed()) return std::nullopt;
  return from_linear(sum, left);
}

std::optional<Id> Rewriter::multiplied_sum(Id a, unsigned by) {
  if (!options_.linear_sums) return std::nullopt;
  const LinearSum part = linear(a);
  if (part.overflowed()) return std::nullopt;
  const unsigned total = width(a) + by;
  LinearSum sum(total);
  sum.add_constant(part.constant() << by);
  for (const auto& [atom, coefficient] : part.monomials()) {
    const bool slice = is(atom, Kind::extract) && at(atom).low == 0;
    const bool whole = slice && width(arg(atom, 0)) == total;
    sum.add(whole ? arg(atom, 0) : zext(total, atom), coefficient << by);
  }
  if (sum.overflowed()) return std::nullopt;
  return from_linear(sum, total);
}

Id Rewriter::add(Id a, Id b) {
  if (const auto result = folded(Op::add, a, b)) return *result;
  std::tie(a, b) = sorted(a, b);
  if (!rules_apply()) return raw(Kind::add, width(a), a, b);
  const Deeper deeper(depth_);
  // x + 0 -> x
  if (is_zero(b)) return a;
  // x + y -> x ^ y, for one bit
  if (width(a) == 1) return xor_(a, b);
  // x + y -> x | y, where no bit can be set in both
  if (is(a, Kind::concat) && is(b, Kind::concat)) {
    if ((known_zeros(a) | known_zeros(b)) == ones(a)) return or_(a, b);
  }
  if (!options_.linear_sums) return raw(Kind::add, width(a), a, b);
  // sums -> sorted coefficient * atom lists
  const LinearSum sum = combined(a, b, 1);
  if (const auto remainder = remainder_of_wider(sum, width(a))) return *remainder;
  return from_linear(sum, width(a));
}

Id Rewriter::neg(Id a) {
  if (is_lit(a)) return lit(width(a), Value{0} - value(a));
  // -x -> ~0 * x
  return mul(a, lit(width(a), ~Value{0}));
}

Id Rewriter::sub(Id a, Id b) {
  if (const auto result = folded(Op::sub, a, b)) return *result;
  // x - y -> x + ~0 * y
  return add(a, neg(b));
}

}  // namespace probity::term
