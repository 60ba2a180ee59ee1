// SPDX-License-Identifier: Apache-2.0
// Sat: one CaDiCaL instance behind a small interface with a conflict limit (which decides, so
// answers are reproducible) and a guard on this thread's CPU time. The only file that sees
// cadical.hpp is sat.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "solver/gates.hpp"
#include "solver/stopwatch.hpp"

namespace probity::solver {

/// How the instance will be used: one hard question, or thousands of small ones over growing
/// clauses.
enum class Profile : std::uint8_t { once, incremental };

enum class SatResult : std::uint8_t { sat, unsat, conflict_limit, time_limit };

class Sat final : public ClauseSink {
 public:
  explicit Sat(Profile profile);
  ~Sat() override;

  void add_clause(std::span<const Lit> clause) override;
  /// Holds for the next solve() only.
  void assume(Lit literal);
  SatResult solve(std::uint64_t conflict_limit, const Deadline& deadline);
  /// After SatResult::unsat: was the assumption needed for it?
  bool failed(Lit assumption) const;
  /// The value of a literal after SatResult::sat; variables in no clause are false.
  bool value(Lit literal) const;
  Number value(BitsView bits) const;
  /// Conflicts over all calls of solve().
  std::uint64_t conflicts() const;

  static std::string version();

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

}  // namespace probity::solver
