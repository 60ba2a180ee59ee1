// SPDX-License-Identifier: Apache-2.0
// Proof: the one currency for everything proved. An Obligation states "whenever every assumption
// holds, so does the conclusion"; discharge() turns obligations into verdicts on all cores, through
// a cache on disk keyed by what is proved and by whom. Unknown is never Proved, a counterexample
// that does not replay is our bug and never Refuted, and two engines that disagree make Unknown,
// flagged as our bug.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "solver/solver.hpp"
#include "term/term.hpp"

namespace probity::proof {

/// For all values of the variables: if every term of `assume` is true, so is every term of `show`.
struct Query {
  std::vector<term::Id> assume;
  std::vector<term::Id> show;
};

/// What running a counterexample for real gave.
enum class Reproduced : std::uint8_t { no, yes };
struct ReplayResult {
  Reproduced reproduced = Reproduced::no;
  std::string text;  ///< for a person: the trace, or what happened instead
};

using BuildQuery = std::function<Query(term::Store&)>;
using Replay = std::function<ReplayResult(const term::Store&, const term::Model&)>;

/// One closed statement. `build` and `replay` may be called from any thread.
struct Obligation {
  std::string name;        ///< unique among all obligations
  std::string provenance;  ///< where it comes from: file, row, rule
  BuildQuery build;  ///< states it in a fresh store, which is current (StoreScope) during the call
  Replay replay;     ///< optional
};

struct Proved {
  std::string engine;
  std::string certificate;  ///< reserved: empty until certificates are written
};
struct Refuted {
  std::vector<std::pair<std::string, term::Value>> variables;  ///< the counterexample by name
  std::string replay;  ///< text of a replay that reproduced it
  std::string engine;
};
struct Unknown {
  std::string reason;
};
using Verdict = std::variant<Proved, Refuted, Unknown>;

struct Result {
  std::string name;
  std::string provenance;
  Verdict verdict;
  solver::Stats stats;
  bool from_cache = false;
  bool our_bug = false;       ///< an engine, a model or a replay contradicts another: report it
  std::string cross_checked;  ///< with CrossCheck::yes: the agreeing engine, or why there was none
};

constexpr bool is_proved(const Result& result) {
  return std::holds_alternative<Proved>(result.verdict);
}

class Cache;
enum class CrossCheck : std::uint8_t { no, yes };
using AskEngine =
    std::function<solver::Answer(term::Store&, std::span<const term::Id>, const solver::Options&)>;

struct Options {
  solver::Options solver;
  unsigned workers = 0;  ///< 0: one per core
  CrossCheck cross_check = CrossCheck::no;
  Cache* cache = nullptr;  ///< none: nothing is remembered
  std::function<void(std::size_t done, std::size_t all, const Result&)>
      on_progress;          ///< one call at a time
  AskEngine engine;         ///< default: solver::solve
  AskEngine second_engine;  ///< of cross-checks; default: another engine than the one that answered
};

/// Discharges every obligation; results are in the order of the obligations whatever the workers'
/// timing.
std::vector<Result> discharge(std::span<const Obligation> obligations, const Options& options);

}  // namespace probity::proof
