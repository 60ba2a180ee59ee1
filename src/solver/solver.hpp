// SPDX-License-Identifier: Apache-2.0
// The solver layer: is a conjunction of terms satisfiable? Stages run in order and the first
// definite answer wins: rewriting, evaluation at random points, our bit-blaster onto CaDiCaL (with
// products abstracted first, then exactly), then cvc5 and z3 as subprocesses where found. A `sat`
// answer has been re-evaluated; an `unknown` names its reason. Conflict and clause budgets decide,
// so verdicts are reproducible; time is only a guard.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "term/term.hpp"

namespace probity::solver {

enum class Status : std::uint8_t { sat, unsat, unknown };

struct Limits {
  std::uint64_t conflicts = 200'000;   ///< per stage
  std::uint64_t clauses = 12'000'000;  ///< per stage
  std::uint32_t wall_ms = 30'000;      ///< per stage, a guard only: CPU for ours, elapsed else
};

struct Stats {
  std::uint64_t clauses = 0;
  std::uint64_t conflicts = 0;
  double cpu_seconds = 0;
};

struct Answer {
  Status status = Status::unknown;
  term::Model model;   ///< when sat: satisfies every assertion (checked by evaluation)
  std::string reason;  ///< when unknown: why, by name, e.g. "conflict limit 200000"
  std::string engine;  ///< the stage that answered, e.g. "rewrite", "sat-abstract", "sat-exact",
                       ///< "cvc5-int", "z3"
  Stats stats;
};

/// Which external solvers may be asked after our own stages. Found on PATH; absent ones are
/// skipped.
enum class External : std::uint8_t { none, fallback };

struct Options {
  Limits limits;
  External external = External::fallback;
};

/// Is the conjunction of `assertions` satisfiable?
Answer solve(term::Store& store, std::span<const term::Id> assertions, const Options& options);

/// Asks one named engine only ("builtin", "cvc5", "cvc5-int", "z3"), for cross-checks. An absent
/// one answers unknown.
Answer solve_with(std::string_view engine, term::Store& store, std::span<const term::Id> assertions,
                  const Options& options);

/// The external engines present on this machine, e.g. {"cvc5", "cvc5-int", "z3"}.
std::vector<std::string> available_external();

/// Name and version of everything whose answers are trusted; part of every cache key.
std::string version();

/// Many related queries over one growing store: gates and learnt clauses are kept, each check
/// assumes its own conjunction. For path exploration. Falls back to solve() when its incremental
/// engine gives up.
class Session {
 public:
  Session(term::Store& store, const Options& options);
  ~Session();
  Answer check(std::span<const term::Id> assumptions);
  const Stats& total() const;
  std::uint64_t checks() const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

}  // namespace probity::solver
