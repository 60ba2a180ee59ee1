// SPDX-License-Identifier: Apache-2.0
// Stage: one way to answer a query with our own engine: the query rebuilt under certain rewrites,
// then blasted with products abstract or exact. No single choice wins (distribution proves what
// hides it elsewhere), hence several.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "solver/engine.hpp"
#include "solver/query.hpp"
#include "solver/stopwatch.hpp"
#include "term/term.hpp"

namespace probity::solver {

struct StagePlan {
  std::string_view name;
  term::RewriteOptions rewrites;
  Products products;
};

/// The builtin stages, in the order they run.
std::span<const StagePlan> builtin_stages();

class Stage {
 public:
  Stage(const StagePlan& plan, const term::Store& store, std::span<const term::Id> assertions,
        const Leaves& leaves, const Limits& limits);

  /// Spends at most `conflicts` more. An answer other than unknown is final; a `sat` has been
  /// evaluated on the original query.
  Answer run(std::uint64_t conflicts, const Deadline& deadline);
  /// Whether another run() could do better than the last one.
  bool can_continue() const { return can_continue_; }

 private:
  /// False: the deadline passed.
  bool import_query(const Deadline& deadline);
  void make_engine(const Deadline& deadline);

  const StagePlan& plan_;
  const term::Store& store_;
  std::span<const term::Id> assertions_;
  const Leaves& leaves_;
  Limits limits_;
  std::uint64_t spent_conflicts_ = 0;
  bool can_continue_ = true;
  bool refuted_by_rewriting_ = false;
  std::optional<term::Store> copy_;
  std::vector<term::Id> copy_of_;
  std::vector<term::Id> copies_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace probity::solver
