// SPDX-License-Identifier: Apache-2.0
// Incremental: many small related conjunctions over one growing store. Gates and learnt clauses
// stay, each check assumes its own conjuncts, and an `unsat` comes with those of them that
// contradict each other. Falls back to solve() when its budget ends.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "solver/solver.hpp"

namespace probity::solver {

class Engine;

class Incremental {
 public:
  Incremental(term::Store& store, const Options& options);
  ~Incremental();
  Incremental(const Incremental&) = delete;
  Incremental& operator=(const Incremental&) = delete;

  /// Is the conjunction of `parts` satisfiable? No part is a literal or a conjunction. Spends at
  /// most `wall_ms` in each stage, and never more than Limits::wall_ms.
  Answer check(std::span<const term::Id> parts, std::uint32_t wall_ms);
  /// After `unsat`: parts that cannot hold together, by ascending id; perhaps all of them.
  std::span<const term::Id> core() const { return core_; }

 private:
  void count_waste(const Answer& answer);

  term::Store& store_;
  Options options_;
  std::unique_ptr<Engine> engine_;
  std::vector<term::Id> core_;
  std::uint64_t waste_ = 0;
};

}  // namespace probity::solver
