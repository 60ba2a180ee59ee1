// SPDX-License-Identifier: Apache-2.0
// Unsigned bounds of terms, computed bottom-up over the DAG and memoised by id. The rewriter and
// the public IntervalAnalysis share this table's transfer function.
#pragma once

#include <optional>
#include <vector>

#include "term/nodes.hpp"

namespace probity::term {

class BoundsTable {
 public:
  /// Bounds of `a`; computes the missing ones below it with an explicit stack.
  Interval of(const Nodes& nodes, Id a);

 private:
  std::vector<Interval> bounds_;
  std::vector<bool> known_;
  std::vector<Id> pending_;
};

}  // namespace probity::term
