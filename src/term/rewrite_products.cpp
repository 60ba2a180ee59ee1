// SPDX-License-Identifier: Apache-2.0
// Products. Constant factors move out, factors are sorted; `distribute` opens products of small
// sums, and `split_products` cuts a product into half-width partial products, which is how machines
// with narrow registers compute it (this turns the register-pair multiplication of 32-bit targets
// into plain equality of terms).
#include <algorithm>
#include <tuple>

#include "term/rewriter.hpp"

namespace probity::term {
namespace {

constexpr std::size_t max_factors = 8;
constexpr std::size_t max_distributed = 6;

}  // namespace

Id Rewriter::mul_literal(Id a, Value factor) {
  const unsigned total = width(a);
  if (!options_.linear_sums) {
    // x * 2^k -> x << k
    return scaled(a, factor);
  }
  LinearSum sum(total);
  collect(sum, a, factor, LinearSum::capacity + 8);
  if (sum.overflowed()) return raw(Kind::mul, total, a, lit(total, factor));
  // k * (c1 * x1 + ... + c0) -> k*c1 * x1 + ... + k*c0
  return from_linear(sum, total);
}

/// (c1*x1 + .. + c0) * (d1*y1 + .. + d0) opened, if that gives few products.
std::optional<Id> Rewriter::distribute(const LinearSum& a, const LinearSum& b, unsigned width) {
  const std::size_t products = a.size() * b.size();
  if (products == 0 || products > max_distributed) return std::nullopt;
  if (a.size() == 1 && b.size() == 1 && a.constant() == 0 && b.constant() == 0) return std::nullopt;
  constexpr unsigned depth = LinearSum::capacity + 8;
  LinearSum sum(width);
  sum.add_constant(a.constant() * b.constant());
  for (const auto& x : a.monomials()) {
    for (const auto& y : b.monomials()) {
      collect(sum, mul_atoms(x.atom, y.atom), x.coefficient * y.coefficient, depth);
    }
    collect(sum, x.atom, x.coefficient * b.constant(), depth);
  }
  for (const auto& y : b.monomials()) collect(sum, y.atom, y.coefficient * a.constant(), depth);
  if (sum.overflowed()) return std::nullopt;
  return from_linear(sum, width);
}

/// (ah:al) * (bh:bl) -> concat(high(al*bl) + ah*bl + al*bh, low(al*bl)), al*bl computed in full
/// width.
std::optional<Id> Rewriter::split_product(Id a, Id b) {
  const unsigned total = width(a);
  if (!options_.split_products || total % 2 != 0 || total < 4) return std::nullopt;
  const bool pieces = is(a, Kind::concat) || is(b, Kind::concat) || total == 64;
  if (!pieces) return std::nullopt;
  const unsigned half = total / 2;
  const Id a_high = high_part(a, half);
  const Id b_high = high_part(b, half);
  if (is_zero(a_high) && is_zero(b_high)) return std::nullopt;
  const Id a_low = low_part(a, half);
  const Id b_low = low_part(b, half);
  const Id full = mul(zext(total, a_low), zext(total, b_low));
  const Id cross = add(mul(a_high, b_low), mul(a_low, b_high));
  return concat(add(high_part(full, half), cross), low_part(full, half));
}

/// x * (y * z) with all factors sorted.
Id Rewriter::ordered_product(Id a, Id b) {
  const unsigned total = width(a);
  std::vector<Id> factors;
  for (Id side : {a, b}) {
    for (; is(side, Kind::mul) && !is_lit(arg(side, 1)); side = arg(side, 0)) {
      factors.push_back(arg(side, 1));
    }
    factors.push_back(side);
  }
  if (factors.size() > max_factors) return raw_sorted(Kind::mul, total, a, b);
  std::sort(factors.begin(), factors.end());
  Id result = factors[0];
  for (std::size_t i = 1; i < factors.size(); ++i) {
    result = raw(Kind::mul, total, result, factors[i]);
  }
  return result;
}

/// A product without constant factors.
Id Rewriter::mul_atoms(Id a, Id b) {
  if (is_lit(b)) return mul_literal(a, value(b));
  if (is_lit(a)) return mul_literal(b, value(a));
  if (const auto result = split_product(a, b)) return *result;
  return ordered_product(a, b);
}

Id Rewriter::mul(Id a, Id b) {
  if (const auto result = folded(Op::mul, a, b)) return *result;
  std::tie(a, b) = sorted(a, b);
  const unsigned total = width(a);
  if (!rules_apply()) return raw(Kind::mul, total, a, b);
  const Deeper deeper(depth_);
  // x * 0 -> 0; x * 1 -> x; x * y -> x & y, for one bit
  if (is_zero(b)) return b;
  if (is_lit(b) && value(b) == 1) return a;
  if (total == 1) return and_(a, b);
  if (is_lit(b)) return mul_literal(a, value(b));
  if (!options_.linear_sums) return mul_atoms(a, b);
  const LinearSum left = linear(a);
  const LinearSum right = linear(b);
  if (left.overflowed() || right.overflowed()) return mul_atoms(a, b);
  if (options_.distribute) {
    if (const auto result = distribute(left, right, total)) return *result;
  }
  const bool single = left.size() == 1 && right.size() == 1;
  if (!single || left.constant() != 0 || right.constant() != 0) return mul_atoms(a, b);
  const auto& x = left.monomials()[0];
  const auto& y = right.monomials()[0];
  // (c * x) * (d * y) -> (c * d) * (x * y)
  const Value factor = x.coefficient * y.coefficient & ones(a);
  const Id product = mul_atoms(x.atom, y.atom);
  return factor == 1 ? product : mul(product, lit(total, factor));
}

}  // namespace probity::term
