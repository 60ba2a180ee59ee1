// SPDX-License-Identifier: Apache-2.0
// Cut points: the same variable for the same value of both versions, no variable for another value,
// and what it stands for when a proof asks.
#include "opt/cut_points.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace probity::opt {
namespace {

using term::Id;

class CutPointsTest : public ::testing::Test {
 protected:
  Id lit(std::uint64_t value) { return store_.lit(64, value); }
  /// A few rounds of a mixing function.
  Id mixed(Id a) {
    for (unsigned i = 0; i < 6; ++i) {
      a = store_.bin(Op::xor_, store_.bin(Op::add, a, lit(0x9e3779b9)), b_);
      a = store_.bin(Op::mul, a, store_.bin(Op::add, b_, lit(i)));
    }
    return a;
  }
  bool is_unsat(std::vector<Id> query) {
    return solver::solve(store_, query, {}).status == solver::Status::unsat;
  }

  term::Store store_;
  Pointers pointers_{store_};
  CutPoints cuts_{store_, pointers_};
  Id a_ = store_.var(64, "a");
  Id b_ = store_.var(64, "b");
};

TEST_F(CutPointsTest, DeepValueOfBothVersionsHasOneVariable) {
  const Id value = mixed(a_);
  const Id stand_in = cuts_.cut_old(value, 7);
  EXPECT_NE(stand_in, value);
  EXPECT_EQ(store_.kind(stand_in), term::Kind::var);
  EXPECT_EQ(cuts_.cut_new(value, 7, {}), stand_in);
}

TEST_F(CutPointsTest, ValueOfOtherShapeIsAskedFor) {
  const Id small = store_.zext(64, store_.var(8, "small"));
  const Id old = store_.bin(Op::xor_, mixed(a_), store_.bin(Op::urem, small, lit(256)));
  const Id stand_in = cuts_.cut_old(old, 7);
  const Id same = store_.bin(Op::xor_, mixed(a_), small);
  EXPECT_EQ(cuts_.cut_new(same, 7, {}), stand_in);
}

TEST_F(CutPointsTest, OtherValueIsNotTaken) {
  const Id stand_in = cuts_.cut_old(mixed(a_), 7);
  const Id other = store_.bin(Op::xor_, mixed(a_), lit(1));
  EXPECT_EQ(cuts_.cut_new(other, 7, {}), other);
  EXPECT_NE(cuts_.cut_new(other, 7, {}), stand_in);
}

TEST_F(CutPointsTest, WhatIsAssumedMayBeUsed) {
  const Id old =
      store_.bin(Op::xor_, store_.bin(Op::add, store_.bin(Op::xor_, a_, b_), lit(5)), b_);
  const Id deep = store_.bin(Op::add, old, a_);
  const Id stand_in = cuts_.cut_old(deep, 7);
  ASSERT_NE(stand_in, deep);
  const Id masked = store_.and_(deep, lit(0xffffffff));
  EXPECT_EQ(cuts_.cut_new(masked, 7, {}), masked);
  const std::vector<Id> assumed{store_.bin(Op::ult, deep, lit(0x100000000))};
  EXPECT_EQ(cuts_.cut_new(masked, 7, assumed), stand_in);
}

TEST_F(CutPointsTest, ShallowValuesAndPointersStay) {
  const Id sum = store_.bin(Op::add, a_, b_);
  EXPECT_EQ(cuts_.cut_old(sum, 1), sum);
  const Id pointer = store_.bin(Op::add, pointers_.var("p", Area::packet), mixed(a_));
  EXPECT_EQ(cuts_.cut_old(pointer, 2), pointer);
}

TEST_F(CutPointsTest, ZerosAboveStayVisible) {
  const Id value = store_.zext(64, store_.extract(0, 16, mixed(a_)));
  const Id stand_in = cuts_.cut_old(value, 3);
  ASSERT_NE(stand_in, value);
  EXPECT_TRUE(store_.is_true(store_.bin(Op::ult, stand_in, lit(0x10000))));
}

TEST_F(CutPointsTest, DefinitionsSayWhatVariablesStandFor) {
  const Id first = cuts_.cut_old(mixed(a_), 1);
  const Id second = cuts_.cut_old(store_.bin(Op::xor_, mixed(first), a_), 2);
  const Id claim = store_.eq(first, mixed(a_));
  std::vector<Id> query{store_.not_(claim)};
  EXPECT_FALSE(is_unsat(query)) << "nothing is known of a variable alone";
  for (const Id definition : cuts_.definitions(query)) query.push_back(definition);
  EXPECT_TRUE(is_unsat(query));
  const std::vector<Id> of_second{store_.eq(second, lit(0))};
  EXPECT_EQ(cuts_.definitions(of_second).size(), 2u) << "what the value is made of, too";
}

}  // namespace
}  // namespace probity::opt
