// SPDX-License-Identifier: Apache-2.0
// Gates: for every choice of inputs (constants, equal, opposite and distinct literals) the emitted
// clauses admit exactly one output for each assignment, the right one. Checked by enumeration,
// without a SAT solver.
#include "solver/gates.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>

namespace probity::solver {
namespace {

struct Recorder final : ClauseSink {
  std::vector<Bits> clauses;
  void add_clause(std::span<const Lit> clause) override {
    clauses.emplace_back(clause.begin(), clause.end());
  }
  bool satisfied(std::uint32_t assignment) const {
    for (const Bits& clause : clauses) {
      bool any = false;
      for (const Lit lit : clause) any = any || value(lit, assignment);
      if (!any) return false;
    }
    return true;
  }
  /// Variable v is bit v - 1.
  static bool value(Lit lit, std::uint32_t assignment) {
    const bool bit = ((assignment >> (std::abs(lit) - 1)) & 1) != 0;
    return bit == (lit > 0);
  }
};

using Build = std::function<Lit(Gates&, Lit, Lit, Lit)>;
using Meaning = std::function<bool(bool, bool, bool)>;

/// How many input choices give clauses that do not define `meaning`.
int count_wrong(const Build& build, const Meaning& meaning, Mutation mutation) {
  int wrong = 0;
  constexpr std::array<Lit, 8> choices{true_lit, false_lit, 2, -2, 3, -3, 4, -4};
  for (const Lit a : choices) {
    for (const Lit b : choices) {
      for (const Lit c : choices) {
        Recorder recorder;
        Gates gates(recorder, 1000, mutation);
        gates.fresh_bits(3);  // variables 2, 3, 4
        const Lit out = build(gates, a, b, c);
        std::array<int, 8> models{};
        bool right = true;
        for (std::uint32_t s = 0; s < (1U << gates.variables()); ++s) {
          if (!recorder.satisfied(s)) continue;
          ++models[(s >> 1) & 7];
          right = right &&
                  Recorder::value(out, s) ==
                      meaning(Recorder::value(a, s), Recorder::value(b, s), Recorder::value(c, s));
        }
        for (const int count : models) right = right && count == 1;
        if (!right) ++wrong;
      }
    }
  }
  return wrong;
}

const Build build_and = [](Gates& g, Lit a, Lit b, Lit) { return g.and_(a, b); };
const Build build_mux = [](Gates& g, Lit a, Lit b, Lit c) { return g.mux(a, b, c); };
const Meaning meaning_and = [](bool a, bool b, bool) { return a && b; };
const Meaning meaning_mux = [](bool a, bool b, bool c) { return a ? b : c; };

TEST(Gates, ClausesDefineEveryGate) {
  const Mutation none = Mutation::none;
  EXPECT_EQ(count_wrong(build_and, meaning_and, none), 0);
  EXPECT_EQ(count_wrong(build_mux, meaning_mux, none), 0);
  EXPECT_EQ(count_wrong([](Gates& g, Lit a, Lit b, Lit) { return g.or_(a, b); },
                        [](bool a, bool b, bool) { return a || b; }, none),
            0);
  EXPECT_EQ(count_wrong([](Gates& g, Lit a, Lit b, Lit) { return g.xor_(a, b); },
                        [](bool a, bool b, bool) { return a != b; }, none),
            0);
  EXPECT_EQ(count_wrong([](Gates& g, Lit a, Lit b, Lit c) { return g.majority(a, b, c); },
                        [](bool a, bool b, bool c) { return a + b + c >= 2; }, none),
            0);
  EXPECT_EQ(count_wrong(
                [](Gates& g, Lit a, Lit b, Lit c) {
                  return g.all_of(Bits{a, b, c});
                },
                [](bool a, bool b, bool c) { return a && b && c; }, none),
            0);
}

TEST(Gates, WrongClausesAreFound) {
  EXPECT_GT(count_wrong(build_and, meaning_and, Mutation::weak_and), 0);
  EXPECT_GT(count_wrong(build_mux, meaning_mux, Mutation::swapped_mux), 0);
}

TEST(Gates, EqualGatesShareOneVariable) {
  Recorder recorder;
  Gates gates(recorder, 1'000'000);
  const Bits in = gates.fresh_bits(3);
  EXPECT_EQ(gates.and_(in[0], in[1]), gates.and_(in[1], in[0]));
  EXPECT_EQ(gates.xor_(in[0], -in[1]), -gates.xor_(in[1], in[0]));
  EXPECT_EQ(gates.majority(in[0], in[1], in[2]), -gates.majority(-in[2], -in[0], -in[1]));
  EXPECT_EQ(gates.mux(in[0], in[1], -in[2]), -gates.mux(-in[0], in[2], -in[1]));
  std::vector<std::pair<Lit, Lit>> gates_made;  // input, output: enough of them to grow the table
  for (int i = 0; i < 2000; ++i) {
    const Lit input = gates.fresh();
    gates_made.emplace_back(input, gates.and_(input, in[0]));
  }
  const int variables = gates.variables();
  for (const auto& [input, output] : gates_made) EXPECT_EQ(gates.and_(in[0], input), output);
  EXPECT_EQ(gates.variables(), variables);
}

TEST(Gates, ClauseLimitStopsTheEncoding) {
  Recorder recorder;
  Gates gates(recorder, 10);
  for (int i = 0; i < 100; ++i) gates.xor_(gates.fresh(), gates.fresh());
  EXPECT_TRUE(gates.exhausted());
  EXPECT_EQ(recorder.clauses.size(), 10U);
}

}  // namespace
}  // namespace probity::solver
