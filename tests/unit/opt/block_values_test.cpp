// SPDX-License-Identifier: Apache-2.0
// Traces of straight code: which byte is which, and when two codes end alike.
#include "opt/block_values.hpp"

#include <gtest/gtest.h>

#include "code_sample.hpp"

namespace probity::opt {
namespace {

#define PACKET              \
  "r6 = *(u32 *)(r1 + 0)\n" \
  "r3 = *(u32 *)(r1 + 4)\n" \
  "r4 = r6\n"               \
  "r4 += 14\n"              \
  "if r4 > r3 goto out\n"
constexpr std::uint32_t behind_check = 5;

class BlockValuesTest : public testing::Test {
 protected:
  /// The straight code behind the check is `text`.
  explicit BlockValuesTest()
      : sample_(PACKET
                "r0 = 0\nr5 = 0\n*(u64 *)(r10 - 8) = 0\nr1 = *(u64 *)(r10 - 8)\n"
                "*(u8 *)(r6 + 0) = r1\nout:\nr0 = 2\nexit\n"),
        facts_(Facts::of(sample_.code(), sample_.view())),
        live_(Live::of(sample_.code(), facts_, sample_.view())),
        version_{sample_.code(), facts_, live_, sample_.view()},
        values_(version_, behind_check) {}

  BlockTrace trace(std::string_view text) {
    return values_.trace(sample::nodes_of(sample_.code(), 0, text));
  }
  bool agree(std::string_view a, std::string_view b, RegisterSet regs) {
    LivePoint live;
    live.regs = regs;
    live.stack.set(stack_bytes - 8);
    return values_.agree(trace(a), trace(b), live);
  }

  sample::Sample sample_;
  Facts facts_;
  Live live_;
  Version version_;
  BlockValues values_;
};

TEST_F(BlockValuesTest, BytesAreFollowedThroughShifts) {
  const BlockTrace traced = trace("r1 = *(u32 *)(r6 + 4)\nr1 >>= 16\n");
  ASSERT_TRUE(traced.complete);
  ASSERT_TRUE(traced.uses[0].has_value());
  EXPECT_EQ(traced.uses[0]->area, Area::packet);
  EXPECT_EQ(traced.uses[0]->offset, 4);
  EXPECT_EQ(values_.byte(traced.regs[2][1], 0), traced.uses[0]->loaded[2]);
  EXPECT_EQ(values_.byte(traced.regs[2][1], 1), traced.uses[0]->loaded[3]);
  EXPECT_EQ(values_.store().literal(values_.byte(traced.regs[2][1], 2)), term::Value{0});
}

TEST_F(BlockValuesTest, StoredBytesAreLoadedAgain) {
  const BlockTrace traced =
      trace("r1 = *(u16 *)(r6 + 4)\n*(u16 *)(r6 + 0) = r1\nr2 = *(u8 *)(r6 + 1)\n");
  EXPECT_EQ(traced.uses[2]->loaded[0], traced.uses[0]->loaded[1]);
}

TEST_F(BlockValuesTest, AgreesOnWhatIsLiveOnly) {
  EXPECT_TRUE(agree("r1 = 5\nr2 = 6\n", "r1 = 5\n", 1u << 1));
  EXPECT_FALSE(agree("r1 = 5\nr2 = 6\n", "r1 = 5\n", 1u << 2));
  EXPECT_TRUE(agree("*(u8 *)(r10 - 8) = 1\n*(u8 *)(r10 - 7) = 1\n", "*(u8 *)(r10 - 8) = 1\n", 0));
  EXPECT_FALSE(agree("*(u8 *)(r10 - 8) = 1\n", "*(u8 *)(r10 - 8) = 2\n", 0));
  EXPECT_FALSE(agree("*(u8 *)(r10 - 8) = 1\n", "r0 = 0\n", 0));
}

TEST_F(BlockValuesTest, AllOtherMemoryIsLive) {
  EXPECT_TRUE(agree("*(u8 *)(r6 + 0) = 1\n*(u8 *)(r6 + 1) = 2\n", "*(u16 *)(r6 + 0) = 513\n", 0));
  EXPECT_FALSE(agree("*(u8 *)(r6 + 0) = 1\n*(u8 *)(r6 + 1) = 2\n", "*(u8 *)(r6 + 0) = 1\n", 0));
  EXPECT_TRUE(agree("r1 = *(u8 *)(r6 + 0)\n*(u8 *)(r6 + 0) = r1\n",
                    "r2 = *(u8 *)(r6 + 0)\n*(u8 *)(r6 + 0) = r2\n", 0));
}

TEST_F(BlockValuesTest, AnAccessThroughANumberStopsIt) {
  EXPECT_FALSE(trace("r1 = *(u8 *)(r5 + 0)\n").complete);
}

}  // namespace
}  // namespace probity::opt
