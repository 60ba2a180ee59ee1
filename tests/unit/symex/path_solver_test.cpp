// SPDX-License-Identifier: Apache-2.0
// PathSolver on random conditions over the packet length, thresholds that wrap and bit tests among
// them, against the set of all lengths that are left.
#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "symex/path_solver.hpp"

namespace probity::symex {
namespace {

constexpr std::uint64_t shortest = 14;
constexpr std::uint64_t longest = 300;

class PathSolverTest : public testing::Test {
 protected:
  PathSolverTest() { options_.external = solver::External::none; }

  PathState start() {
    PathState state;
    term::Model model;
    model.set(length_, shortest);
    state.valuation = std::make_shared<Valuation>(context_.store, std::move(model));
    state.length_low = shortest;
    state.length_high = longest;
    state.condition.push_back(
        context_.store.not_(context_.store.bin(Op::ult, length_, context_.lit(16, shortest))));
    state.condition.push_back(context_.store.bin(Op::ule, length_, context_.lit(16, longest)));
    return state;
  }

  term::Id condition() {
    term::Store& store = context_.store;
    const term::Id wide = store.zext(64, length_);
    const term::Id sum =
        store.bin(Op::add, wide, context_.lit64(static_cast<std::int64_t>(random_() % 600) - 300));
    const term::Id limit = context_.lit64(static_cast<std::int64_t>(random_() % 400));
    term::Id result;
    switch (random_() % 5) {
      case 0: result = store.bin(Op::ult, limit, sum); break;
      case 1: result = store.eq(sum, limit); break;
      case 2:
        result = store.eq(store.extract(0, 2, length_), context_.lit(2, random_() % 4));
        break;
      default: result = store.bin(Op::ult, sum, limit); break;
    }
    return random_() % 2 == 0 ? result : store.not_(result);
  }

  std::vector<std::uint64_t> that_satisfy(const std::vector<std::uint64_t>& lengths, term::Id a) {
    std::vector<std::uint64_t> result;
    for (const std::uint64_t length : lengths) {
      term::Model model;
      model.set(length_, length);
      if (term::Evaluator(context_.store, model)(a) != 0) result.push_back(length);
    }
    return result;
  }

  std::mt19937_64 random_{11};
  Context context_;
  term::Id length_ = context_.store.var(16, "packet.length");
  solver::Options options_;
};

TEST_F(PathSolverTest, AgreesWithAllLengths) {
  for (int round = 0; round < 200; ++round) {
    PathSolver solver(context_, length_, options_);
    PathState state = start();
    std::vector<std::uint64_t> left;
    for (std::uint64_t i = shortest; i <= longest; ++i) left.push_back(i);
    for (int step = 0; step < 6; ++step) {
      const term::Id next = condition();
      const auto satisfying = that_satisfy(left, next);
      const Possibility shown = solver.possible(state, next);
      ASSERT_EQ(shown.answer == Answer::yes, !satisfying.empty()) << "round " << round;
      ASSERT_NE(shown.answer, Answer::unknown);
      if (shown.answer == Answer::no) continue;
      solver.assume(state, next, shown);
      left = satisfying;
      const auto length = static_cast<std::uint64_t>((*state.valuation)(length_));
      ASSERT_TRUE(std::ranges::find(left, length) != left.end())
          << "round " << round << ": length " << length << " is not on the path";
      ASSERT_LE(state.length_low, left.front());
      ASSERT_GE(state.length_high, left.back());
    }
  }
}

}  // namespace
}  // namespace probity::symex
