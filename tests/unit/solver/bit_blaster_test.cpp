// SPDX-License-Identifier: Apache-2.0
// The bit-blaster against term::Evaluator: with the variables fixed, a random term can only have
// its value. Every kind of term, widths that are no power of two, exact and abstract products; and
// blasters with a planted fault, which this test must refute.
#include "solver/bit_blaster.hpp"

#include <gtest/gtest.h>

#include "random_terms.hpp"
#include "solver/engine.hpp"

namespace probity::solver {
namespace {

using term::Id;
using term::Model;
using term::Store;

constexpr term::RewriteOptions no_rewrites{false, false, false, false, false};

Deadline late() {
  constexpr std::uint32_t ten_minutes_ms = 600'000;
  return {ten_minutes_ms, ten_minutes_ms};
}

EngineOptions engine_options(Products products, Mutation mutation) {
  return EngineOptions{"test", products, Profile::once, Limits{}, mutation};
}

/// Terms among `count` for which the engine does not prove "with these inputs, exactly this value".
int count_wrong(unsigned width, int count, Products products, Mutation mutation) {
  int wrong = 0;
  for (int i = 0; i < count; ++i) {
    Store store(i % 2 == 0 ? no_rewrites : term::RewriteOptions{});
    RandomTerms random(store, width * 1000U + unsigned(i));
    const Id root = random.term(width, 3);
    const Model model = random.model();
    const term::Value value = term::Evaluator(store, model)(root);
    std::vector<Id> right;
    for (const Id v : random.variables())
      right.push_back(store.eq(v, store.lit(store.width(v), model.get(v))));
    std::vector<Id> other = right;
    right.push_back(store.eq(root, store.lit(width, value)));
    other.push_back(store.not_(right.back()));
    Engine engine(store, engine_options(products, mutation));
    const bool finds = engine.check(right, 1'000'000, late()).status == Status::sat;
    Engine second(store, engine_options(products, mutation));
    for (const Id part : other) second.require(part, late());
    const bool refutes = second.check({}, 1'000'000, late()).status == Status::unsat;
    if (!finds || !refutes) ++wrong;
  }
  return wrong;
}

TEST(BitBlaster, AgreesWithEvaluation) {
  for (const unsigned width : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 16U, 32U, 64U, 128U}) {
    const int count = width <= 9 ? 60 : 12;
    EXPECT_EQ(count_wrong(width, count, Products::exact, Mutation::none), 0) << "width " << width;
    EXPECT_EQ(count_wrong(width, count, Products::abstract, Mutation::none), 0)
        << "width " << width;
  }
}

TEST(BitBlaster, PlantedFaultsAreRefuted) {
  for (const Mutation mutation :
       {Mutation::weak_and, Mutation::wrong_carry, Mutation::swapped_mux}) {
    EXPECT_GT(count_wrong(8, 60, Products::exact, mutation), 0) << "mutation " << int(mutation);
  }
}

TEST(BitBlaster, SupportNamesVariablesAndCalls) {
  Store store;
  Sat sat(Profile::once);
  Gates gates(sat, 1'000'000);
  BitBlaster blaster(store, gates, Products::abstract);
  const Id x = store.var(32, "x"), y = store.var(32, "y"), z = store.var(32, "z");
  const unsigned widths[] = {32};
  const term::Function f = store.function("f", widths, 32);
  const Id argument[] = {z};
  const Id root = store.eq(store.bin(Op::mul, x, y), store.apply(f, argument));
  ASSERT_EQ(blaster.blast(root).size(), 1U);
  EXPECT_EQ(blaster.support(root).variables.size(), 3U);
  EXPECT_EQ(blaster.support(root).calls.size(), 2U);
}

TEST(Engine, ReportsLimitsByName) {
  Store store;
  const Id x = store.var(64, "x"), y = store.var(64, "y");
  const Id product = store.bin(Op::mul, x, y);
  const Id goal[] = {store.eq(product, store.lit(64, 0x1234567890abcdefULL * 3 + 2)),
                     store.bin(Op::ult, store.lit(64, 1), x),
                     store.bin(Op::ult, store.lit(64, 1), y),
                     store.bin(Op::ult, x, store.lit(64, 1ULL << 32)),
                     store.bin(Op::ult, y, store.lit(64, 1ULL << 32))};
  EngineOptions options = engine_options(Products::exact, Mutation::none);
  Engine few_conflicts(store, options);
  EXPECT_EQ(few_conflicts.check(goal, 10, late()).reason, "conflict limit 10");
  options.limits.clauses = 500;
  Engine few_clauses(store, options);
  EXPECT_EQ(few_clauses.check(goal, 1000, late()).reason, "clause limit 500");
  options = engine_options(Products::exact, Mutation::none);
  Engine no_time(store, options);
  EXPECT_EQ(no_time.check(goal, 1000, Deadline(0, 0)).reason, "time guard");
}

TEST(Engine, AssumptionsDoNotStay) {
  Store store;
  Engine engine(store, engine_options(Products::abstract, Mutation::none));
  const Id x = store.var(8, "x");
  engine.require(store.bin(Op::ult, x, store.lit(8, 10)), late());
  const Id nine[] = {store.eq(x, store.lit(8, 9))}, ten[] = {store.eq(x, store.lit(8, 10))};
  EXPECT_EQ(engine.check(ten, 100, late()).status, Status::unsat);
  const Answer answer = engine.check(nine, 100, late());
  ASSERT_EQ(answer.status, Status::sat);
  EXPECT_EQ(answer.model.get(x), 9U);
  EXPECT_EQ(engine.check({}, 100, late()).status, Status::sat);
}

}  // namespace
}  // namespace probity::solver
