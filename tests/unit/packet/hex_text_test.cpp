// SPDX-License-Identifier: Apache-2.0
// Hexadecimal packet text: every accepted spelling gives the same bytes, every error names its
// place.
#include <gtest/gtest.h>

#include "packet/packet.hpp"

namespace probity::packet {
namespace {

const Bytes sample = {0x02, 0x00, 0xab, 0xcd, 0xef};

struct Spelling {
  const char* name;
  const char* text;
};

class HexSpelling : public testing::TestWithParam<Spelling> {};

TEST_P(HexSpelling, GivesTheSameBytes) {
  const auto bytes = parse_hex(GetParam().text, "p.hex", max_packet_bytes);
  ASSERT_TRUE(bytes) << bytes.error().line();
  EXPECT_EQ(*bytes, sample);
}

INSTANTIATE_TEST_SUITE_P(
    All, HexSpelling,
    testing::Values(Spelling{"plain", "0200abcdef\n"}, Spelling{"spaced", "02 00 AB cd ef"},
                    Spelling{"prefixed", "0x0200abcdef"},
                    Spelling{"c_like", "0x02, 0x00, 0xab,\n0xcd, 0xef"},
                    Spelling{"commented", "# a packet\n0200 # two bytes\nabcd\tef\r\n"},
                    Spelling{"offsets", "0000: 0200\n0002: abcd ef"},
                    Spelling{"tcpdump", "\t0x0000:  0200 abcd ef\n"},
                    Spelling{"hexdump", "00000000  02 00 ab cd  ef          |.....|\n00000005\n"}),
    [](const auto& row) { return std::string(row.param.name); });

struct Refusal {
  const char* name;
  const char* text;
  const char* message;
};

class HexRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(HexRefusal, NamesThePlaceAndTheValue) {
  const auto bytes = parse_hex(GetParam().text, "p.hex", 4);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().line(), GetParam().message);
  EXPECT_EQ(bytes.error().fault(), Fault::bad_input);
}

INSTANTIATE_TEST_SUITE_P(
    All, HexRefusal,
    testing::Values(
        Refusal{"letter", "0200\nab xy", "p.hex:2:4: 'x' is not a hexadecimal digit"},
        Refusal{"control", "02\x01", "p.hex:1:3: byte 0x01 is not a hexadecimal digit"},
        Refusal{"odd", "02 0", "p.hex:1:4: 1 hexadecimal digits; bytes have two each"},
        Refusal{"bare_prefix", "0x", "p.hex:1:3: 0 hexadecimal digits; bytes have two each"},
        Refusal{"long", "0102030405", "p.hex:1:1: more than 4 bytes"},
        Refusal{"offset", "0000: 01\n0010: 02",
                "p.hex:2:1: offset 0x10, but 1 (0x1) bytes came before"},
        Refusal{"offset_digits", "000000000: 01", "p.hex:1:1: an offset of 9 digits (1..8)"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(PrintHex, IsReadBack) {
  Bytes bytes(35);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  const auto again = parse_hex(print_hex(bytes), "p.hex", max_packet_bytes);
  ASSERT_TRUE(again) << again.error().line();
  EXPECT_EQ(*again, bytes);
  EXPECT_EQ(print_hex(sample), "0000: 02 00 ab cd ef\n");
}

}  // namespace
}  // namespace probity::packet
