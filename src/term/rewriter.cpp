// SPDX-License-Identifier: Apache-2.0
// Dispatch from Op to the constructors, constant folding, and what the rules ask about terms.
#include "term/rewriter.hpp"

#include <bit>

namespace probity::term {

Rewriter::Rewriter(Nodes& nodes, const RewriteOptions& options)
    : nodes_(nodes), options_(options), extracts_(64) {}

bool Rewriter::rules_apply() {
  if (depth_ == 0) steps_ = 0;
  return options_.local && depth_ < max_depth && ++steps_ < max_steps;
}

Id Rewriter::lit(unsigned width, Value value) {
  return nodes_.make_lit(width, value & mask<Value>(width));
}

bool Rewriter::are_complements(Id a, Id b) const {
  return (is(a, Kind::not_) && arg(a, 0) == b) || (is(b, Kind::not_) && arg(b, 0) == a);
}

bool Rewriter::has_literal_piece(Id a) const {
  while (is(a, Kind::concat)) {
    if (is_lit(arg(a, 1))) return true;
    a = arg(a, 0);
  }
  return is_lit(a);
}

unsigned Rewriter::leading_zeros(Id a) const {
  while (is(a, Kind::concat)) a = arg(a, 0);
  if (!is_lit(a)) return 0;
  unsigned count = 0;
  while (count < width(a) && (value(a) >> (width(a) - 1 - count) & 1) == 0) ++count;
  return count;
}

Value Rewriter::known_zeros(Id a) const {
  Value zeros = 0;
  unsigned low = 0;
  for (; is(a, Kind::concat); a = arg(a, 0)) {
    const Id piece = arg(a, 1);
    if (is_lit(piece)) zeros |= (~value(piece) & ones(piece)) << low;
    low += width(piece);
  }
  if (is_lit(a)) zeros |= (~value(a) & ones(a)) << low;
  return zeros;
}

std::pair<Id, Id> Rewriter::sorted(Id a, Id b) const {
  const bool swap = is_lit(a) ? !is_lit(b) : !is_lit(b) && b < a;
  return swap ? std::pair{b, a} : std::pair{a, b};
}

Id Rewriter::raw(Kind kind, unsigned width, Id a, Id b) {
  return nodes_.make(kind, width, {a, b, Id{}}, 0);
}

Id Rewriter::raw_sorted(Kind kind, unsigned width, Id a, Id b) {
  const auto [first, second] = sorted(a, b);
  return raw(kind, width, first, second);
}

std::optional<Id> Rewriter::folded(Op op, Id a, Id b) {
  if (!is_lit(a) || !is_lit(b)) return std::nullopt;
  const unsigned result = is_relation(op) ? 1 : width(a);
  return lit(result, fold<Value>(op, width(a), value(a), value(b)));
}

Id Rewriter::un(Op op, Id a) {
  return op == Op::neg ? neg(a) : not_(a);
}

Id Rewriter::bin(Op op, Id a, Id b) {
  switch (op) {
    case Op::not_: return not_(a);
    case Op::neg: return neg(a);
    case Op::and_: return and_(a, b);
    case Op::or_: return or_(a, b);
    case Op::xor_: return xor_(a, b);
    case Op::add: return add(a, b);
    case Op::sub: return sub(a, b);
    case Op::mul: return mul(a, b);
    case Op::udiv: return udiv(a, b);
    case Op::urem: return urem(a, b);
    case Op::sdiv: return sdiv(a, b);
    case Op::srem: return srem(a, b);
    case Op::shl: return shl(a, b);
    case Op::lshr: return lshr(a, b);
    case Op::ashr: return ashr(a, b);
    case Op::eq: return eq(a, b);
    case Op::ult: return ult(a, b);
    case Op::ule: return ule(a, b);
    case Op::slt: return slt(a, b);
    case Op::sle: return not_(slt(b, a));
  }
  PROBITY_UNREACHABLE("operation");
}

}  // namespace probity::term
