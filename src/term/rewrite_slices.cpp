// SPDX-License-Identifier: Apache-2.0
// concat, extract and the extensions. Extracts move towards the variables, neighbouring slices of
// one term grow together again, and constant pieces merge: after this, a value that was stored byte
// by byte is the value.
#include <algorithm>

#include "term/rewriter.hpp"

namespace probity::term {
namespace {

constexpr unsigned max_merge_depth = 4;
constexpr std::size_t max_cached_extracts = std::size_t{1} << 18;

/// Where a lossy cache of `size` (a power of two) entries keeps a slice.
std::size_t cache_place(Id a, std::uint32_t slice, std::size_t size) {
  return (a.index * 0x9e3779b1u ^ slice * 0x85ebca6bu) & (size - 1);
}

}  // namespace

/// Both operands of a not, and, xor or ite merge: the operation on the merged ones.
std::optional<Id> Rewriter::merge_pair(Kind shared, Id high, Id low, unsigned depth) {
  if (shared == Kind::not_) {
    const auto inner = merge(arg(high, 0), arg(low, 0), depth);
    return inner ? std::optional(not_(*inner)) : std::nullopt;
  }
  if (shared == Kind::ite) {
    if (arg(high, 0) != arg(low, 0)) return std::nullopt;
    const auto then = merge(arg(high, 1), arg(low, 1), depth);
    if (!then) return std::nullopt;
    const auto otherwise = merge(arg(high, 2), arg(low, 2), depth);
    return otherwise ? std::optional(ite(arg(high, 0), *then, *otherwise)) : std::nullopt;
  }
  for (const unsigned first : {0u, 1u}) {
    const auto left = merge(arg(high, 0), arg(low, first), depth);
    if (!left) continue;
    const auto right = merge(arg(high, 1), arg(low, 1 - first), depth);
    if (right) return shared == Kind::and_ ? and_(*left, *right) : xor_(*left, *right);
  }
  return std::nullopt;
}

/// concat(high, low) as something simpler than a concat, if it is.
std::optional<Id> Rewriter::merge(Id high, Id low, unsigned depth) {
  const unsigned total = width(high) + width(low);
  // concat(k, l) -> one literal
  if (is_lit(high) && is_lit(low)) return lit(total, value(high) << width(low) | value(low));
  if (is(high, Kind::extract) && at(high).low >= width(low)) {
    const Id whole = arg(high, 0);
    const unsigned start = at(high).low - width(low);
    // concat(x[i:j], x[j-1:k]) -> x[i:k], also where the lower slice has been rewritten: to zeros,
    // say, where x is a sum of aligned addresses
    if (extract(start, width(low), whole) == low) return extract(start, total, whole);
  }
  const Kind shared = kind(high);
  const bool bitwise = shared == Kind::not_ || shared == Kind::and_ || shared == Kind::xor_;
  if (depth == 0 || shared != kind(low) || !(bitwise || shared == Kind::ite)) return std::nullopt;
  // concat(f(a), f(b)) -> f(concat(a, b)), for bitwise f whose operands merge
  return merge_pair(shared, high, low, depth - 1);
}

/// zext((x / y)[k:0]) -> zext(x / y), where x / y has no more bits
std::optional<Id> Rewriter::whole_quotient(unsigned to, Id low) {
  if (!is(low, Kind::extract) || at(low).low != 0 || !is(arg(low, 0), Kind::udiv)) {
    return std::nullopt;
  }
  const Id quotient = arg(low, 0);
  if (width(quotient) > to || bounds(quotient).high >> width(low) != 0) return std::nullopt;
  return zext(to, quotient);
}

Id Rewriter::concat(Id high, Id low) {
  const unsigned total = width(high) + width(low);
  if (is_lit(high) && is_lit(low)) return lit(total, value(high) << width(low) | value(low));
  if (rules_apply()) {
    const Deeper deeper(depth_);
    if (is_zero(high)) {
      if (const auto whole = whole_quotient(total, low)) return *whole;
    }
    // concat(x + y, 0) -> 2^s*x + 2^s*y
    if (is_zero(low) && is(high, Kind::add)) {
      if (const auto sum = multiplied_sum(high, width(low))) return *sum;
    }
    // concat(x, concat(y, z)) -> concat(concat(x, y), z)
    if (is(low, Kind::concat)) return concat(concat(high, arg(low, 0)), arg(low, 1));
    if (const auto merged = merge(high, low, max_merge_depth)) return *merged;
    // concat(concat(x, y), z) -> concat(x, yz), where y and z merge
    if (is(high, Kind::concat)) {
      const auto merged = merge(arg(high, 1), low, max_merge_depth);
      if (merged) return concat(arg(high, 0), *merged);
    }
  }
  return raw(Kind::concat, total, high, low);
}

Id Rewriter::extract(unsigned low, unsigned width, Id a) {
  if (width == this->width(a)) return a;
  if (is_lit(a)) return lit(width, value(a) >> low);
  if (!rules_apply()) return nodes_.make(Kind::extract, width, {a, Id{}, Id{}}, low);
  const auto slice = static_cast<std::uint16_t>(low << 8 | width);
  if (extracts_.size() < nodes_.size() && extracts_.size() < max_cached_extracts) {
    extracts_.assign(extracts_.size() * 4, CachedExtract{});
  }
  const CachedExtract& cached = extracts_[cache_place(a, slice, extracts_.size())];
  if (cached.argument == a && cached.slice == slice) return cached.result;
  const Deeper deeper(depth_);
  const Id result = extract_rules(low, width, a);
  extracts_[cache_place(a, slice, extracts_.size())] = {a, slice, result};
  return result;
}

Id Rewriter::extract_rules(unsigned low, unsigned width, Id a) {
  const auto slice = [&](unsigned i) { return extract(low, width, arg(a, i)); };
  switch (kind(a)) {
    // x[i:j][k:l] -> x[k+j:l+j]
    case Kind::extract: return extract(low + at(a).low, width, arg(a, 0));
    case Kind::concat: {
      const unsigned low_width = this->width(arg(a, 1));
      // concat(h, l)[..] -> a slice of l, of h, or of both
      if (low + width <= low_width) return slice(1);
      if (low >= low_width) return extract(low - low_width, width, arg(a, 0));
      const Id upper = extract(0, low + width - low_width, arg(a, 0));
      return concat(upper, extract(low, low_width - low, arg(a, 1)));
    }
    // (~x)[..] -> ~x[..]; the same for and, xor and the arms of ite
    case Kind::not_: return not_(slice(0));
    case Kind::and_: return and_(slice(0), slice(1));
    case Kind::xor_: return xor_(slice(0), slice(1));
    case Kind::ite: return ite(arg(a, 0), slice(1), slice(2));
    // (x + y)[k:0] -> x[k:0] + y[k:0]; the same for mul
    case Kind::add:
      if (low == 0) return extract_sum(width, a);
      // (2^j*x + 2^j*y)[i:j] -> (x + y)[i-j:0]
      if (const auto part = divided_sum(low, a)) return extract(0, width, *part);
      // ((x + 1) * M)[i:j] -> (x / d)[i-j:0], where M is the reciprocal of d, rounded down
      if (const auto quotient = quotient_of_product(low, a)) return extract(0, width, *quotient);
      break;
    case Kind::mul:
      if (low == 0) return mul(slice(0), slice(1));
      // (x * M)[i:j] -> (x / d)[i-j:0], where M is the reciprocal of d
      if (const auto quotient = quotient_of_product(low, a)) return extract(0, width, *quotient);
      break;
    case Kind::lit:
    case Kind::var:
    case Kind::apply:
    case Kind::udiv:
    case Kind::urem:
    case Kind::shl:
    case Kind::lshr:
    case Kind::ashr:
    case Kind::eq:
    case Kind::ult: break;
  }
  // x[i:j] -> 0, where x is always below 2^j
  if (low > 0 && !is(a, Kind::var) && bounds(a).high >> low == 0) return lit(width, 0);
  return nodes_.make(Kind::extract, width, {a, Id{}, Id{}}, low);
}

Id Rewriter::zext(unsigned to, Id a) {
  // zext(x) -> concat(0, x)
  return to == width(a) ? a : concat(lit(to - width(a), 0), a);
}

Id Rewriter::sext(unsigned to, Id a) {
  if (to == width(a)) return a;
  const unsigned extra = to - width(a);
  if (is_lit(a)) return lit(to, static_cast<Value>(as_signed<Value>(value(a), width(a))));
  // sext(x) -> x ? ~0 : 0, for one bit
  if (extra + 1 == to) return ite(a, lit(to, ~Value{0}), lit(to, 0));
  // sext(x) -> concat(sign of x ? ~0 : 0, x)
  return concat(ite(sign(a), lit(extra, ~Value{0}), lit(extra, 0)), a);
}

}  // namespace probity::term
