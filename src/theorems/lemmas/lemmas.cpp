// SPDX-License-Identifier: Apache-2.0
// The statements, in the order of solver/abstraction.cpp; a test compares the two on every operand
// and every claimed result at small widths, so that neither says more than the other.
#include "theorems/lemmas/lemmas.hpp"

namespace probity::theorems {

using term::Id;
using term::Store;
using term::Value;

namespace {

Id ones(Store& s, unsigned width) {
  return s.un(Op::not_, s.lit(width, 0));
}

/// The value of `bits` shifted down, zeros above.
Id shifted_down(Store& s, Id a, unsigned count) {
  return s.bin(Op::lshr, a, s.lit(s.width(a), count));
}

void add_bounded(Store& s, const Factor& a, const Factor& b, Id r, std::vector<Lemma>& lemmas) {
  const unsigned width = s.width(r);
  if (a.zeros_above + b.zeros_above < width) return;
  const unsigned first_zero = 2 * width - a.zeros_above - b.zeros_above;
  if (first_zero < width) {
    const Id high = s.extract(first_zero, width - first_zero, r);
    lemmas.push_back({"bits above both factors", s.eq(high, s.lit(width - first_zero, 0))});
  }
  const Id zero = s.lit(width, 0);
  for (const auto& [x, y] : {std::pair{a, b}, std::pair{b, a}}) {
    const Id x_is_zero = s.eq(x.value, zero), y_is_zero = s.eq(y.value, zero);
    lemmas.push_back({"no less than a factor", s.or_(y_is_zero, s.bin(Op::ule, x.value, r))});
    const unsigned bits_of_y = width - y.zeros_above;
    const Id high = bits_of_y == width ? zero : shifted_down(s, r, bits_of_y);
    lemmas.push_back({"high part", s.or_(x_is_zero, s.bin(Op::ult, high, x.value))});
  }
}

}  // namespace

std::vector<Lemma> product_lemmas(Store& s, const Factor& a, const Factor& b, Id r) {
  const unsigned width = s.width(r);
  const Id zero = s.lit(width, 0), one = s.lit(width, 1), minus_one = ones(s, width);
  std::vector<Lemma> lemmas;
  const auto low = [&](Id value) { return s.extract(0, 1, value); };
  lemmas.push_back({"lowest bit", s.eq(low(r), s.and_(low(a.value), low(b.value)))});
  const unsigned zeros = std::min(width, a.zeros_below + b.zeros_below);
  if (zeros > 0) {
    lemmas.push_back({"zeros below", s.eq(s.extract(0, zeros, r), s.lit(zeros, 0))});
  }
  for (const auto& [x, y] : {std::pair{a.value, b.value}, std::pair{b.value, a.value}}) {
    lemmas.push_back({"times zero", s.implies(s.eq(x, zero), s.eq(r, zero))});
    lemmas.push_back({"times one", s.implies(s.eq(x, one), s.eq(r, y))});
    lemmas.push_back(
        {"times minus one", s.implies(s.eq(x, minus_one), s.eq(r, s.bin(Op::sub, zero, y)))});
  }
  add_bounded(s, a, b, r, lemmas);
  return lemmas;
}

std::vector<Lemma> division_lemmas(Store& s, const Division& division) {
  const auto& [n, d, q, q_times_d, r] = division;
  const unsigned width = s.width(n);
  const Id zero = s.lit(width, 0), one = s.lit(width, 1);
  const Id by_zero = s.eq(d, zero);
  const auto at_most = [&](Id a, Id b) { return s.bin(Op::ule, a, b); };
  return {
      {"remainder below divisor", s.or_(by_zero, s.bin(Op::ult, r, d))},
      {"product at most dividend", s.or_(by_zero, at_most(q_times_d, n))},
      {"quotient at most dividend", s.or_(by_zero, at_most(q, n))},
      {"remainder at most dividend", at_most(r, n)},
      {"quotient by zero", s.implies(by_zero, s.eq(q, ones(s, width)))},
      {"remainder by zero", s.implies(by_zero, s.eq(r, n))},
      {"by one", s.implies(s.eq(d, one), s.eq(q, n))},
      {"of less than the divisor", s.implies(s.bin(Op::ult, n, d), s.eq(q, zero))},
      {"of the divisor", s.implies(s.eq(n, d), s.eq(r, zero))},
  };
}

}  // namespace probity::theorems
