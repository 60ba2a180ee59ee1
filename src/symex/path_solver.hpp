// SPDX-License-Identifier: Apache-2.0
// PathSolver: which sides of a condition can a path take? In order of cost: constants, the path's
// own valuation, the interval of the packet length, bounds and bits on this path, contradictions
// and models seen before, a repaired valuation, and the incremental solver last. From "seen before"
// on only the conjuncts that share variables with the condition are looked at.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "solver/incremental.hpp"
#include "symex/context.hpp"
#include "symex/path_facts.hpp"
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

/// How the questions that were no constants were answered.
struct QuestionCounts {
  std::uint64_t valuation = 0;      ///< yes: the path's own assignment
  std::uint64_t length = 0;         ///< by the packet length alone
  std::uint64_t facts = 0;          ///< no: by bounds and bits
  std::uint64_t contradiction = 0;  ///< no: one that the solver found before
  std::uint64_t model = 0;          ///< yes: a recent assignment
  std::uint64_t repair = 0;         ///< yes: the path's assignment, changed where it had to be
  std::uint64_t solver = 0;
};

/// Ways to answer without the solver; a test leaves each of them out, or asks it alone.
struct Shortcuts {
  bool facts = true;
  bool slices = true;
  bool memory = true;  ///< contradictions and models seen before
  bool repair = true;
  FactsMutation mutation = FactsMutation::none;
};

class PathSolver {
 public:
  PathSolver(Context& context, term::Id length, const solver::Options& options,
             const Shortcuts& shortcuts = {});

  /// Can `condition` hold on this path?
  Possibility possible(const PathState& state, term::Id condition);
  /// Adds `condition`, which `shown` says is possible, to the path.
  void assume(PathState& state, term::Id condition, const Possibility& shown);
  /// A valuation of the path condition and `condition` with the shortest packet that also meets as
  /// many of the wishes, in order, as can be met together.
  std::shared_ptr<Valuation> simplest(const PathState& state, const Possibility& shown,
                                      term::Id condition, std::span<const term::Id> wishes);
  bool mentions_length(term::Id condition);
  /// Questions that reached the solver.
  std::uint64_t checks() const { return counts_.solver; }
  const QuestionCounts& counts() const { return counts_; }
  /// Wall clock of the slowest of them.
  double worst_seconds() const { return worst_seconds_; }
  /// The solver may work until then; later questions are unknown.
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  /// From now on every "no" that is not a constant is recorded.
  void record_claims() { recording_ = true; }
  const std::vector<Claim>& claims() const { return claims_; }

 private:
  using Path = std::span<const term::Id>;
  bool only_length(term::Id condition);
  std::uint8_t variables_of(term::Id a);
  void record(std::uint32_t slot, Path conjuncts, term::Id condition);
  std::optional<Possibility> by_length(const PathState& state, term::Id condition);
  std::shared_ptr<Valuation> with_length(const PathState& state, std::uint64_t length);

  /// Where a question stands: for the claims that rest on the answer.
  struct Question {
    Path path;
    std::uint32_t slot = 0;
    term::Id condition;
  };
  /// Can the condition hold? `valuation` satisfies the path and not the condition.
  Possibility ask(const Question& question, const std::shared_ptr<Valuation>& valuation);
  Possibility ask_solver(const Question& question, std::span<const term::Id> slice,
                         const std::shared_ptr<Valuation>& valuation);
  Possibility refuse(const Question& question, std::span<const term::Id> slice);
  bool contradicts(term::Id condition) const;
  void remember_contradiction(term::Id condition);
  std::shared_ptr<Valuation> recent(const Question& question, std::span<const term::Id> slice,
                                    const Valuation& base);
  std::shared_ptr<Valuation> remember(std::shared_ptr<Valuation> valuation);
  std::optional<std::uint32_t> milliseconds_left() const;

  Context& context_;
  term::Id length_;
  solver::Incremental solver_;
  PathFacts facts_;
  Shortcuts shortcuts_;
  QuestionCounts counts_;
  double worst_seconds_ = 0;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::deque<std::shared_ptr<Valuation>> recent_;  ///< the last found first
  /// By condition: sets of conjuncts that it contradicts.
  std::unordered_map<std::uint32_t, std::deque<std::vector<term::Id>>> contradictions_;
  std::size_t contradictions_held_ = 0;
  bool recording_ = false;
  std::vector<Claim> claims_;
  std::vector<std::uint8_t> variables_{
      0};  // by id: bit 0 mentions the length, bit 1 another variable
};

}  // namespace probity::symex
