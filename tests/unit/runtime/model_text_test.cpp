// SPDX-License-Identifier: Apache-2.0
// The texts over a domain that models share with the symbolic executor: packet bounds, redirect
// answers, prefix matching. Each against a direct statement of the kernel's rule.
#include <gtest/gtest.h>

#include <vector>

#include "domain/concrete.hpp"
#include "runtime/packet_bounds.hpp"
#include "runtime/prefix_match.hpp"
#include "runtime/redirect_rule.hpp"

namespace probity::runtime {
namespace {

using B8 = Bv<Concrete, 8>;
using B32 = Bv<Concrete, 32>;
using B64 = Bv<Concrete, 64>;

constexpr FrameLimits<Concrete> limits = {B64::lit(40), B64::lit(3776)};
PacketBounds<Concrete> bounds(std::uint64_t meta, std::uint64_t data, std::uint64_t end) {
  return {B64::lit(meta), B64::lit(data), B64::lit(end)};
}
B32 delta(std::int32_t value) {
  return B32::lit(static_cast<std::uint32_t>(value));
}
std::int64_t number(B64 value) {
  return static_cast<std::int64_t>(value.raw());
}

TEST(PacketBounds, HeadMovesWithItsMetadata) {
  const PacketMove<Concrete> move = xdp_head_moved(bounds(248, 256, 320), limits, delta(-16));
  EXPECT_EQ(number(move.result), 0);
  EXPECT_EQ(move.bounds().meta.raw(), 232u);
  EXPECT_EQ(move.bounds().data.raw(), 240u);
  EXPECT_EQ(move.bounds().end.raw(), 320u);
}

TEST(PacketBounds, HeadKeepsItsLimits) {
  EXPECT_EQ(number(xdp_head_moved(bounds(248, 256, 320), limits, delta(-208)).result), 0);
  const PacketMove<Concrete> early = xdp_head_moved(bounds(248, 256, 320), limits, delta(-209));
  EXPECT_EQ(number(early.result), -22);
  EXPECT_EQ(early.bounds().data.raw(), 256u);
  EXPECT_EQ(early.moved.data.raw(), 47u);
  EXPECT_EQ(number(xdp_head_moved(bounds(256, 256, 320), limits, delta(50)).result), 0);
  EXPECT_EQ(number(xdp_head_moved(bounds(256, 256, 320), limits, delta(51)).result), -22);
  EXPECT_EQ(number(xdp_head_moved(bounds(256, 256, 320), limits, delta(INT32_MIN)).result), -22);
}

TEST(PacketBounds, MetadataChecksPlaceThenSize) {
  const auto answer_to = [](std::int32_t by) {
    return number(xdp_meta_moved(bounds(256, 256, 512), limits, delta(by)).result);
  };
  EXPECT_EQ(answer_to(-4), 0);
  EXPECT_EQ(answer_to(-216), 0);
  EXPECT_EQ(answer_to(-217), -22);
  EXPECT_EQ(answer_to(-3), -13);
  EXPECT_EQ(answer_to(4), -22);
}

TEST(PacketBounds, TailKeepsAnEthernetHeaderAndTheTailroom) {
  const auto answer_to = [](std::int32_t by) {
    return number(xdp_tail_moved(bounds(256, 256, 320), limits, delta(by)).result);
  };
  EXPECT_EQ(answer_to(-50), 0);
  EXPECT_EQ(answer_to(-51), -22);
  EXPECT_EQ(answer_to(3776 - 320), 0);
  EXPECT_EQ(answer_to(3777 - 320), -22);
}

TEST(PacketBounds, SkbLengths) {
  const auto tail = [](std::uint32_t length, std::uint64_t flags) {
    return number(skb_tail_answer(B32::lit(length), B32::lit(14), B64::lit(flags)));
  };
  EXPECT_EQ(tail(14, 0), 0);
  EXPECT_EQ(tail(13, 0), -22);
  EXPECT_EQ(tail(14, 1), -22);
  EXPECT_EQ(tail(packet_limits::skb_max_bytes, 0), 0);
  EXPECT_EQ(tail(packet_limits::skb_max_bytes + 1, 0), -22);
  const auto head = [](std::uint32_t more) {
    return number(skb_head_answer(B32::lit(64), B32::lit(more), B64::lit(0)));
  };
  EXPECT_EQ(head(14), 0);
  EXPECT_EQ(head(packet_limits::skb_max_bytes - 63), -22);
  EXPECT_EQ(head(0xffff'fff0), -22);
}

TEST(RedirectRule, FlagsDecide) {
  EXPECT_EQ(xdp_redirect_answer(B64::lit(0)).raw(), 4u);
  EXPECT_EQ(xdp_redirect_answer(B64::lit(1)).raw(), 0u);
  EXPECT_EQ(skb_redirect_answer(B64::lit(1), redirect_flags::ingress).raw(), 7u);
  EXPECT_EQ(skb_redirect_answer(B64::lit(2), redirect_flags::ingress).raw(), 2u);
  EXPECT_EQ(skb_redirect_answer(B64::lit(1), 0).raw(), 2u);
}

TEST(RedirectRule, MapEntriesAndFlags) {
  const auto answered = [](RedirectTargets targets, std::uint64_t flags, std::uint64_t present) {
    return map_redirect_answer(targets, B64::lit(flags), Bool<Concrete>::lit(present)).raw();
  };
  EXPECT_EQ(answered(RedirectTargets::others, 0, 1), 4u);
  EXPECT_EQ(answered(RedirectTargets::others, 2, 0), 2u);
  EXPECT_EQ(answered(RedirectTargets::others, 8, 1), 0u);
  EXPECT_EQ(answered(RedirectTargets::devices, 8, 0), 4u);
  EXPECT_EQ(answered(RedirectTargets::devices, 16 | 1, 0), 1u);
  EXPECT_EQ(answered(RedirectTargets::devices, 32, 1), 0u);
  EXPECT_EQ(answered(RedirectTargets::devices, 1ull << 40, 1), 0u);
}

TEST(PrefixMatch, AgreesBitByBit) {
  const std::vector<B8> a = {B8::lit(0xc0), B8::lit(0xa8), B8::lit(0x01)};
  for (unsigned differing = 0; differing < 24; ++differing) {
    std::vector<B8> b = a;
    b[differing / 8] = b[differing / 8] ^ B8::lit(0x80u >> differing % 8);
    for (unsigned count = 0; count <= 40; ++count) {
      EXPECT_EQ(same_prefix<Concrete>(a, b, B32::lit(count)).raw(), count <= differing ? 1u : 0u)
          << "bit " << differing << ", prefix " << count;
    }
  }
}

TEST(PrefixMatch, LongerPrefixesDoNotCover) {
  const std::vector<B8> data = {B8::lit(10), B8::lit(1)};
  const PrefixKey<Concrete> nine{B32::lit(9), data};
  const PrefixKey<Concrete> eight{B32::lit(8), data};
  EXPECT_EQ(prefix_covers(eight, nine).raw(), 1u);
  EXPECT_EQ(prefix_covers(nine, eight).raw(), 0u);
  EXPECT_EQ(same_prefix_key(nine, eight).raw(), 0u);
  EXPECT_EQ(is_prefix_length(B32::lit(16), 2).raw(), 1u);
  EXPECT_EQ(is_prefix_length(B32::lit(17), 2).raw(), 0u);
}

}  // namespace
}  // namespace probity::runtime
