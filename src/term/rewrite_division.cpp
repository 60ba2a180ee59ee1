// SPDX-License-Identifier: Apache-2.0
// Shifts, divisions and remainders, unsigned and signed. By SMT-LIB, x / 0 is all ones and x % 0 is
// x.
#include <algorithm>
#include <bit>
#include <numeric>

#include "term/reciprocal.hpp"
#include "term/rewriter.hpp"

namespace probity::term {
namespace {

bool is_power_of_two(Value value) {
  return value != 0 && (value & (value - 1)) == 0;
}

unsigned log2_of(Value power) {
  unsigned exponent = 0;
  while (power >> exponent != 1) ++exponent;
  return exponent;
}

/// A coefficient modulo 2^width as the number of least magnitude.
struct Signed {
  Value magnitude = 0;
  bool negative = false;

  Signed(Value coefficient, unsigned width) {
    const Value minus = (Value{0} - coefficient) & mask<Value>(width);
    negative = minus < coefficient;
    magnitude = std::min(minus, coefficient);
  }
  Value over(Value factor) const {
    const Value times = magnitude / factor;
    return negative ? Value{0} - times : times;
  }
};

/// The odd number that all of the sum, of 64 bits at most, may have been multiplied with.
Value common_odd_factor(const LinearSum& sum, unsigned width) {
  const auto magnitude = [&](Value coefficient) {
    return static_cast<std::uint64_t>(Signed(coefficient, width).magnitude);
  };
  std::uint64_t common = magnitude(sum.constant());
  for (const auto& part : sum.monomials()) common = std::gcd(common, magnitude(part.coefficient));
  return common == 0 ? 1 : common >> std::countr_zero(common);
}

}  // namespace

/// What all three shifts share; nothing when no rule applies.
std::optional<Id> Rewriter::shift_rules(Op op, Id a, Id b) {
  const unsigned total = width(a);
  // 0 << y -> 0
  if (is_zero(a)) return a;
  // x << (c ? k : l) -> c ? x << k : x << l
  if (is(b, Kind::ite) && is_lit(arg(b, 1)) && is_lit(arg(b, 2))) {
    return ite(arg(b, 0), bin(op, a, arg(b, 1)), bin(op, a, arg(b, 2)));
  }
  // x << y -> x << w, where y is never below the width w
  if (!is_lit(b) && bounds(b).low >= total) {
    return op == Op::ashr ? sext(total, sign(a)) : lit(total, 0);
  }
  return std::nullopt;
}

Id Rewriter::shl(Id a, Id b) {
  if (const auto result = folded(Op::shl, a, b)) return *result;
  if (!rules_apply()) return raw(Kind::shl, width(a), a, b);
  const Deeper deeper(depth_);
  if (const auto result = shift_rules(Op::shl, a, b)) return *result;
  if (!is_lit(b)) return raw(Kind::shl, width(a), a, b);
  // x << k -> concat(x[w-1-k:0], 0)
  if (value(b) >= width(a)) return lit(width(a), 0);
  if (!options_.linear_sums) return shift_left_const(a, static_cast<unsigned>(value(b)));
  // x << k -> 2^k * x, which is the slice when x is one atom
  return mul_literal(a, Value{1} << static_cast<unsigned>(value(b)));
}

Id Rewriter::lshr(Id a, Id b) {
  const unsigned total = width(a);
  if (const auto result = folded(Op::lshr, a, b)) return *result;
  if (!rules_apply()) return raw(Kind::lshr, total, a, b);
  const Deeper deeper(depth_);
  if (const auto result = shift_rules(Op::lshr, a, b)) return *result;
  if (!is_lit(b)) return raw(Kind::lshr, total, a, b);
  // x >> k -> concat(0, x[w-1:k])
  if (value(b) >= total) return lit(total, 0);
  return zext(total, high_part(a, static_cast<unsigned>(value(b))));
}

Id Rewriter::ashr(Id a, Id b) {
  const unsigned total = width(a);
  if (const auto result = folded(Op::ashr, a, b)) return *result;
  if (!rules_apply()) return raw(Kind::ashr, total, a, b);
  const Deeper deeper(depth_);
  if (const auto result = shift_rules(Op::ashr, a, b)) return *result;
  // x >>s y -> x >> y, where x is never negative
  if (bounds(a).high >> (total - 1) == 0) return lshr(a, b);
  if (!is_lit(b)) return raw(Kind::ashr, total, a, b);
  // x >>s k -> sext(x[w-1:k])
  const Value count = value(b) >= total ? total - 1 : value(b);
  return sext(total, high_part(a, static_cast<unsigned>(count)));
}

std::optional<Id> Rewriter::udiv_literal(Id a, Value divisor) {
  const unsigned total = width(a);
  // x / 0 -> ~0
  if (divisor == 0) return lit(total, ~Value{0});
  // x / 2^k -> x >> k
  if (is_power_of_two(divisor)) return lshr(a, lit(total, log2_of(divisor)));
  if (!is(a, Kind::udiv) || !is_lit(arg(a, 1))) return std::nullopt;
  const Value inner = value(arg(a, 1));
  // (x / k) / l -> x / (k * l), or 0 where k * l does not fit
  if (inner == 0) return std::nullopt;
  if (divisor > mask<Value>(total) / inner) return lit(total, 0);
  return udiv(arg(a, 0), lit(total, inner * divisor));
}

Id Rewriter::udiv(Id a, Id b) {
  const unsigned total = width(a);
  if (const auto result = folded(Op::udiv, a, b)) return *result;
  if (!rules_apply()) return raw(Kind::udiv, total, a, b);
  const Deeper deeper(depth_);
  if (is_lit(b)) {
    if (const auto result = udiv_literal(a, value(b))) return *result;
  }
  const auto unless_zero = [&](Id divisor, Id result) {
    if (bounds(divisor).low > 0) return result;
    return ite(eq(divisor, lit(width(divisor), 0)), lit(total, ~Value{0}), result);
  };
  // 0 / x -> x = 0 ? ~0 : 0;  x / x -> x = 0 ? ~0 : 1
  if (is_zero(a)) return unless_zero(b, a);
  if (a == b) return unless_zero(b, lit(total, 1));
  // x / y -> 0, where x is always below y
  if (bounds(a).high < bounds(b).low) return lit(total, 0);
  // zext(x) / zext(y) -> y = 0 ? ~0 : zext(x / y)
  const unsigned narrow = total - std::min(leading_zeros(a), leading_zeros(b));
  if (narrow > 0 && narrow < total) {
    const Id divisor = low_part(b, narrow);
    return unless_zero(divisor, zext(total, udiv(low_part(a, narrow), divisor)));
  }
  return raw(Kind::udiv, total, a, b);
}

Id Rewriter::urem(Id a, Id b) {
  const unsigned total = width(a);
  if (const auto result = folded(Op::urem, a, b)) return *result;
  if (!rules_apply()) return raw(Kind::urem, total, a, b);
  const Deeper deeper(depth_);
  // x % 0 -> x; x % 2^k -> x & (2^k - 1)
  if (is_zero(b)) return a;
  if (is_lit(b) && is_power_of_two(value(b))) return and_(a, lit(total, value(b) - 1));
  // x % x -> 0; 0 % x -> 0
  if (a == b || is_zero(a)) return lit(total, 0);
  // x % y -> x, where x is always below y
  if (bounds(a).high < bounds(b).low) return a;
  // zext(x) % zext(y) -> zext(x % y)
  const unsigned narrow = total - std::min(leading_zeros(a), leading_zeros(b));
  if (narrow > 0 && narrow < total) {
    return zext(total, urem(low_part(a, narrow), low_part(b, narrow)));
  }
  if (!options_.linear_sums) return raw(Kind::urem, total, a, b);
  // x % y -> x - (x / y) * y
  return sub(a, mul(udiv(a, b), b));
}

/// `a` >> shift as x / d, where `a` is x, or x + 1, times the reciprocal of d (reciprocal.hpp) for
/// all values of x. That is how compilers divide by constants; no solver sees it in the bits.
std::optional<Id> Rewriter::quotient_of_product(unsigned shift, Id a) {
  const unsigned total = width(a);
  if (!options_.linear_sums || total > 64) return std::nullopt;
  const LinearSum product = linear(a);
  if (product.overflowed() || product.monomials().empty()) return std::nullopt;
  const Value factor = common_odd_factor(product, total);
  for (const auto rounded : {Reciprocal::Rounded::up, Reciprocal::Rounded::down}) {
    if (!reciprocal_by(factor, shift, rounded, 0, total)) continue;
    LinearSum x(total);
    x.add_constant(Signed(product.constant(), total).over(factor));
    if (rounded == Reciprocal::Rounded::down) x.add_constant(ones(a));
    for (const auto& [atom, coefficient] : product.monomials()) {
      x.add(atom, Signed(coefficient, total).over(factor));
    }
    const Id dividend = from_linear(x, total);
    const auto found = reciprocal_by(factor, shift, rounded, bounds(dividend).high, total);
    if (found) return udiv(dividend, lit(total, found->divisor));
  }
  return std::nullopt;
}

/// zext(x) - d * zext(x / d) -> zext(x % d), where x may be y / k and x / d then is y / (k * d)
std::optional<Id> Rewriter::remainder_of_wider(const LinearSum& sum, unsigned total) {
  if (sum.overflowed() || sum.size() < 2) return std::nullopt;
  for (const auto& [atom, coefficient] : sum.monomials()) {
    const Value divisor = (Value{0} - coefficient) & mask<Value>(total);
    if (!is(atom, Kind::concat) || !is_zero(arg(atom, 0))) continue;
    const Id quotient = arg(atom, 1);
    if (!is(quotient, Kind::udiv) || !is_lit(arg(quotient, 1))) continue;
    const unsigned narrow = width(quotient);
    const Value all = value(arg(quotient, 1));
    if (divisor > all || all % divisor != 0) continue;
    const Id dividend = udiv(arg(quotient, 0), lit(narrow, all / divisor));
    LinearSum whole = linear(zext(total, dividend));
    whole.add(atom, coefficient);
    if (whole.overflowed() || whole != sum) continue;
    return zext(total, urem(dividend, lit(narrow, divisor)));
  }
  return std::nullopt;
}

Id Rewriter::sdiv(Id a, Id b) {
  if (const auto result = folded(Op::sdiv, a, b)) return *result;
  // x /s y -> |x| / |y|, negated where the signs differ
  const Id quotient = udiv(absolute(a), absolute(b));
  return ite(xor_(sign(a), sign(b)), neg(quotient), quotient);
}

Id Rewriter::srem(Id a, Id b) {
  if (const auto result = folded(Op::srem, a, b)) return *result;
  // x %s y -> |x| % |y|, negated where x is negative
  const Id remainder = urem(absolute(a), absolute(b));
  return ite(sign(a), neg(remainder), remainder);
}

}  // namespace probity::term
