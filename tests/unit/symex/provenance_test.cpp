// SPDX-License-Identifier: Apache-2.0
// The rules for pointers: what stays exact, and what becomes a number that mentions an address.
#include <gtest/gtest.h>

#include "symex/context.hpp"
#include "symex/provenance.hpp"

namespace probity::symex {
namespace {

class ProvenanceTest : public testing::Test {
 protected:
  Word number(std::uint64_t value) { return {context_.lit(64, value), 0}; }
  Word pointer(std::int64_t offset, RegionId region) { return {context_.lit64(offset), region}; }
  Word variable(std::string_view name, RegionId region) {
    return {context_.store.var(64, name), region};
  }
  Word bin(Op op, Word a, Word b) { return Provenance::bin(op, 64, a, b); }
  bool mentions_address(Word a) { return context_.taint.of(a.term) == Taint::address; }
  Context context_;
};

TEST_F(ProvenanceTest, SumsAndDifferencesStayInTheRegion) {
  EXPECT_EQ(bin(Op::add, pointer(4, 2), number(3)), pointer(7, 2));
  EXPECT_EQ(bin(Op::add, number(3), pointer(4, 2)), pointer(7, 2));
  EXPECT_EQ(bin(Op::sub, pointer(4, 2), number(3)), pointer(1, 2));
  EXPECT_EQ(bin(Op::sub, pointer(9, 2), pointer(4, 2)), number(5));
  EXPECT_TRUE(mentions_address(bin(Op::sub, pointer(9, 2), pointer(4, 3))));
  EXPECT_TRUE(mentions_address(bin(Op::sub, number(9), pointer(4, 3))));
  EXPECT_TRUE(mentions_address(bin(Op::add, pointer(9, 2), pointer(4, 2))));
}

TEST_F(ProvenanceTest, NearbyPointersCompareAsSignedOffsets) {
  const Word one{context_.store.true_(), 0};
  EXPECT_EQ(bin(Op::ult, pointer(-8, 2), pointer(0, 2)), one);
  EXPECT_EQ(bin(Op::ule, pointer(0, 2), pointer(0, 2)), one);
  EXPECT_TRUE(mentions_address(bin(Op::ult, pointer(0, 2), pointer(0, 3))));
  // A signed 32-bit distance is near; one of 64 bits can wrap.
  const Word narrow = {context_.store.sext(64, context_.store.var(32, "narrow")), 2};
  EXPECT_FALSE(mentions_address(bin(Op::ult, narrow, pointer(14, 2))));
  EXPECT_FALSE(mentions_address(bin(Op::ult, bin(Op::add, narrow, number(14)), pointer(1, 2))));
  EXPECT_TRUE(mentions_address(bin(Op::ult, variable("wide", 2), pointer(14, 2))));
  EXPECT_FALSE(mentions_address(bin(Op::eq, variable("wide", 2), pointer(14, 2))));
}

TEST_F(ProvenanceTest, OnlyANearbyPointerIsKnownNotToBeNull) {
  const Word no{context_.store.false_(), 0};
  EXPECT_EQ(bin(Op::eq, pointer(0, 2), number(0)), no);
  EXPECT_EQ(bin(Op::eq, number(0), pointer(8, 2)), no);
  EXPECT_TRUE(mentions_address(bin(Op::eq, variable("wide", 2), number(0))));
  EXPECT_TRUE(mentions_address(bin(Op::eq, pointer(0, 2), number(1))));
}

TEST_F(ProvenanceTest, OtherUsesAreNumbersOfTheAddress) {
  for (const Op op : {Op::mul, Op::and_, Op::shl, Op::lshr}) {
    const Word result = bin(op, pointer(4, 2), number(3));
    EXPECT_EQ(result.region, 0u);
    EXPECT_TRUE(mentions_address(result));
  }
  EXPECT_EQ(bin(Op::or_, pointer(4, 2), number(0)), pointer(4, 2));
  EXPECT_TRUE(mentions_address(Provenance::extract(0, 32, pointer(4, 2))));
  EXPECT_TRUE(mentions_address(Provenance::un(Op::not_, 64, pointer(4, 2))));
}

}  // namespace
}  // namespace probity::symex
