// SPDX-License-Identifier: Apache-2.0
// PathSolver: which sides of a condition can a path take? In order of cost: constants, the path's
// own valuation, the interval of the packet length, then the incremental solver.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "solver/solver.hpp"
#include "symex/context.hpp"
#include "symex/state.hpp"

namespace probity::symex {

enum class Answer : std::uint8_t { no, yes, unknown };

/// Whether a condition can be true, and the valuation that shows it.
struct Possibility {
  Answer answer = Answer::no;
  std::shared_ptr<Valuation> valuation;  ///< when yes
  std::string reason;                    ///< when unknown
  std::optional<std::pair<std::uint64_t, std::uint64_t>>
      length;  ///< refined bounds, if that decided it
};

/// "These cannot all hold": what a verdict rests on, kept for a second opinion.
struct Claim {
  std::uint32_t slot = 0;
  std::vector<term::Id> conjunction;
};

class PathSolver {
 public:
  PathSolver(Context& context, term::Id length, const solver::Options& options);

  /// Can `condition` hold on this path?
  Possibility possible(const PathState& state, term::Id condition);
  /// Adds `condition`, which `shown` says is possible, to the path.
  void assume(PathState& state, term::Id condition, const Possibility& shown);
  /// A valuation of the path condition and `condition` with the shortest packet that also meets as
  /// many of the wishes, in order, as can be met together.
  std::shared_ptr<Valuation> simplest(const PathState& state, const Possibility& shown,
                                      term::Id condition, std::span<const term::Id> wishes);
  bool mentions_length(term::Id condition);
  std::uint64_t checks() const { return session_.checks(); }
  /// From now on every "no" that is not a constant is recorded.
  void record_claims() { recording_ = true; }
  const std::vector<Claim>& claims() const { return claims_; }

 private:
  bool only_length(term::Id condition);
  std::uint8_t variables_of(term::Id a);
  void record(const PathState& state, term::Id condition);
  std::optional<Possibility> by_length(const PathState& state, term::Id condition);
  std::shared_ptr<Valuation> with_length(const PathState& state, std::uint64_t length);

  Context& context_;
  term::Id length_;
  solver::Session session_;
  bool recording_ = false;
  std::vector<Claim> claims_;
  std::vector<std::uint8_t> variables_{
      0};  // by id: bit 0 mentions the length, bit 1 another variable
};

}  // namespace probity::symex
