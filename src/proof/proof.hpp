// SPDX-License-Identifier: Apache-2.0
// Proof: the one currency for everything proved. An Obligation states "whenever every assumption
// holds, so does every conclusion"; discharge() turns obligations into verdicts on all cores, one
// query per conclusion that rewriting does not settle, each distinct query once, through a cache on
// disk keyed by what is proved and by whom. Unknown is never Proved, a counterexample
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
  std::vector<std::string> labels = {};  ///< what each term of `show` is about; may be left empty
  /// What may be assumed for one conclusion beyond `assume` (a path condition), by its index; may
  /// be left empty.
  std::vector<std::vector<term::Id>> given = {};
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
  std::string conclusion;  ///< label of the first conclusion that fails; may be empty
  std::vector<std::pair<std::string, term::Value>> variables;  ///< the counterexample by name
  std::string replay;  ///< text of a replay that reproduced it
  std::string engine;
};
struct Unknown {
  std::string reason;
};
using Verdict = std::variant<Proved, Refuted, Unknown>;

/// How the conclusions of an obligation were settled; a conclusion is counted once.
struct Effort {
  std::size_t conclusions = 0;
  std::size_t by_rewriting = 0;  ///< true as soon as it was stated
  std::size_t shared = 0;        ///< another obligation of this run had the same query
  std::size_t remembered = 0;    ///< by the cache
  std::size_t solved = 0;
  std::size_t left = 0;  ///< not looked at: the verdict could no longer change for the better
};

struct Result {
  std::string name;
  std::string provenance;
  Verdict verdict;
  solver::Stats stats;     ///< of the solver
  double cpu_seconds = 0;  ///< stating and proving
  Effort effort;
  bool from_cache = false;    ///< the cache on disk knew all that rewriting left open
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
  /// What the obligations are a function of, beside their names; for our own theorems, the bytes of
  /// the executable. A proved obligation is then found in the cache without being stated again.
  /// Empty: obligations are always stated. Never used by cross-checks.
  std::string identity;
  std::function<void(std::size_t done, std::size_t all, const Result&)>
      on_progress;          ///< one call at a time
  AskEngine engine;         ///< default: solver::solve
  AskEngine second_engine;  ///< of cross-checks; default: another engine than the one that answered
};

/// Discharges every obligation; results are in the order of the obligations whatever the workers'
/// timing. Two obligations of one name are not proved: it would be unclear what was.
std::vector<Result> discharge(std::span<const Obligation> obligations, const Options& options);

}  // namespace probity::proof
