// SPDX-License-Identifier: Apache-2.0
// Rules of ite. Of one bit it becomes and/or where an arm is known; else equal parts of the arms
// move out, so that the choice is made on as few bits as possible.
#include "term/rewriter.hpp"

namespace probity::term {

Id Rewriter::ite_boolean(Id condition, Id then, Id otherwise) {
  // c ? 1 : x -> c | x; c ? 0 : x -> ~c & x, and so for the other arm
  if (is_lit(then)) {
    return value(then) ? or_(condition, otherwise) : and_(not_(condition), otherwise);
  }
  if (is_lit(otherwise)) {
    return value(otherwise) ? or_(not_(condition), then) : and_(condition, then);
  }
  // c ? c : x -> c | x; c ? x : c -> c & x
  if (then == condition) return or_(condition, otherwise);
  if (otherwise == condition) return and_(condition, then);
  // c ? x : ~x -> ~(c ^ x)
  if (are_complements(then, otherwise)) return not_(xor_(condition, then));
  return nodes_.make(Kind::ite, 1, {condition, then, otherwise}, 0);
}

/// Arms that are concats (or literals) cut at the same place and equal on one side of it.
std::optional<Id> Rewriter::ite_common_part(Id condition, Id then, Id otherwise) {
  const Id cut = is(then, Kind::concat) ? then : otherwise;
  const Id other = cut == then ? otherwise : then;
  if (!is(cut, Kind::concat) || !(is(other, Kind::concat) || is_lit(other))) return std::nullopt;
  const unsigned low_width = width(arg(cut, 1));
  if (!is_lit(other) && width(arg(other, 1)) != low_width) return std::nullopt;
  const Id then_low = low_part(then, low_width);
  const Id else_low = low_part(otherwise, low_width);
  const Id then_high = high_part(then, low_width);
  const Id else_high = high_part(otherwise, low_width);
  // c ? concat(x, y) : concat(x, z) -> concat(x, c ? y : z)
  if (then_high == else_high) return concat(then_high, ite(condition, then_low, else_low));
  // c ? concat(x, y) : concat(z, y) -> concat(c ? x : z, y)
  if (then_low == else_low) return concat(ite(condition, then_high, else_high), then_low);
  return std::nullopt;
}

Id Rewriter::ite(Id condition, Id then, Id otherwise) {
  if (is_lit(condition)) return value(condition) ? then : otherwise;
  const unsigned total = width(then);
  if (!rules_apply()) return nodes_.make(Kind::ite, total, {condition, then, otherwise}, 0);
  const Deeper deeper(depth_);
  // c ? x : x -> x
  if (then == otherwise) return then;
  // ~c ? x : y -> c ? y : x
  if (is(condition, Kind::not_)) return ite(arg(condition, 0), otherwise, then);
  // c ? (c ? x : y) : z -> c ? x : z, and so for the other arm
  const auto same = [&](Id arm) { return is(arm, Kind::ite) && arg(arm, 0) == condition; };
  if (same(then)) return ite(condition, arg(then, 1), otherwise);
  if (same(otherwise)) return ite(condition, then, arg(otherwise, 2));
  if (total == 1) return ite_boolean(condition, then, otherwise);
  if (is(otherwise, Kind::ite)) {
    // c ? x : (d ? x : y) -> c | d ? x : y; c ? x : (d ? y : x) -> c | ~d ? x : y
    const Id inner = arg(otherwise, 0);
    if (arg(otherwise, 1) == then) return ite(or_(condition, inner), then, arg(otherwise, 2));
    if (arg(otherwise, 2) == then) {
      return ite(or_(condition, not_(inner)), then, arg(otherwise, 1));
    }
  }
  if (is(then, Kind::ite)) {
    // c ? (d ? x : y) : y -> c & d ? x : y; c ? (d ? y : x) : y -> c & ~d ? x : y
    const Id inner = arg(then, 0);
    if (arg(then, 2) == otherwise) return ite(and_(condition, inner), arg(then, 1), otherwise);
    if (arg(then, 1) == otherwise) {
      return ite(and_(condition, not_(inner)), arg(then, 2), otherwise);
    }
  }
  if (const auto result = ite_common_part(condition, then, otherwise)) return *result;
  return nodes_.make(Kind::ite, total, {condition, then, otherwise}, 0);
}

}  // namespace probity::term
