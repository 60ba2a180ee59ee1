// SPDX-License-Identifier: Apache-2.0
// Queries that nobody answers: each part of the work, rewriting, encoding and search, must end soon
// after its deadline, and say so.
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "solver/engine.hpp"
#include "solver/incremental.hpp"
#include "solver/solve_until.hpp"
#include "solver/stage.hpp"

namespace probity::solver {
namespace {

using term::Id;
using term::Store;

constexpr std::uint32_t limit_ms = 300;
/// What may come on top: one term, one look at the clock, taking down what was built.
constexpr double grace_seconds = 3;

/// Only time ends the work.
Options unlimited() {
  Options options{Limits{}, External::none};
  options.limits.conflicts = std::numeric_limits<std::int32_t>::max();
  options.limits.clauses = std::numeric_limits<std::int64_t>::max();
  options.limits.wall_ms = 3'600'000;
  return options;
}

/// Products and quotients in a chain, in two orders: no bit of the two is near another.
Id chain(Store& store, unsigned links) {
  constexpr unsigned width = 64;
  Id one = store.var(width, "one");
  Id other = store.var(width, "other");
  for (unsigned i = 0; i < links; ++i) {
    const Id factor = store.var(width, "factor" + std::to_string(i));
    const Id divisor = store.var(width, "divisor" + std::to_string(i));
    one = store.bin(Op::udiv, store.bin(Op::mul, one, factor), divisor);
    other = store.bin(Op::mul, store.bin(Op::udiv, other, factor), divisor);
    one = store.bin(Op::xor_, one, store.bin(Op::add, other, factor));
  }
  const Id odd = store.eq(store.extract(0, 8, one), store.lit(8, 77));
  return store.and_(odd, store.eq(one, store.bin(Op::add, other, store.lit(width, 1))));
}

TEST(Deadline, EndsAQueryThatNobodyAnswers) {
  for (const unsigned links : {3U, 40U, 2000U}) {
    Store store;
    const Id query = chain(store, links);
    const CpuClock clock;
    const Answer answer =
        solve_until(store, {&query, 1}, unlimited(), Deadline(limit_ms, limit_ms));
    EXPECT_LT(clock.seconds(), limit_ms * 1e-3 + grace_seconds) << links;
    EXPECT_EQ(answer.status, Status::unknown) << links;
    EXPECT_NE(answer.reason.find("time"), std::string::npos) << answer.reason;
  }
}

TEST(Deadline, EndsAStepOfAnExploration) {
  Store store;
  const Id query = chain(store, 60);
  std::vector<Id> parts = conjuncts(store, {&query, 1});
  Incremental solver(store, unlimited());
  for (int i = 0; i < 2; ++i) {
    const CpuClock clock;
    const Answer answer = solver.check(parts, limit_ms);
    EXPECT_LT(clock.seconds(), limit_ms * 1e-3 + grace_seconds);
    EXPECT_EQ(answer.status, Status::unknown);
  }
  // What was given up does not stay in the way.
  const Id easy = store.eq(store.var(8, "easy"), store.lit(8, 5));
  EXPECT_EQ(solver.check({&easy, 1}, 60'000).status, Status::sat);
}

TEST(Deadline, EndsRewritingAndEncoding) {
  Store store;
  const Id query = chain(store, 3000);
  const Deadline passed(0, 0);
  const Leaves leaves = leaves_of(store, {&query, 1});
  for (const StagePlan& plan : builtin_stages()) {
    Stage stage(plan, store, {&query, 1}, leaves, unlimited().limits);
    const Answer answer = stage.run(1000, passed);
    EXPECT_EQ(answer.status, Status::unknown);
    EXPECT_EQ(answer.reason, "time guard while rewriting");
    EXPECT_FALSE(stage.can_continue());
  }
  Engine engine(store, EngineOptions{"test", Products::exact, Profile::once, unlimited().limits,
                                     Mutation::none});
  const CpuClock clock;
  engine.require(query, Deadline(limit_ms, limit_ms));
  EXPECT_LT(clock.seconds(), limit_ms * 1e-3 + grace_seconds);
  // A query of which a part is missing has no answer, however much time there is now.
  const Answer answer = engine.check({}, 10, Deadline(60'000, 60'000));
  EXPECT_EQ(answer.status, Status::unknown);
  EXPECT_EQ(answer.reason, "time guard");
}

}  // namespace
}  // namespace probity::solver
