// SPDX-License-Identifier: Apache-2.0
// Unsigned bounds of an operation's result from those of its operands: the tightest that are cheap
// to state. Wherever a result may wrap, the answer is the full range.
#pragma once

#include <algorithm>

#include "term/term.hpp"

namespace probity::term::interval {

constexpr Value mask_of(unsigned width) {
  return mask<Value>(width);
}

/// All ones up to the highest set bit of `value`.
inline Value smear(Value value) {
  for (unsigned shift = 1; shift < 128; shift *= 2) value |= value >> shift;
  return value;
}

inline Interval full(unsigned width) {
  return {0, mask_of(width)};
}

/// a * b <= limit, without overflow of Value.
inline bool product_fits(Value a, Value b, Value limit) {
  return a == 0 || b <= limit / a;
}

inline Interval bitwise_and(Interval a, Interval b, Value ones) {
  const Value excess = a.low >= ones - b.low ? a.low - (ones - b.low) : 0;
  return {excess, std::min(a.high, b.high)};
}

inline Interval sum(Interval a, Interval b, unsigned width) {
  const Value ones = mask_of(width);
  if (a.high <= ones - b.high) return {a.low + b.low, a.high + b.high};
  const bool always_wraps = a.low != 0 && b.low > ones - a.low;
  if (!always_wraps) return full(width);
  return {(a.low + b.low) & ones, (a.high + b.high) & ones};
}

inline Interval product(Interval a, Interval b, unsigned width) {
  if (!product_fits(a.high, b.high, mask_of(width))) return full(width);
  return {a.low * b.low, a.high * b.high};
}

inline Interval quotient(Interval a, Interval b, unsigned width) {
  if (b.low == 0) return {b.high == 0 ? mask_of(width) : a.low / b.high, mask_of(width)};
  return {a.low / b.high, a.high / b.low};
}

inline Interval remainder(Interval a, Interval b) {
  if (a.high < b.low) return a;
  if (b.low == 0) return {0, a.high};
  return {0, std::min(a.high, b.high - 1)};
}

inline Interval shift_left(Interval a, Interval b, unsigned width) {
  if (a.high == 0) return {0, 0};
  if (b.high >= width || a.high > mask_of(width) >> unsigned(b.high)) return full(width);
  return {a.low << unsigned(b.low), a.high << unsigned(b.high)};
}

inline Interval shift_right(Interval a, Interval b, unsigned width) {
  const Value low = b.high >= width ? 0 : a.low >> unsigned(b.high);
  const Value high = b.low >= width ? 0 : a.high >> unsigned(b.low);
  return {low, high};
}

inline Interval slice(Interval a, unsigned low, unsigned width) {
  const unsigned above = low + width;
  const bool same_top = above >= 128 || a.low >> above == a.high >> above;
  if (!same_top) return full(width);
  return {(a.low >> low) & mask_of(width), (a.high >> low) & mask_of(width)};
}

inline Interval decided(bool surely_true, bool surely_false) {
  if (surely_true) return {1, 1};
  if (surely_false) return {0, 0};
  return {0, 1};
}

}  // namespace probity::term::interval
