// SPDX-License-Identifier: Apache-2.0
// Where an operation is not worth a rule, the answer is "anything", which is always right.
#include "term/knowledge.hpp"

#include <algorithm>
#include <bit>

#include "base/check.hpp"
#include "term/interval_arithmetic.hpp"

namespace probity::term {
namespace {

using interval::mask_of;
using interval::smear;

/// What is known where nothing is possible.
constexpr Knowledge nothing{1, 0, 0, 0};

bool any_impossible(std::span<const Knowledge> list) {
  return std::ranges::any_of(list, [](const Knowledge& k) { return k.impossible(); });
}

unsigned trailing_ones(Value value) {
  unsigned count = 0;
  for (; count < max_width && (value >> count & 1) != 0; ++count) {
  }
  return count;
}

/// The bits that all numbers from low to high share, as a mask.
Value common_prefix(Value low, Value high, unsigned width) {
  return ~smear(low ^ high) & mask_of(width);
}

/// Bits out of bounds and bounds out of bits.
Knowledge reduced(Knowledge k, unsigned width) {
  if (k.impossible()) return k;
  k.low = std::max(k.low, k.ones);
  k.high = std::min(k.high, mask_of(width) & ~k.zeros);
  if (k.low > k.high) return k;
  const Value prefix = common_prefix(k.low, k.high, width);
  k.ones |= k.low & prefix;
  k.zeros |= ~k.low & prefix;
  return k;
}

Knowledge from(Interval bounds, unsigned width) {
  return reduced({bounds.low, bounds.high, 0, 0}, width);
}
Interval bounds(const Knowledge& k) {
  return {k.low, k.high};
}
Knowledge from_bits(Value zeros, Value ones, unsigned width) {
  return reduced({0, mask_of(width), zeros & mask_of(width), ones & mask_of(width)}, width);
}

Knowledge sum(const Knowledge& a, const Knowledge& b, unsigned width) {
  const Value limit = mask_of(width);
  const Value most = ((~a.zeros & limit) + (~b.zeros & limit)) & limit;
  const Value least = (a.ones + b.ones) & limit;
  const Value no_carry = ~(most ^ a.zeros ^ b.zeros);
  const Value carry = least ^ a.ones ^ b.ones;
  const Value known = (a.zeros | a.ones) & (b.zeros | b.ones) & (no_carry | carry) & limit;
  return meet(from_bits(~most & known, least & known, width),
              from(interval::sum(bounds(a), bounds(b), width), width), width);
}

Knowledge product(const Knowledge& a, const Knowledge& b, unsigned width) {
  const unsigned zeros = std::min(width, trailing_ones(a.zeros) + trailing_ones(b.zeros));
  const Value low_zeros = zeros == 0 ? 0 : mask_of(zeros);
  return meet(from_bits(low_zeros, 0, width),
              from(interval::product(bounds(a), bounds(b), width), width), width);
}

Knowledge shifted(const Store& store, Id a, std::span<const Knowledge> in, unsigned width) {
  const bool left = store.kind(a) == Kind::shl;
  const Interval range = left ? interval::shift_left(bounds(in[0]), bounds(in[1]), width)
                              : interval::shift_right(bounds(in[0]), bounds(in[1]), width);
  const auto amount = in[1].value();
  if (!amount || *amount >= width || *amount == 0) return from(range, width);
  const auto count = static_cast<unsigned>(*amount);
  const Knowledge bits =
      left ? from_bits(in[0].zeros << count | mask_of(count), in[0].ones << count, width)
           : from_bits(in[0].zeros >> count | ~(mask_of(width) >> count), in[0].ones >> count,
                       width);
  return meet(bits, from(range, width), width);
}

Knowledge decided(bool surely_true, bool surely_false) {
  if (surely_true) return Knowledge::exactly(1, 1);
  return surely_false ? Knowledge::exactly(1, 0) : Knowledge::anything(1);
}

Knowledge equality(const Knowledge& a, const Knowledge& b) {
  const bool bits_differ = ((a.ones & b.zeros) | (a.zeros & b.ones)) != 0;
  return decided(a.value() && a.value() == b.value(),
                 bits_differ || a.high < b.low || b.high < a.low);
}

Knowledge concatenation(const Knowledge& high, const Knowledge& low, unsigned shift,
                        unsigned width) {
  return reduced({high.low << shift | low.low, high.high << shift | low.high,
                  high.zeros << shift | low.zeros, high.ones << shift | low.ones},
                 width);
}

Knowledge slice(const Knowledge& k, unsigned low, unsigned width) {
  return meet(from_bits(k.zeros >> low, k.ones >> low, width),
              from(interval::slice(bounds(k), low, width), width), width);
}

/// x where x + c, modulo 2^width, is between low and high.
Knowledge minus_constant(const Knowledge& result, Value c, unsigned width) {
  const Value low = (result.low - c) & mask_of(width);
  const Value high = (result.high - c) & mask_of(width);
  return low <= high ? Knowledge::between(width, low, high) : Knowledge::anything(width);
}

Knowledge backward_add(const Knowledge& result, const Knowledge& other, unsigned width) {
  if (const auto c = other.value()) return minus_constant(result, *c, width);
  return Knowledge::anything(width);
}

/// x where x * c is `result`: only for c = -1 and products that cannot wrap.
Knowledge backward_mul(const Knowledge& result, const Knowledge& other, const Knowledge& own,
                       unsigned width) {
  const auto c = other.value();
  if (!c || *c == 0) return Knowledge::anything(width);
  if (*c == mask_of(width) && width > 1) {
    const Value low = (0 - result.high) & mask_of(width);
    const Value high = (0 - result.low) & mask_of(width);
    return low <= high ? Knowledge::between(width, low, high) : Knowledge::anything(width);
  }
  if (!interval::product_fits(*c, own.high, mask_of(width))) return Knowledge::anything(width);
  const Value low = result.low / *c + (result.low % *c != 0 ? 1 : 0);
  return {low, result.high / *c, 0, 0};
}

Knowledge backward_eq(const Knowledge& result, const Knowledge& other, const Knowledge& own,
                      unsigned width) {
  const auto holds = result.value();
  if (!holds) return Knowledge::anything(width);
  if (*holds != 0) return other;
  Knowledge k = Knowledge::anything(width);
  const auto excluded = other.value();
  if (!excluded) return k;
  if (own.low == *excluded) {
    if (own.low == own.high) return nothing;
    k.low = own.low + 1;
  } else if (own.high == *excluded) {
    k.high = own.high - 1;
  }
  return k;
}

Knowledge backward_ult(const Knowledge& result, std::span<const Knowledge> in, unsigned number,
                       unsigned width) {
  const auto holds = result.value();
  Knowledge k = Knowledge::anything(width);
  if (!holds) return k;
  const Knowledge& other = in[1 - number];
  if (*holds != 0 && number == 0) {
    if (other.high == 0) return nothing;
    k.high = other.high - 1;
  } else if (*holds != 0) {
    if (other.low == mask_of(width)) return nothing;
    k.low = other.low + 1;
  } else if (number == 0) {
    k.low = other.low;
  } else {
    k.high = other.high;
  }
  return k;
}

Knowledge backward_ite(const Knowledge& result, std::span<const Knowledge> in, unsigned number,
                       unsigned width) {
  if (number == 0) {
    const auto fits = [&](const Knowledge& side) {
      return !meet(result, side, width).impossible();
    };
    const bool then = fits(in[1]), otherwise = fits(in[2]);
    if (then && otherwise) return Knowledge::anything(1);
    if (!then && !otherwise) return nothing;
    return Knowledge::exactly(1, then ? 1 : 0);
  }
  const auto condition = in[0].value();
  if (condition && (*condition != 0) == (number == 1)) return result;
  return Knowledge::anything(width);
}

Knowledge backward_concat(const Knowledge& result, std::span<const Knowledge> in, unsigned number,
                          unsigned width, unsigned shift) {
  if (number == 0) {
    return meet(from_bits(result.zeros >> shift, result.ones >> shift, width),
                Knowledge::between(width, result.low >> shift, result.high >> shift), width);
  }
  const Knowledge bits = from_bits(result.zeros, result.ones, width);
  const auto high = in[0].value();
  if (!high) return bits;
  const Value base = *high << shift;
  const Value top = base | mask_of(shift);
  if (result.high < base || result.low > top) return nothing;
  return meet(bits,
              Knowledge::between(width, std::max(result.low, base) - base,
                                 std::min(result.high, top) - base),
              width);
}

Knowledge backward_extract(const Knowledge& result, const Knowledge& own, unsigned low,
                           unsigned width, unsigned own_width) {
  const Value zeros = (result.zeros & mask_of(width)) << low;
  const Knowledge bits = from_bits(zeros, (result.ones & mask_of(width)) << low, own_width);
  if (low != 0 || own.high > mask_of(width)) return bits;
  return meet(bits, Knowledge::between(own_width, result.low, result.high), own_width);
}

/// x where x / c, or x >> k with c = 2^k, is `result`.
Knowledge backward_quotient(const Knowledge& result, Value c, unsigned width) {
  const Value limit = mask_of(width);
  if (result.low > limit / c) return nothing;
  const Value low = result.low * c;
  const bool fits = result.high < limit / c;
  return {low, fits ? result.high * c + (c - 1) : limit, 0, 0};
}

Knowledge backward_and(const Knowledge& result, const Knowledge& other, unsigned width) {
  return from_bits(result.zeros & other.ones, result.ones, width);
}
Knowledge backward_xor(const Knowledge& result, const Knowledge& other, unsigned width) {
  const Value zeros = (result.zeros & other.zeros) | (result.ones & other.ones);
  const Value ones = (result.zeros & other.ones) | (result.ones & other.zeros);
  return from_bits(zeros, ones, width);
}

}  // namespace

Knowledge Knowledge::between(unsigned width, Value low, Value high) {
  return reduced({low, high, 0, 0}, width);
}

Knowledge meet(const Knowledge& a, const Knowledge& b, unsigned width) {
  return reduced(
      {std::max(a.low, b.low), std::min(a.high, b.high), a.zeros | b.zeros, a.ones | b.ones},
      width);
}

Knowledge join(const Knowledge& a, const Knowledge& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high), a.zeros & b.zeros, a.ones & b.ones};
}

Knowledge forward(const Store& store, Id a, std::span<const Knowledge> in) {
  if (any_impossible(in)) return nothing;
  const unsigned width = store.width(a);
  switch (store.kind(a)) {
    case Kind::lit: return Knowledge::exactly(width, *store.literal(a));
    case Kind::var:
    case Kind::apply: return Knowledge::anything(width);
    case Kind::not_:
      return {mask_of(width) - in[0].high, mask_of(width) - in[0].low, in[0].ones, in[0].zeros};
    case Kind::and_:
      return meet(from_bits(in[0].zeros | in[1].zeros, in[0].ones & in[1].ones, width),
                  from(interval::bitwise_and(bounds(in[0]), bounds(in[1]), mask_of(width)), width),
                  width);
    case Kind::xor_: return backward_xor(in[0], in[1], width);
    case Kind::add: return sum(in[0], in[1], width);
    case Kind::mul: return product(in[0], in[1], width);
    case Kind::udiv: return from(interval::quotient(bounds(in[0]), bounds(in[1]), width), width);
    case Kind::urem: return from(interval::remainder(bounds(in[0]), bounds(in[1])), width);
    case Kind::shl:
    case Kind::lshr: return shifted(store, a, in, width);
    case Kind::ashr:
      return in[0].high >> (width - 1) == 0 ? shifted(store, a, in, width)
                                            : Knowledge::anything(width);
    case Kind::eq: return equality(in[0], in[1]);
    case Kind::ult: return decided(in[0].high < in[1].low, in[0].low >= in[1].high);
    case Kind::ite:
      if (const auto condition = in[0].value()) return *condition != 0 ? in[1] : in[2];
      return join(in[1], in[2]);
    case Kind::concat: return concatenation(in[0], in[1], store.width(store.args(a)[1]), width);
    case Kind::extract: return slice(in[0], store.low(a), width);
  }
  PROBITY_UNREACHABLE("kind");
}

Knowledge backward(const Store& store, Id a, const Knowledge& result, std::span<const Knowledge> in,
                   unsigned number) {
  if (result.impossible() || any_impossible(in)) return nothing;
  const unsigned width = store.width(a);
  const unsigned own_width = store.width(store.args(a)[number]);
  const auto other = [&]() -> const Knowledge& { return in[1 - number]; };
  switch (store.kind(a)) {
    case Kind::not_:
      return {mask_of(width) - result.high, mask_of(width) - result.low, result.ones, result.zeros};
    case Kind::and_: return backward_and(result, other(), width);
    case Kind::xor_: return backward_xor(result, other(), width);
    case Kind::add: return backward_add(result, other(), width);
    case Kind::mul: return backward_mul(result, other(), in[number], width);
    case Kind::eq: return backward_eq(result, other(), in[number], own_width);
    case Kind::ult: return backward_ult(result, in, number, own_width);
    case Kind::ite: return backward_ite(result, in, number, width);
    case Kind::concat:
      return backward_concat(result, in, number, own_width, store.width(store.args(a)[1]));
    case Kind::extract: return backward_extract(result, in[0], store.low(a), width, own_width);
    case Kind::udiv: {
      const auto divisor = in[1].value();
      if (number != 0 || !divisor || *divisor == 0) break;
      return backward_quotient(result, *divisor, width);
    }
    case Kind::lshr: {
      const auto amount = in[1].value();
      if (number != 0 || !amount || *amount >= width) break;
      return backward_quotient(result, Value{1} << static_cast<unsigned>(*amount), width);
    }
    case Kind::lit:
    case Kind::var:
    case Kind::apply:
    case Kind::urem:
    case Kind::shl:
    case Kind::ashr: break;
  }
  return Knowledge::anything(own_width);
}

}  // namespace probity::term
