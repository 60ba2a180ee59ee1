// SPDX-License-Identifier: Apache-2.0
// Numbers behind a comparison: what is left of them is equal for every value that comes there, and
// what bounds nothing leaves them whole.
#include "opt/path_bounds.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

namespace probity::opt {
namespace {

using term::Id;

constexpr unsigned bits = 5;

class PathBoundsTest : public ::testing::Test {
 protected:
  Id lit(std::uint64_t value) { return store_.lit(bits, value); }
  Id below(std::uint64_t k) { return store_.bin(Op::ult, x_, lit(k)); }
  Id above(std::uint64_t k) { return store_.bin(Op::ult, lit(k), x_); }
  /// Bits that may be set of what is left of `value`.
  unsigned left(Id value, std::vector<Id> path) {
    Id narrow = narrowed(store_, value, path);
    for (std::uint64_t x = 0; x < 1u << bits; ++x) {
      term::Model model;
      model.set(x_, x);
      term::Evaluator evaluate(store_, model);
      bool comes_here = true;
      for (const Id claim : path) comes_here = comes_here && evaluate(claim) == 1;
      if (comes_here) EXPECT_EQ(evaluate(narrow), evaluate(value)) << x;
    }
    if (store_.kind(narrow) == term::Kind::concat) narrow = store_.args(narrow)[1];
    return store_.width(narrow);
  }

  term::Store store_;
  Id x_ = store_.var(bits, "x");
};

TEST_F(PathBoundsTest, EveryLimitLeavesItsBits) {
  for (std::uint64_t k = 2; k < 30; ++k) {
    const auto wanted = [](std::uint64_t high) {
      return static_cast<unsigned>(std::bit_width(high));
    };
    EXPECT_EQ(left(x_, {below(k)}), k == 2 ? 1u : wanted(k - 1)) << k;
    EXPECT_EQ(left(x_, {store_.not_(above(k))}), wanted(k)) << k;
    EXPECT_EQ(left(store_.zext(64, x_), {store_.not_(above(k))}), wanted(k)) << k;
    EXPECT_EQ(left(x_, {above(k)}), bits) << k;
    EXPECT_EQ(left(x_, {store_.not_(below(k))}), bits) << k;
  }
}

TEST_F(PathBoundsTest, TheLeastOfSeveralCountsAndThoseOfOthersDoNot) {
  const Id y = store_.var(bits, "y");
  EXPECT_EQ(left(x_, {below(20), below(5), below(9)}), 3u);
  std::vector<Id> path{store_.bin(Op::ult, y, lit(3)), store_.bin(Op::ult, x_, y)};
  EXPECT_EQ(narrowed(store_, x_, path), x_);
  EXPECT_EQ(narrowed(store_, x_, {}), x_);
}

}  // namespace
}  // namespace probity::opt
