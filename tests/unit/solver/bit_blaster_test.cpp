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

/// A sum with a remainder in it, as the rewriter leaves it: the dividend's parts among the others.
Id index_of(Store& store, Id ring, Id hash, term::Value size) {
  const unsigned width = store.width(ring);
  const Id divisor = store.lit(width, size);
  return store.bin(Op::add, store.bin(Op::mul, ring, divisor), store.bin(Op::urem, hash, divisor));
}

TEST(BitBlaster, RemaindersInSumsAreExact) {
  int checked = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    for (const term::Value size : {3, 7, 10, 250}) {
      Store store;
      RandomTerms random(store, seed);
      constexpr unsigned width = 8;
      const Id hash = store.bin(Op::sub, random.term(width, 2), random.term(width, 2));
      const Id root = index_of(store, random.term(width, 1), hash, size);
      const Model model = random.model();
      const term::Value value = term::Evaluator(store, model)(root);
      Engine engine(store, engine_options(Products::abstract, Mutation::none));
      for (const Id v : random.variables()) {
        engine.require(store.eq(v, store.lit(store.width(v), model.get(v))), late());
      }
      engine.require(store.not_(store.eq(root, store.lit(width, value))), late());
      EXPECT_EQ(engine.check({}, 1'000'000, late()).status, Status::unsat)
          << seed << " " << unsigned(size);
      ++checked;
    }
  }
  EXPECT_EQ(checked, 240);
}

TEST(BitBlaster, KnowsTheBoundOfARemainderInASum) {
  Store store;
  const Id a = store.var(32, "a"), b = store.var(32, "b"), c = store.var(32, "c");
  const Id ring = store.var(32, "ring");
  constexpr term::Value size = 65'537;
  const Id mixed = store.bin(Op::sub, store.bin(Op::xor_, a, b), store.bin(Op::add, b, c));
  const Id index = index_of(store, ring, store.bin(Op::sub, mixed, a), size);
  Engine engine(store, engine_options(Products::abstract, Mutation::none));
  engine.require(store.bin(Op::ult, ring, store.lit(32, 1024)), late());
  engine.require(store.bin(Op::ult, index, store.lit(32, 512 * size)), late());
  engine.require(store.not_(store.bin(Op::ult, ring, store.lit(32, 512))), late());
  constexpr std::uint64_t few_conflicts = 2'000;
  EXPECT_EQ(engine.check({}, few_conflicts, late()).status, Status::unsat);
}

TEST(BitBlaster, SumsOfSlicesShareTheGatesOfTheWhole) {
  Store store(no_rewrites);
  const Id x = store.var(64, "x"), y = store.var(64, "y"), z = store.var(64, "z");
  const auto low = [&](Id a) { return store.extract(0, 16, a); };
  const auto sum = [&](Id a, Id b, Id c) {
    return store.bin(Op::add, store.bin(Op::add, a, b), c);
  };
  const Id zl = low(z), yl = low(y), xl = low(x);  // made in the other order
  const Id whole = sum(x, y, z);
  const Id narrow = sum(zl, yl, xl);
  Engine engine(store, engine_options(Products::abstract, Mutation::none));
  engine.require(store.not_(store.eq(low(whole), narrow)), late());
  EXPECT_EQ(engine.check({}, 0, late()).status, Status::unsat) << "took search";
}

}  // namespace
}  // namespace probity::solver
