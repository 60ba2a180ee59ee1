// SPDX-License-Identifier: Apache-2.0
// Many conclusions, one obligation: each is asked by itself, with the assumptions it depends on,
// and each distinct query once. And what that must not change: the verdict is that of the whole.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>

#include "proof/proof.hpp"
#include "proof/slice.hpp"

namespace probity::proof {
namespace {

using solver::Answer;
using solver::Status;
using term::Id;
using term::Store;

/// Options whose engine counts its queries and their terms.
class ConclusionTest : public testing::Test {
 protected:
  ConclusionTest() {
    options_.solver.external = solver::External::none;
    options_.workers = 2;
    options_.engine = [this](Store& s, std::span<const Id> a, const solver::Options& o) {
      ++asked_;
      largest_ = std::max<std::size_t>(largest_, a.size());
      return solver::solve(s, a, o);
    };
  }
  Result discharge_one(BuildQuery build) {
    const Obligation obligation{"one", "conclusion_test.cpp", std::move(build), {}};
    return discharge(std::span(&obligation, 1), options_)[0];
  }

  Options options_;
  std::atomic<int> asked_ = 0;
  std::atomic<std::size_t> largest_ = 0;
};

/// a + b < a says whether the sum overflows: no rewrite rule, and true only when `wrong` is 0.
Id overflow(Store& s, const std::string& a, const std::string& b, unsigned wrong) {
  const Id x = s.var(24, a), y = s.var(24, b);
  const Id carry = s.extract(24, 1, s.bin(Op::add, s.zext(25, x), s.zext(25, y)));
  return s.eq(s.bin(Op::ult, s.bin(Op::add, s.bin(Op::add, x, y), s.lit(24, wrong)), x), carry);
}

TEST_F(ConclusionTest, EachIsAskedByItself) {
  const Result result = discharge_one([](Store& s) {
    return Query{{}, {s.true_(), overflow(s, "a", "b", 0), overflow(s, "c", "d", 0), s.true_()}};
  });
  EXPECT_TRUE(is_proved(result));
  EXPECT_EQ(result.effort.conclusions, 4U);
  EXPECT_EQ(result.effort.by_rewriting, 2U);
  EXPECT_EQ(result.effort.solved, 1U);  // the two are one query up to names
  EXPECT_EQ(result.effort.shared, 1U);
  EXPECT_EQ(asked_, 1);
}

TEST_F(ConclusionTest, TheFirstThatFailsIsNamed) {
  const Result result = discharge_one([](Store& s) {
    return Query{{},
                 {overflow(s, "a", "b", 0), overflow(s, "a", "b", 1), overflow(s, "a", "b", 2)},
                 {"r0", "r1", "r2"}};
  });
  ASSERT_TRUE(std::holds_alternative<Refuted>(result.verdict));
  EXPECT_EQ(std::get<Refuted>(result.verdict).conclusion, "r1");
  EXPECT_EQ(result.effort.left, 1U);
}

TEST_F(ConclusionTest, ARefutationIsWorthMoreThanAnUnknown) {
  const AskEngine real = options_.engine;
  options_.engine = [&](Store& s, std::span<const Id> a, const solver::Options& o) {
    if (asked_ != 0) return real(s, a, o);
    ++asked_;
    Answer answer;
    answer.engine = "tired";
    answer.reason = "conflict limit 1";
    return answer;
  };
  const auto two = [](unsigned wrong) {
    return [wrong](Store& s) {
      return Query{{}, {overflow(s, "a", "b", 0), overflow(s, "c", "d", wrong)}, {"first", "then"}};
    };
  };
  const Result refuted = discharge_one(two(5));
  ASSERT_TRUE(std::holds_alternative<Refuted>(refuted.verdict));
  EXPECT_EQ(std::get<Refuted>(refuted.verdict).conclusion, "then");
  asked_ = 0;
  const Result unknown = discharge_one([](Store& s) {
    return Query{{}, {overflow(s, "a", "b", 0), s.eq(s.var(8, "e"), s.var(8, "e"))}, {"first", ""}};
  });
  ASSERT_TRUE(std::holds_alternative<Unknown>(unknown.verdict));
  EXPECT_EQ(std::get<Unknown>(unknown.verdict).reason, "first: conflict limit 1");
}

TEST_F(ConclusionTest, EqualQueriesOfManyObligationsAreSolvedOnce) {
  std::vector<Obligation> obligations;
  for (int i = 0; i < 200; ++i) {
    const std::string a = "a" + std::to_string(i), b = "b" + std::to_string(i);
    obligations.push_back({"sum " + std::to_string(i),
                           "",
                           [a, b](Store& s) { return Query{{}, {overflow(s, a, b, 0)}}; },
                           {}});
  }
  options_.workers = 4;
  std::size_t solved = 0, shared = 0;
  for (const Result& result : discharge(obligations, options_)) {
    EXPECT_TRUE(is_proved(result)) << result.name;
    solved += result.effort.solved;
    shared += result.effort.shared;
  }
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(solved, 1U);
  EXPECT_EQ(shared, 199U);
}

TEST_F(ConclusionTest, ASharedCounterexampleIsToldInEachObligationsNames) {
  std::vector<Obligation> obligations;
  for (const std::string name : {"p", "q"}) {
    obligations.push_back(
        {name,
         "",
         [name](Store& s) { return Query{{}, {overflow(s, name + "1", name + "2", 3)}}; },
         {}});
  }
  const std::vector<Result> results = discharge(obligations, options_);
  EXPECT_EQ(asked_, 1);
  for (const Result& result : results) {
    ASSERT_TRUE(std::holds_alternative<Refuted>(result.verdict)) << result.name;
    for (const auto& [name, value] : std::get<Refuted>(result.verdict).variables) {
      EXPECT_EQ(name.substr(0, 1), result.name);
    }
  }
}

TEST_F(ConclusionTest, AssumptionsAboutOtherThingsAreLeftOut) {
  const Result result = discharge_one([](Store& s) {
    const auto less = [&](const char* a, const char* b) {
      return s.bin(Op::ult, s.var(24, a), s.var(24, b));
    };
    return Query{{less("p", "q"), less("a", "c"), less("q", "r")}, {overflow(s, "a", "b", 0)}};
  });
  EXPECT_TRUE(is_proved(result));
  EXPECT_EQ(largest_, 2U);  // a < c, and the negated conclusion
}

TEST_F(ConclusionTest, ACounterexampleRespectsAssumptionsAboutOtherThings) {
  const auto state = [](unsigned about_p) {
    return [about_p](Store& s) {
      const Id p = s.var(24, "p");
      return Query{{s.eq(s.bin(Op::mul, p, p), s.lit(24, about_p))}, {overflow(s, "a", "b", 1)}};
    };
  };
  const Result result = discharge_one(state(49));
  ASSERT_TRUE(std::holds_alternative<Refuted>(result.verdict));
  for (const auto& [name, value] : std::get<Refuted>(result.verdict).variables) {
    if (name == "p") {
      EXPECT_EQ((value * value) & 0xffffff, 49U);
    }
  }
  // No square is 3 modulo 4, so there is nothing that could violate the conclusion.
  EXPECT_TRUE(is_proved(discharge_one(state(3))));
}

TEST_F(ConclusionTest, WhatIsGivenForOneConclusionHoldsForNoOther) {
  const auto state = [](bool swapped) {
    return [swapped](Store& s) {
      const Id x = s.var(8, "x"), small = s.bin(Op::ult, x, s.lit(8, 4));
      const Id large = s.bin(Op::ult, s.lit(8, 9), x);
      Query query{{}, {s.bin(Op::ult, x, s.lit(8, 5)), s.bin(Op::ult, s.lit(8, 8), x)}};
      query.given = {{small}, {large}};
      if (swapped) std::swap(query.given[0], query.given[1]);
      return query;
    };
  };
  EXPECT_TRUE(is_proved(discharge_one(state(false))));
  EXPECT_TRUE(std::holds_alternative<Refuted>(discharge_one(state(true)).verdict));
}

/// A conclusion `false` says that its path cannot be: what is given must be contradictory by
/// itself, however little it has to do with the conclusion.
TEST_F(ConclusionTest, AFalseConclusionIsProvedByAContradictionOnly) {
  const auto state = [](unsigned limit) {
    return [limit](Store& s) {
      const Id x = s.var(8, "x"), y = s.var(8, "y");
      Query query{{s.bin(Op::ult, y, s.lit(8, 7))}, {s.false_()}};
      query.given = {{s.bin(Op::ult, s.lit(8, 4), x), s.bin(Op::ult, x, s.lit(8, limit))}};
      return query;
    };
  };
  EXPECT_TRUE(is_proved(discharge_one(state(5))));
  EXPECT_TRUE(std::holds_alternative<Refuted>(discharge_one(state(6)).verdict));
}

TEST_F(ConclusionTest, TwoObligationsOfOneNameAreNotProved) {
  const Obligation obligation{"twin", "", [](Store&) { return Query{}; }, {}};
  for (const Result& result : discharge(std::vector{obligation, obligation}, options_)) {
    EXPECT_TRUE(std::holds_alternative<Unknown>(result.verdict));
    EXPECT_TRUE(result.our_bug);
  }
}

TEST(Slice, FollowsVariablesAndFunctions) {
  Store s;
  const unsigned widths[] = {8};
  const term::Function f = s.function("f", widths, 8);
  const auto apply = [&](Id a) { return s.apply(f, std::span(&a, 1)); };
  const Id a = s.var(8, "a"), b = s.var(8, "b"), c = s.var(8, "c"), d = s.var(8, "d");
  const std::vector<Id> assume = {s.bin(Op::ult, a, b), s.bin(Op::ult, b, apply(a)),
                                  s.bin(Op::ult, apply(c), s.lit(8, 9)),
                                  s.bin(Op::ult, d, s.lit(8, 4))};
  Slicer slicer(s, assume);
  const auto of = [&](Id goal) { return slicer.relevant(goal); };
  EXPECT_EQ(of(s.eq(a, s.lit(8, 1))), (std::vector{assume[0], assume[1], assume[2]}));
  EXPECT_EQ(of(s.eq(c, s.lit(8, 1))), (std::vector{assume[0], assume[1], assume[2]}));
  EXPECT_EQ(of(s.eq(d, s.lit(8, 1))), (std::vector{assume[3]}));
  EXPECT_EQ(of(s.eq(s.var(8, "new"), s.lit(8, 1))), std::vector<Id>{});
}

/// Random small obligations: conclusion by conclusion gives the verdict of the one query
/// "assumptions and not all conclusions".
TEST_F(ConclusionTest, AgreesWithTheWholeQuery) {
  std::mt19937 random(7);
  int proved = 0, refuted = 0;
  for (int round = 0; round < 400; ++round) {
    const auto seed = static_cast<unsigned>(random());
    const auto state = [seed](Store& s) {
      std::mt19937 choose(seed);
      const auto value = [&]() -> Id {
        if (choose() % 4 == 0) return s.lit(4, choose() % 16);
        return s.var(4, std::string(1, char('a' + choose() % 5)));
      };
      const Op relations[] = {Op::ult, Op::ule, Op::eq};
      const Op operations[] = {Op::add, Op::mul, Op::and_, Op::udiv};
      const auto fact = [&] {
        const Id x = value(), y = value(), z = value();
        return s.bin(relations[choose() % 3], s.bin(operations[choose() % 4], x, y), z);
      };
      Query query;
      for (auto i = choose() % 6; i > 0; --i) query.assume.push_back(fact());
      for (auto i = choose() % 3; i > 0; --i) query.show.push_back(s.or_(fact(), fact()));
      if (!query.assume.empty()) query.show.push_back(s.or_(query.assume[0], fact()));
      return query;
    };
    Store store;
    Query query = state(store);
    query.assume.push_back(store.not_(store.conjunction(query.show)));
    const Status whole = solver::solve(store, query.assume, options_.solver).status;
    const Result result = discharge_one(state);
    ++(whole == Status::unsat ? proved : refuted);
    EXPECT_EQ(is_proved(result), whole == Status::unsat) << "seed " << seed;
    EXPECT_EQ(std::holds_alternative<Refuted>(result.verdict), whole == Status::sat) << seed;
  }
  EXPECT_GT(proved, 50);
  EXPECT_GT(refuted, 50);
}

}  // namespace
}  // namespace probity::proof
