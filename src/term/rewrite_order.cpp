// SPDX-License-Identifier: Apache-2.0
// Unsigned order, and the signed one by flipping sign bits. The rules aim at packet bounds checks:
// zero-extended lengths plus constants, compared with each other or with constants.
#include <algorithm>

#include "term/rewriter.hpp"

namespace probity::term {

/// a with its sign bit flipped: maps signed order to unsigned order.
Id Rewriter::flip_sign(Id a) {
  const unsigned total = width(a);
  if (total == 1) return not_(a);
  return concat(not_(sign(a)), low_part(a, total - 1));
}

std::optional<Id> Rewriter::ult_bounds(Id a, Id b) {
  const Interval left = bounds(a);
  const Interval right = bounds(b);
  // x < y -> true or false, where the ranges decide
  if (left.high < right.low) return true_();
  if (left.low >= right.high) return false_();
  // x < k -> x = k - 1, where x is never below k - 1; x < k -> ~(x = k), where x is never above k
  if (is_lit(b)) {
    if (value(b) == left.low + 1) return eq(a, lit(width(a), left.low));
    if (value(b) == left.high) return not_(eq(a, b));
  }
  return std::nullopt;
}

/// x + c < y + d -> x + (c - m) < y + (d - m), m = min(c, d), where neither sum wraps.
std::optional<Id> Rewriter::ult_offset(Id a, Id b) {
  struct Offset {
    Id base;  ///< absent in a literal
    Value constant;
    bool exact;
  };
  const auto split = [&](Id t) -> Offset {
    if (is_lit(t)) return {Id{}, value(t), true};
    if (!is(t, Kind::add) || !is_lit(arg(t, 1))) return {t, 0, true};
    const Value constant = value(arg(t, 1));
    return {arg(t, 0), constant, bounds(arg(t, 0)).high <= ones(t) - constant};
  };
  const Offset left = split(a);
  const Offset right = split(b);
  if (!left.exact || !right.exact) return std::nullopt;
  // x + c < x + d -> c < d
  if (left.base == right.base) return boolean(left.constant < right.constant);
  const Value common = std::min(left.constant, right.constant);
  if (common == 0) return std::nullopt;
  const auto rebuild = [&](const Offset& offset) {
    const Id rest = lit(width(a), offset.constant - common);
    return offset.base ? add(offset.base, rest) : rest;
  };
  return ult(rebuild(left), rebuild(right));
}

/// Is no sum of its parts, taken as whole numbers, larger than the width holds?
bool Rewriter::is_exact(const LinearSum& sum, unsigned width) {
  const Value limit = mask<Value>(width);
  Value high = sum.constant();
  for (const auto& [atom, coefficient] : sum.monomials()) {
    const Value most = bounds(atom).high;
    if (most != 0 && coefficient > (limit - high) / most) return false;
    high += coefficient * most;
  }
  return true;
}

/// x + y < x + z -> y < z, where neither sum wraps: the offset of metadata, or of a header of any
/// length, on both sides of a bounds check.
std::optional<Id> Rewriter::ult_common(Id a, Id b) {
  if (!options_.linear_sums || (!is(a, Kind::add) && !is(b, Kind::add))) return std::nullopt;
  LinearSum left = linear(a);
  LinearSum right = linear(b);
  if (left.overflowed() || right.overflowed()) return std::nullopt;
  LinearSum common(width(a));
  for (const auto& [atom, coefficient] : left.monomials()) {
    const auto others = right.monomials();
    const auto other = std::ranges::find(others, atom, &LinearSum::Monomial::atom);
    if (other != others.end()) common.add(atom, std::min(coefficient, other->coefficient));
  }
  if (common.size() == 0 || !is_exact(left, width(a)) || !is_exact(right, width(a))) {
    return std::nullopt;
  }
  for (const auto& [atom, coefficient] : common.monomials()) {
    left.add(atom, Value{0} - coefficient);
    right.add(atom, Value{0} - coefficient);
  }
  return ult(from_linear(left, width(a)), from_linear(right, width(a)));
}

/// concat(h, l) < k.
std::optional<Id> Rewriter::ult_concat_literal(Id a, Id b) {
  const Id high = arg(a, 0);
  const Id low = arg(a, 1);
  const unsigned low_width = width(low);
  const Id high_limit = high_part(b, low_width);
  const Id low_limit = low_part(b, low_width);
  // concat(h, l) < concat(h, k) -> l < k
  if (high == high_limit) return ult(low, low_limit);
  // concat(h, l) < concat(k, 0) -> h < k
  if (is_zero(low_limit)) return ult(high, high_limit);
  // concat(h, m) < concat(k, l) -> h <= k or h < k, as m < l or not
  if (!is_lit(low)) return std::nullopt;
  return value(low) < value(low_limit) ? ule(high, high_limit) : ult(high, high_limit);
}

std::optional<Id> Rewriter::ult_split(Id a, Id b) {
  const unsigned total = width(a);
  const unsigned zeros = std::min(leading_zeros(a), leading_zeros(b));
  // zext(x) < zext(y) -> x < y
  if (zeros > 0 && zeros < total) {
    return ult(low_part(a, total - zeros), low_part(b, total - zeros));
  }
  const bool left = is(a, Kind::concat);
  const bool right = is(b, Kind::concat);
  if (left && is_lit(b)) return ult_concat_literal(a, b);
  if (!left || !right || width(arg(a, 1)) != width(arg(b, 1))) return std::nullopt;
  // concat(x, y) < concat(x, z) -> y < z; concat(x, y) < concat(z, y) -> x < z
  if (arg(a, 0) == arg(b, 0)) return ult(arg(a, 1), arg(b, 1));
  if (arg(a, 1) == arg(b, 1)) return ult(arg(a, 0), arg(b, 0));
  return std::nullopt;
}

/// A choice with a literal arm against a literal: decide in the arms.
std::optional<Id> Rewriter::ult_choice(Id a, Id b) {
  const auto worth = [&](Id t) {
    return is(t, Kind::ite) && (is_lit(arg(t, 1)) || is_lit(arg(t, 2)));
  };
  // (c ? l : x) < k -> c ? l < k : x < k
  if (is_lit(b) && worth(a)) return ite(arg(a, 0), ult(arg(a, 1), b), ult(arg(a, 2), b));
  return std::nullopt;
}

Id Rewriter::ult(Id a, Id b) {
  if (const auto result = folded(Op::ult, a, b)) return *result;
  if (!rules_apply()) return raw(Kind::ult, 1, a, b);
  const Deeper deeper(depth_);
  // x < x -> false
  if (a == b) return false_();
  // x < y -> ~x & y, for one bit
  if (width(a) == 1) return and_(not_(a), b);
  if (const auto result = ult_bounds(a, b)) return *result;
  // k < x -> ~(x < k + 1)
  if (is_lit(a)) return not_(ult(b, lit(width(a), value(a) + 1)));
  // ~x < ~y -> y < x; ~x < k -> ~k < x
  if (is(a, Kind::not_) && (is(b, Kind::not_) || is_lit(b))) return ult(not_(b), arg(a, 0));
  if (const auto result = ult_offset(a, b)) return *result;
  if (const auto result = ult_common(a, b)) return *result;
  if (const auto result = ult_split(a, b)) return *result;
  if (const auto result = ult_choice(a, b)) return *result;
  return raw(Kind::ult, 1, a, b);
}

}  // namespace probity::term
