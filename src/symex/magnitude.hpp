// SPDX-License-Identifier: Apache-2.0
// MagnitudeIndex: how far from zero can a 64-bit term be as a signed number? Intervals are unsigned
// and lose a sum of small negative and positive parts; this follows sums, constant multiples,
// choices and sign extensions. Arguments have smaller ids than the terms built from them, so one
// pass over new ids keeps the index up to date.
#pragma once

#include <cstdint>
#include <vector>

#include "term/term.hpp"

namespace probity::symex {

class MagnitudeIndex {
 public:
  MagnitudeIndex(const term::Store& store, term::IntervalAnalysis& intervals)
      : store_(store), intervals_(intervals) {}
  /// A bound of |a| as a signed number of its width; `unbounded` when none is known.
  std::uint64_t of(term::Id a);
  static constexpr std::uint64_t unbounded = std::uint64_t{1} << 62;

 private:
  std::uint64_t own(term::Id a);
  std::uint64_t of_operation(term::Id a);
  const term::Store& store_;
  term::IntervalAnalysis& intervals_;
  std::vector<std::uint64_t> bounds_{0};  // by id; id 0 is no term
};

}  // namespace probity::symex
