// SPDX-License-Identifier: Apache-2.0
// The transfer function of every kind: the tightest unsigned bounds that are cheap to state.
// Wherever a result may wrap, the answer is the full range.
#include "term/interval.hpp"

#include <algorithm>
#include <bit>

#include "term/store_data.hpp"

namespace probity::term {
namespace {

constexpr Value mask_of(unsigned width) {
  return mask<Value>(width);
}

/// All ones up to the highest set bit of `value`.
Value smear(Value value) {
  for (unsigned shift = 1; shift < 128; shift *= 2) value |= value >> shift;
  return value;
}

Interval full(unsigned width) {
  return {0, mask_of(width)};
}

/// a * b <= limit, without overflow of Value.
bool product_fits(Value a, Value b, Value limit) {
  return a == 0 || b <= limit / a;
}

Interval bitwise_and(Interval a, Interval b, Value ones) {
  const Value excess = a.low >= ones - b.low ? a.low - (ones - b.low) : 0;
  return {excess, std::min(a.high, b.high)};
}

Interval sum(Interval a, Interval b, unsigned width) {
  const Value ones = mask_of(width);
  if (a.high <= ones - b.high) return {a.low + b.low, a.high + b.high};
  const bool always_wraps = a.low != 0 && b.low > ones - a.low;
  if (!always_wraps) return full(width);
  return {(a.low + b.low) & ones, (a.high + b.high) & ones};
}

Interval product(Interval a, Interval b, unsigned width) {
  if (!product_fits(a.high, b.high, mask_of(width))) return full(width);
  return {a.low * b.low, a.high * b.high};
}

Interval quotient(Interval a, Interval b, unsigned width) {
  if (b.low == 0) return {b.high == 0 ? mask_of(width) : a.low / b.high, mask_of(width)};
  return {a.low / b.high, a.high / b.low};
}

Interval remainder(Interval a, Interval b) {
  if (a.high < b.low) return a;
  if (b.low == 0) return {0, a.high};
  return {0, std::min(a.high, b.high - 1)};
}

Interval shift_left(Interval a, Interval b, unsigned width) {
  if (a.high == 0) return {0, 0};
  if (b.high >= width || a.high > mask_of(width) >> unsigned(b.high)) return full(width);
  return {a.low << unsigned(b.low), a.high << unsigned(b.high)};
}

Interval shift_right(Interval a, Interval b, unsigned width) {
  const Value low = b.high >= width ? 0 : a.low >> unsigned(b.high);
  const Value high = b.low >= width ? 0 : a.high >> unsigned(b.low);
  return {low, high};
}

Interval slice(Interval a, unsigned low, unsigned width) {
  const unsigned above = low + width;
  const bool same_top = above >= 128 || a.low >> above == a.high >> above;
  if (!same_top) return full(width);
  return {(a.low >> low) & mask_of(width), (a.high >> low) & mask_of(width)};
}

Interval decided(bool surely_true, bool surely_false) {
  if (surely_true) return {1, 1};
  if (surely_false) return {0, 0};
  return {0, 1};
}

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
