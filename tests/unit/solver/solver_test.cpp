// SPDX-License-Identifier: Apache-2.0
// solve() and Session as their users see them: every answer is compared with evaluation or
// enumeration.
#include "solver/solver.hpp"

#include <gtest/gtest.h>

#include "random_terms.hpp"
#include "solver/smt2_answer.hpp"

namespace probity::solver {
namespace {

using term::Id;
using term::Store;

const Options builtin{Limits{}, External::none};
const Options short_wall{Limits{.wall_ms = 1500}, External::none};

bool holds(const Store& store, const term::Model& model, std::span<const Id> assertions) {
  term::Evaluator evaluate(store, model);
  for (const Id assertion : assertions) {
    if (evaluate(assertion) != 1) return false;
  }
  return true;
}

/// Is there an assignment of the variables, each of few bits, that satisfies the assertion?
bool satisfiable(const Store& store, Id assertion, const std::vector<Id>& variables) {
  unsigned bits = 0;
  for (const Id variable : variables) bits += store.width(variable);
  for (std::uint64_t word = 0; word < (std::uint64_t{1} << bits); ++word) {
    term::Model model;
    std::uint64_t rest = word;
    for (const Id variable : variables) {
      model.set(variable, rest & mask<std::uint64_t>(store.width(variable)));
      rest >>= store.width(variable);
    }
    if (term::Evaluator(store, model)(assertion) == 1) return true;
  }
  return false;
}

TEST(Solve, AgreesWithEnumeration) {
  int sat = 0, unsat = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    Store store;
    RandomTerms random(store, seed);
    const Id goal = store.eq(random.term(2, 3), random.term(2, 2));
    unsigned bits = 0;
    for (const Id v : random.variables()) bits += store.width(v);
    if (bits > 14) continue;
    const Answer answer = solve(store, std::span(&goal, 1), builtin);
    const bool expected = satisfiable(store, goal, random.variables());
    ASSERT_EQ(answer.status, expected ? Status::sat : Status::unsat)
        << "seed " << seed << " " << answer.reason;
    if (expected) {
      EXPECT_TRUE(holds(store, answer.model, std::span(&goal, 1)));
    }
    ++(expected ? sat : unsat);
  }
  EXPECT_GT(sat, 20);
  EXPECT_GT(unsat, 20);
}

TEST(Solve, TrivialQueries) {
  Store store;
  const Id x = store.var(8, "x");
  EXPECT_EQ(solve(store, {}, builtin).status, Status::sat);
  const Id no = store.false_();
  EXPECT_EQ(solve(store, std::span(&no, 1), builtin).status, Status::unsat);
  const Id small = store.bin(Op::ult, x, store.lit(8, 3));
  const Id both[] = {small, store.not_(small)};
  const Answer answer = solve(store, both, builtin);
  EXPECT_EQ(answer.status, Status::unsat);
  EXPECT_EQ(answer.engine, "rewrite");
}

TEST(Solve, ModelsNameEveryVariable) {
  Store store;
  const Id x = store.var(8, "x"), y = store.var(8, "y");
  const Id goal[] = {store.or_(store.eq(x, store.lit(8, 77)), store.eq(y, store.lit(8, 1)))};
  const Answer answer = solve(store, goal, builtin);
  ASSERT_EQ(answer.status, Status::sat);
  EXPECT_TRUE(answer.model.has(x));
  EXPECT_TRUE(answer.model.has(y));
}

TEST(Solve, FunctionsAreCongruent) {
  Store store;
  const unsigned widths[] = {16};
  const term::Function f = store.function("f", widths, 8);
  std::vector<Id> indices, values;
  for (int i = 0; i < 20; ++i) {
    indices.push_back(store.var(16, "i" + std::to_string(i)));
    values.push_back(store.apply(f, std::span(&indices.back(), 1)));
  }
  std::vector<Id> chain;
  for (std::size_t i = 1; i < indices.size(); ++i)
    chain.push_back(store.eq(indices[i - 1], indices[i]));
  chain.push_back(store.not_(store.eq(values.front(), values.back())));
  EXPECT_EQ(solve(store, chain, builtin).status, Status::unsat);
  chain.erase(chain.begin() + 7);
  const Answer answer = solve(store, chain, builtin);
  ASSERT_EQ(answer.status, Status::sat) << answer.reason;
  EXPECT_TRUE(holds(store, answer.model, chain));
}

TEST(Solve, ReportsAnUnknownByName) {
  Store store;
  const Id x = store.var(64, "x"), y = store.var(64, "y");
  const Id bound = store.lit(64, 1ULL << 32);
  // A semiprime: hard for every stage within ten conflicts.
  const Id goal[] = {
      store.eq(store.bin(Op::mul, x, y), store.lit(64, 2'654'435'761ULL * 2'246'822'519ULL)),
      store.bin(Op::ult, x, bound), store.bin(Op::ult, y, bound)};
  Options options = builtin;
  options.limits.conflicts = 10;
  const Answer answer = solve(store, goal, options);
  EXPECT_EQ(answer.status, Status::unknown);
  EXPECT_NE(answer.reason.find("conflict limit 10"), std::string::npos) << answer.reason;
}

TEST(External, AgreeWithBuiltin) {
  const std::vector<std::string> engines = available_external();
  if (engines.empty()) GTEST_SKIP() << "neither cvc5 nor z3 is on PATH";
  int decided = 0;
  for (unsigned seed = 0; seed < 12; ++seed) {
    Store store;
    RandomTerms random(store, 7000 + seed);
    const Id goal = store.eq(random.term(13, 3), random.term(13, 2));
    const Status expected = solve(store, std::span(&goal, 1), builtin).status;
    ASSERT_NE(expected, Status::unknown);
    for (const std::string& engine : engines) {
      const Answer answer = solve_with(engine, store, std::span(&goal, 1), short_wall);
      if (answer.status == Status::unknown) continue;
      EXPECT_EQ(answer.status, expected) << engine << ", seed " << seed;
      ++decided;
    }
  }
  EXPECT_GT(decided, 12);
}

TEST(External, ModelsOfFunctionsComeBack) {
  if (available_external().empty()) GTEST_SKIP() << "neither cvc5 nor z3 is on PATH";
  Store store;
  const unsigned widths[] = {8, 4};
  const term::Function f = store.function("memory of x", widths, 8);
  const Id x = store.var(8, "an x"), y = store.var(4, "y");
  const Id arguments[] = {store.bin(Op::add, x, store.lit(8, 3)), y};
  const Id inner = store.apply(f, arguments);
  const Id again[] = {inner, y};
  const Id goal[] = {store.eq(store.apply(f, again), store.lit(8, 0x5a)),
                     store.eq(inner, store.lit(8, 7)), store.bin(Op::ult, store.lit(4, 2), y)};
  for (const std::string& engine : available_external()) {
    const Answer answer = solve_with(engine, store, goal, short_wall);
    if (engine == "cvc5-int" && answer.status == Status::unknown) continue;
    ASSERT_EQ(answer.status, Status::sat) << engine << ": " << answer.reason;
    EXPECT_TRUE(holds(store, answer.model, goal)) << engine;
  }
}

TEST(External, AbsentAndUnknownEnginesSaySo) {
  Store store;
  const Id x = store.var(1, "x");
  EXPECT_EQ(solve_with("no-such", store, std::span(&x, 1), Options{}).reason,
            "no engine is called no-such");
}

TEST(Smt2Answer, ReadsEveryNotation) {
  const auto answer =
      parse_smt2_answer("sat\n((|a b| #b101) (y #xfF)\n (z (_ bv300 9)) (t true))\n");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, Status::sat);
  EXPECT_EQ(answer->values.at("a b"), 5U);
  EXPECT_EQ(answer->values.at("y"), 255U);
  EXPECT_EQ(answer->values.at("z"), 300U);
  EXPECT_EQ(answer->values.at("t"), 1U);
}

TEST(Smt2Answer, RejectsWhatIsNoAnswer) {
  for (const char* text : {"", "(error \"x\")", "sat ((x", "sat ((x #b12))", "sat (x #b1)",
                           "sat ((x (_ bx 3)))", "maybe"}) {
    EXPECT_FALSE(parse_smt2_answer(text).has_value()) << text;
  }
  EXPECT_EQ(parse_smt2_answer("unsat\n(error \"no model\")")->status, Status::unsat);
}

TEST(Session, AgreesWithSolveOverAGrowingStore) {
  Store store;
  Session session(store, builtin);
  RandomTerms random(store, 99);
  std::vector<Id> path;
  int sat = 0, unsat = 0;
  for (int i = 0; i < 400; ++i) {
    if (path.size() > 6) path.clear();
    path.push_back(store.eq(random.term(5, 2), random.term(5, 2)));
    const Answer answer = session.check(path);
    const Answer expected = solve(store, path, builtin);
    ASSERT_EQ(answer.status, expected.status)
        << "check " << i << " " << answer.reason << expected.reason;
    if (answer.status == Status::sat) {
      EXPECT_TRUE(holds(store, answer.model, path)) << "check " << i;
      ++sat;
    } else {
      path.pop_back();
      ++unsat;
    }
  }
  EXPECT_EQ(session.checks(), 400U);
  EXPECT_GT(sat, 50);
  EXPECT_GT(unsat, 50);
}

TEST(Session, ModelsAreComplete) {
  Store store;
  Session session(store, builtin);
  const Id x = store.var(8, "x");
  const Id first[] = {store.bin(Op::ult, store.lit(8, 9), x)};
  ASSERT_EQ(session.check(first).status, Status::sat);
  const Id y = store.var(8, "y");  // the known model holds with any y
  const Id second[] = {first[0], store.or_(first[0], store.eq(y, store.lit(8, 3)))};
  const Answer answer = session.check(second);
  ASSERT_EQ(answer.status, Status::sat);
  EXPECT_TRUE(answer.model.has(x));
}

}  // namespace
}  // namespace probity::solver
