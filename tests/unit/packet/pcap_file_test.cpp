// SPDX-License-Identifier: Apache-2.0
// Captures: what is written is read back; other link types, cut records and garbage are refused by
// name.
#include <gtest/gtest.h>

#include "packet/packet.hpp"

namespace probity::packet {
namespace {

Bytes bytes_of(const std::string& text) {
  return Bytes(text.begin(), text.end());
}

const std::vector<Record> two_records = {{Bytes(60, 0xaa), 1'700'000'000'123'456},
                                         {Bytes(max_packet_bytes, 0x55), 1'700'000'001'000'000}};
constexpr std::size_t file_header_bytes = 24;
constexpr std::size_t link_type_offset = 20;
constexpr std::size_t original_length_offset = file_header_bytes + 12;

TEST(Capture, IsReadBack) {
  const auto file = print_capture(two_records);
  ASSERT_TRUE(file) << file.error().line();
  const auto records = parse_capture(bytes_of(*file), "t.pcap");
  ASSERT_TRUE(records) << records.error().line();
  EXPECT_EQ(*records, two_records);
}

TEST(Capture, OtherLinkTypesAreRefusedByName) {
  Bytes file = bytes_of(*print_capture(two_records));
  file[link_type_offset] = 113;  // LINKTYPE_LINUX_SLL
  const auto records = parse_capture(file, "t.pcap");
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().line(), "t.pcap: link type LINUX_SLL (113), only EN10MB (1) is read");
}

TEST(Capture, APartlyCapturedPacketIsRefused) {
  Bytes file = bytes_of(*print_capture(two_records));
  file[original_length_offset] = 100;
  const auto records = parse_capture(file, "t.pcap");
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().line(),
            "t.pcap: record 1: only 60 of 100 bytes were captured (see tcpdump -s)");
}

TEST(Capture, ATruncatedFileIsRefusedWithTheRecord) {
  Bytes file = bytes_of(*print_capture(two_records));
  file.resize(file.size() - 1);
  const auto records = parse_capture(file, "t.pcap");
  ASSERT_FALSE(records);
  EXPECT_TRUE(records.error().line().starts_with("t.pcap: record 2: ")) << records.error().line();
}

TEST(Capture, GarbageIsRefused) {
  EXPECT_EQ(parse_capture({}, "t.pcap").error().line(), "t.pcap: 0 bytes are no capture file");
  const auto records = parse_capture(Bytes(100, 7), "t.pcap");
  ASSERT_FALSE(records);
  EXPECT_TRUE(records.error().line().starts_with("t.pcap: not a capture file: "))
      << records.error().line();
}

}  // namespace
}  // namespace probity::packet
