// SPDX-License-Identifier: Apache-2.0
// The transfer function of every kind, from the operands' bounds and, for differences and
// remainders, from the shape of the term.
#include "term/interval.hpp"

#include <algorithm>

#include "term/interval_arithmetic.hpp"
#include "term/store_data.hpp"

namespace probity::term {
namespace {

using namespace interval;

struct Factor {
  Id atom;
  Value coefficient;
};
/// c * x with a literal c.
std::optional<Factor> scaled(const Nodes& nodes, Id a) {
  if (nodes.kind(a) != Kind::mul || !nodes.is_literal(nodes.operand(a, 1))) return std::nullopt;
  return Factor{nodes.operand(a, 0), nodes.literal(nodes.operand(a, 1))};
}

/// Is `product` -(n / d) * d, what is left of n % d after lowering? Then the bound of d.
std::optional<Id> divisor_of_remainder(const Nodes& nodes, Id n, Id minus_product) {
  const auto factor = scaled(nodes, minus_product);
  if (!factor) return std::nullopt;
  const Id inner = factor->atom;
  const Value minus = (Value{0} - factor->coefficient) & mask_of(nodes.width(n));
  if (nodes.kind(inner) == Kind::udiv) {
    const Id divisor = nodes.operand(inner, 1);
    const bool same = nodes.is_literal(divisor) && nodes.literal(divisor) == minus;
    if (same && nodes.operand(inner, 0) == n) return divisor;
    return std::nullopt;
  }
  if (minus != 1 || nodes.kind(inner) != Kind::mul) return std::nullopt;
  for (unsigned i = 0; i < 2; ++i) {
    const Id quotient = nodes.operand(inner, i);
    const Id divisor = nodes.operand(inner, 1 - i);
    if (nodes.kind(quotient) != Kind::udiv) continue;
    if (nodes.operand(quotient, 0) == n && nodes.operand(quotient, 1) == divisor) return divisor;
  }
  return std::nullopt;
}

class Transfer {
 public:
  Transfer(const Nodes& nodes, const std::vector<Interval>& bounds)
      : nodes_(nodes), bounds_(bounds) {}

  Interval operator()(Id a) const {
    const Node& node = nodes_[a];
    const unsigned width = node.width;
    switch (node.kind) {
      case Kind::lit: return {nodes_.literal(a), nodes_.literal(a)};
      case Kind::var:
      case Kind::apply: return full(width);
      case Kind::not_: return {mask_of(width) - of(a, 0).high, mask_of(width) - of(a, 0).low};
      case Kind::and_: return bitwise_and(of(a, 0), of(a, 1), mask_of(width));
      case Kind::xor_: return {0, smear(of(a, 0).high | of(a, 1).high)};
      case Kind::add: return add(a);
      case Kind::mul: return product(of(a, 0), of(a, 1), width);
      case Kind::udiv: return quotient(of(a, 0), of(a, 1), width);
      case Kind::urem: return remainder(of(a, 0), of(a, 1));
      case Kind::shl: return shift_left(of(a, 0), of(a, 1), width);
      case Kind::lshr: return shift_right(of(a, 0), of(a, 1), width);
      case Kind::ashr: return arithmetic_shift(a);
      case Kind::eq: return equality(a);
      case Kind::ult: return decided(of(a, 0).high < of(a, 1).low, of(a, 0).low >= of(a, 1).high);
      case Kind::ite: return choice(a);
      case Kind::concat: return concatenation(a);
      case Kind::extract: return slice(of(a, 0), node.low, width);
    }
    PROBITY_UNREACHABLE("kind");
  }

 private:
  Interval of(Id a, unsigned i) const { return bounds_[nodes_.operand(a, i).index]; }

  Interval arithmetic_shift(Id a) const {
    const unsigned width = nodes_.width(a);
    const bool never_negative = of(a, 0).high >> (width - 1) == 0;
    return never_negative ? shift_right(of(a, 0), of(a, 1), width) : full(width);
  }

  Interval equality(Id a) const {
    const Interval left = of(a, 0);
    const Interval right = of(a, 1);
    const bool single = left.low == left.high && left == right;
    return decided(single, left.high < right.low || right.high < left.low);
  }

  Interval choice(Id a) const {
    if (of(a, 0).low == 1) return of(a, 1);
    if (of(a, 0).high == 0) return of(a, 2);
    return {std::min(of(a, 1).low, of(a, 2).low), std::max(of(a, 1).high, of(a, 2).high)};
  }

  Interval concatenation(Id a) const {
    const unsigned shift = nodes_.width(nodes_.operand(a, 1));
    return {of(a, 0).low << shift | of(a, 1).low, of(a, 0).high << shift | of(a, 1).high};
  }

  /// x + (-c) * y never wraps when x is always at least c * y.
  std::optional<Interval> difference(Id x, Id minus_product) const {
    const auto factor = scaled(nodes_, minus_product);
    if (!factor) return std::nullopt;
    const Value ones = mask_of(nodes_.width(x));
    const Value minus = (Value{0} - factor->coefficient) & ones;
    const Interval left = bounds_[x.index];
    const Interval right = bounds_[factor->atom.index];
    if (!product_fits(minus, right.high, left.low)) return std::nullopt;
    return Interval{left.low - minus * right.high, left.high - minus * right.low};
  }

  Interval add(Id a) const {
    for (unsigned i = 0; i < 2; ++i) {
      const Id x = nodes_.operand(a, i);
      const Id y = nodes_.operand(a, 1 - i);
      if (const auto divisor = divisor_of_remainder(nodes_, x, y)) {
        return remainder(bounds_[x.index], bounds_[divisor->index]);
      }
      if (const auto bounds = difference(x, y)) return *bounds;
    }
    return sum(of(a, 0), of(a, 1), nodes_.width(a));
  }

  const Nodes& nodes_;
  const std::vector<Interval>& bounds_;
};

}  // namespace

Interval BoundsTable::of(const Nodes& nodes, Id a) {
  if (a.index < known_.size() && known_[a.index]) return bounds_[a.index];
  if (a.index >= known_.size()) {
    const std::size_t size = std::max<std::size_t>(a.index + 1, known_.size() * 3 / 2);
    known_.resize(size);
    bounds_.resize(size);
  }
  const Transfer transfer(nodes, bounds_);
  pending_.push_back(a);
  while (!pending_.empty()) {
    const Id top = pending_.back();
    const std::size_t before = pending_.size();
    // The bounds of an apply do not depend on its arguments.
    if (!known_[top.index] && nodes.kind(top) != Kind::apply) {
      for (const Id operand : nodes.args(top)) {
        if (!known_[operand.index]) pending_.push_back(operand);
      }
    }
    if (pending_.size() != before) continue;
    if (!known_[top.index]) bounds_[top.index] = transfer(top);
    known_[top.index] = true;
    pending_.pop_back();
  }
  return bounds_[a.index];
}

struct IntervalAnalysis::Data {
  BoundsTable table;
};

IntervalAnalysis::IntervalAnalysis(const Store& store)
    : store_(store), data_(std::make_unique<Data>()) {}
IntervalAnalysis::~IntervalAnalysis() = default;

Interval IntervalAnalysis::operator()(Id a) {
  return data_->table.of(store_.data_->nodes, a);
}

}  // namespace probity::term
