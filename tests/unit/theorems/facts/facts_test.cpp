// SPDX-License-Identifier: Apache-2.0
// The obligations about facts are proved at small widths, there is one for each operation of
// bv_ops.def, and the functions as they ship keep to the numbers that they are proved to contain.
#include "theorems/facts/facts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "domain/abstract.hpp"
#include "domain/concrete.hpp"

namespace probity::theorems {
namespace {

constexpr Op operations[] = {
#define BV_UN(name, smt, meaning) Op::name,
#define BV_BIN(name, smt, meaning) Op::name,
#define BV_REL(name, smt, meaning) Op::name,
#include "domain/bv_ops.def"
};

TEST(Facts, AreProvedAtEightBits) {
  std::vector<proof::Obligation> obligations = facts_obligations();
  std::erase_if(obligations,
                [](const proof::Obligation& o) { return !o.name.ends_with("/8-bits"); });
  EXPECT_GT(obligations.size(), 30u);
  for (const proof::Result& result : proof::discharge(obligations, {})) {
    EXPECT_TRUE(proof::is_proved(result)) << result.name;
  }
}

TEST(Facts, HaveAnObligationForEachOperationAndWidth) {
  std::set<std::string> names;
  for (const proof::Obligation& obligation : facts_obligations()) {
    EXPECT_TRUE(names.insert(obligation.name).second) << obligation.name << " twice";
  }
  for (const Op op : operations) {
    for (const char* width : {"1", "8", "16", "32", "64"}) {
      EXPECT_TRUE(names.contains("facts/" + std::string(smt_name(op)) + "/" + width + "-bits"))
          << smt_name(op) << " at " << width;
    }
  }
}

/// Random numbers, and what is known of a few of them together.
class Sample {
 public:
  explicit Sample(unsigned width) : width_(width) {}

  std::uint64_t number() {
    const std::uint64_t some = random_();
    const std::uint64_t all = mask<std::uint64_t>(width_);
    switch (random_() % 4) {
      case 0: return some & all;
      case 1: return some % 7 & all;
      case 2: return (0 - some % 5) & all;
      default: return (std::uint64_t{1} << (some % width_)) & all;
    }
  }
  /// The join of one to three numbers; `one` is among them.
  AbstractWord around(std::uint64_t one) {
    AbstractWord known = Abstract::lit(width_, one);
    for (std::uint64_t more = random_() % 3; more > 0; --more) {
      known = Abstract::join(width_, known, Abstract::lit(width_, number()));
    }
    return random_() % 8 == 0 ? Abstract::any(width_) : known;
  }

 private:
  unsigned width_;
  std::mt19937_64 random_{1};
};

class ShippedOperation : public testing::TestWithParam<unsigned> {};

TEST_P(ShippedOperation, ContainsItsOutcome) {
  const unsigned width = GetParam();
  Sample sample(width);
  std::size_t known = 0;
  for (unsigned round = 0; round < 4000; ++round) {
    const std::uint64_t a = sample.number(), b = sample.number();
    const AbstractWord of_a = sample.around(a), of_b = sample.around(b);
    ASSERT_TRUE(Abstract::contains(width, of_a, a));
    for (const Op op : operations) {
      const unsigned result_width = is_relation(op) ? 1 : width;
      const AbstractWord result =
          is_unary(op) ? Abstract::un(op, width, of_a) : Abstract::bin(op, width, of_a, of_b);
      const std::uint64_t outcome = fold<std::uint64_t>(op, width, a, b);
      ASSERT_TRUE(Abstract::contains(result_width, result, outcome))
          << smt_name(op) << " of " << a << " and " << b;
      known += result == Abstract::any(result_width) ? 0 : 1;
    }
  }
  EXPECT_GT(known, 4000u * std::size(operations) / 4) << "most results say nothing";
}
INSTANTIATE_TEST_SUITE_P(Widths, ShippedOperation, testing::Values(1u, 8u, 16u, 32u, 64u));

TEST(Shipped, KnowledgeOfTwoKnownNumbersIsTheOutcome) {
  Sample sample(64);
  for (unsigned round = 0; round < 1000; ++round) {
    const std::uint64_t a = sample.number(), b = sample.number();
    for (const Op op : operations) {
      if (is_unary(op)) continue;
      const AbstractWord result = Abstract::bin(op, 64, Abstract::lit(64, a), Abstract::lit(64, b));
      EXPECT_EQ(Abstract::constant(64, result), fold<std::uint64_t>(op, 64, a, b));
    }
  }
}

TEST(Shipped, WidthsThatNobodyUsesAreUnknown) {
  EXPECT_EQ(Abstract::bin(Op::add, 24, Abstract::lit(24, 1), Abstract::lit(24, 1)),
            Abstract::any(24));
}

TEST(Shipped, WhatCannotHoldIsNothing) {
  const AbstractWord five = Abstract::lit(64, 5), seven = Abstract::lit(64, 7);
  EXPECT_FALSE(Abstract::given(Relation::eq, 64, five, seven));
  EXPECT_FALSE(Abstract::given(Relation::ult, 64, seven, five));
  EXPECT_FALSE(Abstract::given(Relation::ne, 64, five, five));
  EXPECT_FALSE(Abstract::given(Relation::disjoint, 64, five, seven));
  EXPECT_TRUE(Abstract::given(Relation::ult, 64, five, seven));
  EXPECT_FALSE(Abstract::with_low_half(five, Abstract::lit(32, 6)));
}

}  // namespace
}  // namespace probity::theorems
