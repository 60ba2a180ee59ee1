// SPDX-License-Identifier: Apache-2.0
// Engine: one SAT solver and one bit-blaster over one store, with the loop "solve, evaluate the
// model, refine what it violates". Assertions are either permanent or assumed for one check; what
// was encoded and learnt stays.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "solver/bit_blaster.hpp"
#include "solver/sat.hpp"
#include "solver/solver.hpp"

namespace probity::solver {

/// Why an engine gives up when its time has ended.
constexpr std::string_view time_guard = "time guard";

struct EngineOptions {
  std::string_view name;  ///< reported in Answer::engine
  Products products = Products::abstract;
  Profile profile = Profile::once;
  Limits limits;  ///< `clauses` bounds the whole life
  Mutation mutation = Mutation::none;
};

class Engine {
 public:
  Engine(const term::Store& store, const EngineOptions& options);

  /// Asserts for good. Call before the first check.
  void require(term::Id assertion, const Deadline& deadline);
  /// Is the conjunction of what is required and assumed satisfiable? Spends at most `conflicts`.
  Answer check(std::span<const term::Id> assumptions, std::uint64_t conflicts,
               const Deadline& deadline);

  /// After `unsat`: the assumed conjuncts that cannot hold together, by ascending id.
  std::span<const term::Id> core() const { return core_; }
  std::uint64_t clauses() const { return gates_.clauses(); }
  int variables() const { return gates_.variables(); }
  /// Terms in the cones of the last check, counted per root.
  std::size_t last_terms() const { return last_terms_; }

 private:
  Answer unknown(std::string reason) const;
  std::string limit_met() const;
  Answer solve_and_refine(std::span<const term::Id> roots, std::span<const Lit> literals,
                          std::uint64_t conflicts, const Deadline& deadline);
  term::Model build_model(std::span<const term::Id> variables, std::span<const std::size_t> calls);
  void find_core(std::span<const term::Id> roots, std::span<const Lit> literals);
  bool satisfies(const term::Model& model, std::span<const term::Id> roots) const;

  const term::Store& store_;
  EngineOptions options_;
  Sat sat_;
  Gates gates_;
  BitBlaster blaster_;
  std::vector<term::Id> required_;
  bool complete_ = true;  ///< everything required was encoded
  std::vector<term::Id> core_;
  std::size_t last_terms_ = 0;
  std::uint64_t reported_clauses_ = 0;
};

}  // namespace probity::solver
