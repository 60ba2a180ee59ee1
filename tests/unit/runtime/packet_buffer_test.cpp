// SPDX-License-Identifier: Apache-2.0
// Packet layout and its adjustments at their limits.
#include "runtime/packet_buffer.hpp"

#include <gtest/gtest.h>

#include "runtime/map.hpp"

namespace probity::runtime {
namespace {

RunInput packet_of(std::size_t length, std::uint32_t metadata) {
  RunInput input;
  input.metadata_size = metadata;
  for (std::size_t i = 0; i < length; ++i) input.packet.push_back(static_cast<std::uint8_t>(i));
  return input;
}

TEST(PacketBuffer, HeadMovesWithinItsLimits) {
  auto buffer = PacketBuffer::make_xdp(packet_of(64, 0));
  ASSERT_TRUE(buffer.has_value());
  EXPECT_EQ(buffer->adjust_head(-217),
            errno_of::invalid);                           // struct xdp_frame keeps 40 of 256 bytes
  EXPECT_EQ(buffer->adjust_head(51), errno_of::invalid);  // an Ethernet header must stay
  EXPECT_EQ(buffer->adjust_head(50), 0);
  EXPECT_EQ(buffer->data_bytes(), 14u);
  EXPECT_EQ(buffer->data()[0], 50);
  EXPECT_EQ(buffer->adjust_head(-266), 0);
  EXPECT_EQ(buffer->data_bytes(), 280u);
}

TEST(PacketBuffer, MetadataMovesWithTheHead) {
  auto buffer = PacketBuffer::make_xdp(packet_of(68, 4));
  ASSERT_TRUE(buffer.has_value());
  EXPECT_EQ(buffer->data_offset(), 4u);
  EXPECT_EQ(buffer->adjust_head(-8), 0);
  EXPECT_EQ(buffer->data_offset(), 4u);
  const Bytes out = buffer->output();
  EXPECT_EQ(out.size(), 76u);
  EXPECT_EQ((Bytes{out.begin(), out.begin() + 4}), (Bytes{0, 1, 2, 3}));
}

TEST(PacketBuffer, MetadataTakesFromTheHeadroom) {
  auto buffer = PacketBuffer::make_xdp(packet_of(300, 200));
  ASSERT_TRUE(buffer.has_value());
  EXPECT_EQ(buffer->adjust_head(-17), errno_of::invalid);
  EXPECT_EQ(buffer->adjust_head(-16), 0);
  EXPECT_EQ(buffer->adjust_head(-1), errno_of::invalid);
  EXPECT_EQ(buffer->data_bytes(), 116u);
  EXPECT_TRUE(PacketBuffer::make_xdp(packet_of(300, 216)).has_value());
  EXPECT_FALSE(PacketBuffer::make_xdp(packet_of(300, 220)).has_value());  // EINVAL in the kernel
}

TEST(PacketBuffer, MetadataHasWordsOnly) {
  auto buffer = PacketBuffer::make_xdp(packet_of(64, 0));
  ASSERT_TRUE(buffer.has_value());
  EXPECT_EQ(buffer->adjust_meta(-3), errno_of::access);
  EXPECT_EQ(buffer->adjust_meta(1), errno_of::invalid);
  EXPECT_EQ(buffer->adjust_meta(-220), errno_of::invalid);
  EXPECT_EQ(buffer->adjust_meta(-216), 0);
  EXPECT_EQ(buffer->data_offset(), 216u);
}

TEST(PacketBuffer, TailGrowsWithZeros) {
  auto buffer = PacketBuffer::make_xdp(packet_of(64, 0));
  ASSERT_TRUE(buffer.has_value());
  EXPECT_EQ(buffer->adjust_tail(3457), errno_of::invalid);
  EXPECT_EQ(buffer->adjust_tail(-51), errno_of::invalid);
  EXPECT_EQ(buffer->adjust_tail(-10), 0);
  EXPECT_EQ(buffer->adjust_tail(10), 0);
  EXPECT_EQ(buffer->data()[53], 53);
  EXPECT_EQ(buffer->data()[54], 0);  // cut off, then zeros
}

TEST(PacketBuffer, LongPacketsHaveAFragment) {
  auto buffer = PacketBuffer::make_xdp(packet_of(4000, 0));
  ASSERT_TRUE(buffer.has_value());
  EXPECT_EQ(buffer->data_bytes(), 3520u);
  EXPECT_EQ(buffer->length(), 4000u);
  EXPECT_EQ(buffer->output(), packet_of(4000, 0).packet);
}

TEST(PacketBuffer, SkbWithoutLinkHeaderGivesZerosBack) {
  auto buffer = PacketBuffer::make_skb(packet_of(20, 0), ethernet_header_bytes);
  ASSERT_TRUE(buffer.has_value());
  EXPECT_EQ(buffer->length(), 6u);
  const Bytes out = buffer->output();
  ASSERT_EQ(out.size(), 20u);
  EXPECT_EQ(out[13], 0);
  EXPECT_EQ(out[14], 14);
}

TEST(PacketBuffer, RefusesWhatTheKernelRefuses) {
  EXPECT_FALSE(PacketBuffer::make_xdp(packet_of(13, 0)).has_value());
  EXPECT_FALSE(PacketBuffer::make_xdp(packet_of(64, 3)).has_value());
  EXPECT_FALSE(PacketBuffer::make_xdp(packet_of(400, 256)).has_value());
  EXPECT_FALSE(PacketBuffer::make_skb(packet_of(13, 0), 0).has_value());
}

TEST(PacketBuffer, TheTailOfAFragmentMoves) {
  auto buffer = PacketBuffer::make_xdp(packet_of(4000, 0));
  ASSERT_TRUE(buffer.has_value());
  EXPECT_EQ(buffer->adjust_tail(4096 - 480 + 1), errno_of::invalid);
  EXPECT_EQ(buffer->adjust_tail(20), 0);
  EXPECT_EQ(buffer->length(), 4020u);
  EXPECT_EQ(buffer->adjust_tail(-4007), errno_of::invalid);
  EXPECT_EQ(buffer->adjust_tail(-600), 0);  // the fragment is gone, and 100 bytes before it
  EXPECT_EQ(buffer->length(), 3420u);
  EXPECT_EQ(buffer->data_bytes(), 3420u);
}

TEST(PacketBuffer, BytesAcrossTheFragment) {
  auto buffer = PacketBuffer::make_xdp(packet_of(4000, 0));
  ASSERT_TRUE(buffer.has_value());
  const Bytes marks = {1, 2, 3, 4};
  EXPECT_TRUE(buffer->write(3518, marks));
  Bytes read(4);
  EXPECT_TRUE(buffer->read(3518, read));
  EXPECT_EQ(read, marks);
  EXPECT_EQ(buffer->output()[3521], 4);
  EXPECT_FALSE(buffer->read(3997, read));
  EXPECT_FALSE(buffer->write(3997, marks));
}

TEST(PacketBuffer, SkbHeadersKeepTheirPlace) {
  auto buffer = PacketBuffer::make_skb(packet_of(60, 0), 0);
  ASSERT_TRUE(buffer.has_value());
  buffer->insert(14, 20);
  EXPECT_EQ(buffer->length(), 80u);
  EXPECT_EQ(buffer->network_offset(), 14u);
  EXPECT_EQ(buffer->data()[34], 14);
  buffer->remove(14, 20);
  EXPECT_EQ(buffer->output(), packet_of(60, 0).packet);
  buffer->grow_head(4);
  EXPECT_EQ(buffer->network_offset(), 18u);
  EXPECT_EQ(buffer->link_header_bytes(), 18u);
  EXPECT_EQ(buffer->frame().size(), 64u);
  buffer->set_length(20);
  EXPECT_EQ(buffer->output().size(), 20u);
}

}  // namespace
}  // namespace probity::runtime
