// SPDX-License-Identifier: Apache-2.0
// not, and, or, xor. Masks and concatenations with constant pieces are cut into slices, so that
// bytes put together by shifts and ors, in either byte order, end as one concat.
#include <tuple>

#include "term/rewriter.hpp"

namespace probity::term {
namespace {

constexpr unsigned max_mask_runs = 9;
constexpr unsigned max_spine = 8;

unsigned run_count(Value value, unsigned width) {
  unsigned runs = 1;
  for (unsigned i = 1; i < width; ++i) runs += (value >> i & 1) != (value >> (i - 1) & 1);
  return runs;
}

}  // namespace

Id Rewriter::not_(Id a) {
  if (is_lit(a)) return lit(width(a), ~value(a));
  if (rules_apply()) {
    const Deeper deeper(depth_);
    // ~~x -> x
    if (is(a, Kind::not_)) return arg(a, 0);
    // ~(c ? k : x) -> c ? ~k : ~x, for a literal k in either arm
    if (is(a, Kind::ite) && (is_lit(arg(a, 1)) || is_lit(arg(a, 2)))) {
      return ite(arg(a, 0), not_(arg(a, 1)), not_(arg(a, 2)));
    }
  }
  return nodes_.make(Kind::not_, width(a), {a, Id{}, Id{}}, 0);
}

/// Does `part` occur among the conjuncts of the left-nested conjunction, within a few steps?
bool Rewriter::spine_holds(Id conjunction, Id part) const {
  for (unsigned i = 0; i < max_spine && is(conjunction, Kind::and_); ++i) {
    if (arg(conjunction, 0) == part || arg(conjunction, 1) == part) return true;
    conjunction = is(arg(conjunction, 0), Kind::and_) ? arg(conjunction, 0) : arg(conjunction, 1);
  }
  return false;
}

/// Rules for a & b where b is itself made of a or ~a.
std::optional<Id> Rewriter::absorb(Id a, Id b) {
  if (is(b, Kind::and_)) {
    // x & (x & y) -> x & y
    if (spine_holds(b, a)) return b;
    // x & (~x & y) -> 0
    if (spine_holds(b, not_(a))) return lit(width(a), 0);
  }
  if (!is(b, Kind::not_) || !is(arg(b, 0), Kind::and_)) return std::nullopt;
  const Id inner = arg(b, 0);
  for (unsigned i = 0; i < 2; ++i) {
    // x & ~(x & y) -> x & ~y
    if (arg(inner, i) == a) return and_(a, not_(arg(inner, 1 - i)));
    // ~x & ~(x & y) -> ~x
    if (are_complements(arg(inner, i), a)) return a;
  }
  return std::nullopt;
}

/// The value of the one-bit term `fact` where t = k, if that is plain to see.
std::optional<bool> Rewriter::value_given(Id fact, Id t, Value k) const {
  switch (kind(fact)) {
    case Kind::eq:
      if (arg(fact, 0) != t || !is_lit(arg(fact, 1))) return std::nullopt;
      return k == value(arg(fact, 1));
    case Kind::ult:
      if (arg(fact, 0) != t || !is_lit(arg(fact, 1))) return std::nullopt;
      return k < value(arg(fact, 1));
    case Kind::extract: {
      const bool slice = is(t, Kind::extract) && arg(t, 0) == arg(fact, 0);
      if (!slice && t != arg(fact, 0)) return std::nullopt;
      const unsigned from = slice ? at(t).low : 0;
      const unsigned index = at(fact).low;
      if (index < from || index >= from + width(t)) return std::nullopt;
      return (k >> (index - from) & 1) != 0;
    }
    case Kind::lit:
    case Kind::var:
    case Kind::apply:
    case Kind::not_:
    case Kind::and_:
    case Kind::xor_:
    case Kind::add:
    case Kind::mul:
    case Kind::udiv:
    case Kind::urem:
    case Kind::shl:
    case Kind::lshr:
    case Kind::ashr:
    case Kind::ite:
    case Kind::concat: return std::nullopt;
  }
  PROBITY_UNREACHABLE("kind");
}

/// Rules for two facts about one term: t = k & f(t) -> t = k or false, as f(k) says.
std::optional<Id> Rewriter::absorb_relation(Id a, Id b) {
  if (!is(a, Kind::eq) || !is_lit(arg(a, 1))) return std::nullopt;
  const bool negated = is(b, Kind::not_);
  const auto known = value_given(negated ? arg(b, 0) : b, arg(a, 0), value(arg(a, 1)));
  if (!known) return std::nullopt;
  return *known != negated ? a : false_();
}

/// a & k, a | k: one slice per run of equal bits of k.
std::optional<Id> Rewriter::mask_slices(Op op, Id a, Id literal) {
  const unsigned total = width(a);
  const Value mask = value(literal);
  if (total == 1 || run_count(mask, total) > max_mask_runs) return std::nullopt;
  const bool keep_where = op == Op::and_;
  Id result;
  for (unsigned low = 0; low < total;) {
    const bool set = (mask >> low & 1) != 0;
    unsigned end = low;
    while (end < total && ((mask >> end & 1) != 0) == set) ++end;
    const Id piece =
        set == keep_where ? extract(low, end - low, a) : lit(end - low, keep_where ? 0 : ~Value{0});
    result = result ? concat(piece, result) : piece;
    low = end;
  }
  return result;
}

/// A bitwise operation where one side is a concat with a constant piece: piece by piece.
std::optional<Id> Rewriter::split_bitwise(Op op, Id a, Id b) {
  const auto worth = [&](Id t) { return is(t, Kind::concat) && has_literal_piece(t); };
  Id cut = worth(a) ? a : b;
  if (!worth(cut)) return std::nullopt;
  const unsigned low_width = width(arg(cut, 1));
  const Id low = bin(op, low_part(a, low_width), low_part(b, low_width));
  return concat(bin(op, high_part(a, low_width), high_part(b, low_width)), low);
}

Id Rewriter::and_(Id a, Id b) {
  if (const auto result = folded(Op::and_, a, b)) return *result;
  std::tie(a, b) = sorted(a, b);
  if (rules_apply()) {
    const Deeper deeper(depth_);
    // x & 0 -> 0; x & ~0 -> x; x & x -> x; x & ~x -> 0
    if (is_zero(b)) return b;
    if (is_ones(b) || a == b) return a;
    if (are_complements(a, b)) return lit(width(a), 0);
    if (is_lit(b)) {
      if (const auto result = mask_slices(Op::and_, a, b)) return *result;
    }
    if (const auto result = absorb(a, b)) return *result;
    if (const auto result = absorb(b, a)) return *result;
    if (const auto result = absorb_relation(a, b)) return *result;
    if (const auto result = absorb_relation(b, a)) return *result;
    // concat(h, l) & x -> concat(h & high x, l & low x), where a piece is literal
    if (const auto result = split_bitwise(Op::and_, a, b)) return *result;
  }
  return raw(Kind::and_, width(a), a, b);
}

Id Rewriter::or_(Id a, Id b) {
  if (const auto result = folded(Op::or_, a, b)) return *result;
  std::tie(a, b) = sorted(a, b);
  if (rules_apply()) {
    const Deeper deeper(depth_);
    // x | 0 -> x; x | ~0 -> ~0
    if (is_zero(b)) return a;
    if (is_ones(b)) return b;
    if (is_lit(b)) {
      if (const auto result = mask_slices(Op::or_, a, b)) return *result;
    }
    // concat(h, l) | x -> concat(h | high x, l | low x), where a piece is literal
    if (const auto result = split_bitwise(Op::or_, a, b)) return *result;
  }
  // x | y -> ~(~x & ~y)
  return not_(and_(not_(a), not_(b)));
}

Id Rewriter::xor_(Id a, Id b) {
  if (const auto result = folded(Op::xor_, a, b)) return *result;
  std::tie(a, b) = sorted(a, b);
  if (!rules_apply()) return raw(Kind::xor_, width(a), a, b);
  const Deeper deeper(depth_);
  // x ^ x -> 0; x ^ ~x -> ~0; x ^ 0 -> x; x ^ ~0 -> ~x
  if (a == b) return lit(width(a), 0);
  if (are_complements(a, b)) return lit(width(a), ~Value{0});
  if (is_zero(b)) return a;
  if (is_ones(b)) return not_(a);
  // ~x ^ y -> ~(x ^ y); ~x ^ k -> x ^ ~k
  if (is(a, Kind::not_)) {
    return is_lit(b) ? xor_(arg(a, 0), not_(b)) : not_(xor_(arg(a, 0), b));
  }
  if (is(b, Kind::not_)) return not_(xor_(a, arg(b, 0)));
  for (const auto& [x, y] : {std::pair{a, b}, std::pair{b, a}}) {
    if (!is(y, Kind::xor_)) continue;
    // x ^ (x ^ z) -> z
    if (arg(y, 0) == x) return arg(y, 1);
    if (arg(y, 1) == x) return arg(y, 0);
    if (!is_lit(arg(y, 1))) continue;
    // k ^ (z ^ l) -> z ^ (k ^ l); x ^ (z ^ k) -> (x ^ z) ^ k
    if (is_lit(x)) return xor_(arg(y, 0), xor_(x, arg(y, 1)));
    return xor_(xor_(x, arg(y, 0)), arg(y, 1));
  }
  // concat(h, l) ^ concat(i, m) -> concat(h ^ i, l ^ m), where a piece is literal
  const auto pieces = [&](Id t) { return is(t, Kind::concat) || is_lit(t); };
  if (pieces(a) && pieces(b)) {
    if (const auto result = split_bitwise(Op::xor_, a, b)) return *result;
  }
  return raw(Kind::xor_, width(a), a, b);
}

}  // namespace probity::term
