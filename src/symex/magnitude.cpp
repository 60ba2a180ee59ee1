// SPDX-License-Identifier: Apache-2.0
// Only terms of 64 bits get a bound from their parts: a narrower sum may wrap at its own width. A
// sign extension is a concatenation of a choice between all zeros and all ones with its source.
#include "symex/magnitude.hpp"

#include <algorithm>

namespace probity::symex {
namespace {

constexpr unsigned word_bits = 64;

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  if (a == 0 || b == 0) return 0;
  return a >= MagnitudeIndex::unbounded / b ? MagnitudeIndex::unbounded : a * b;
}

std::uint64_t absolute(term::Value value) {
  const auto number = static_cast<std::uint64_t>(value);
  return std::min(number >> 63 ? 0 - number : number, MagnitudeIndex::unbounded);
}

}  // namespace

std::uint64_t MagnitudeIndex::of_operation(term::Id a) {
  const auto args = store_.args(a);
  switch (store_.kind(a)) {
    case term::Kind::add:
      return std::min(bounds_[args[0].index] + bounds_[args[1].index], unbounded);
    case term::Kind::mul: return product(bounds_[args[0].index], bounds_[args[1].index]);
    case term::Kind::ite: return std::max(bounds_[args[1].index], bounds_[args[2].index]);
    case term::Kind::concat: {
      // Either half of the choice, or no sign extension at all.
      const term::Id high = args[0];
      if (store_.kind(high) != term::Kind::ite) return unbounded;
      const unsigned width = store_.width(high);
      const auto ones = (term::Value{1} << width) - 1;
      const auto then = store_.literal(store_.args(high)[1]);
      const auto otherwise = store_.literal(store_.args(high)[2]);
      const auto is_sign = [&](const auto& half) { return half && (*half == 0 || *half == ones); };
      if (!is_sign(then) || !is_sign(otherwise)) return unbounded;
      return std::min(std::uint64_t{1} << (word_bits - width), unbounded);
    }
    default: return unbounded;
  }
}

std::uint64_t MagnitudeIndex::own(term::Id a) {
  if (store_.width(a) != word_bits) return unbounded;
  if (const auto value = store_.literal(a)) return absolute(*value);
  const term::Value high = intervals_(a).high;
  if (high < unbounded) return static_cast<std::uint64_t>(high);
  return of_operation(a);
}

std::uint64_t MagnitudeIndex::of(term::Id a) {
  while (bounds_.size() <= a.index) {
    bounds_.push_back(own(term::Id{static_cast<std::uint32_t>(bounds_.size())}));
  }
  return bounds_[a.index];
}

}  // namespace probity::symex
