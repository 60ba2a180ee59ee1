// SPDX-License-Identifier: Apache-2.0
// The expressions of --assume: what they mean on one concrete input, where the meaning must fold to
// a literal, and what is said of text that is none.
#include "symex/assumption.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "symex/context.hpp"

namespace probity::symex {
namespace {

using program::ProgType;

/// A packet of 20 bytes 0x10, 0x11 …; ctx fields by their name's length.
class Example final : public Input {
 public:
  Value<64> field(std::string_view name) override { return Value<64>::lit(name.size()); }
  Value<64> length() override { return Value<64>::lit(20); }
  Value<8> byte(std::uint64_t offset) override { return Value<8>::lit(0x10 + offset); }
};

std::string outcome(const std::string& text, ProgType type = ProgType::xdp) {
  Context context;
  const auto assumption = parse_assumption(text, type);
  if (!assumption) return std::string(assumption.error().line());
  Example input;
  const auto value = context.store.literal(holds(*assumption, input).raw().term);
  if (!value) return "not decided";
  return *value == 1 ? "yes" : "no";
}

TEST(Assumption, ComparesBytesInNetworkOrder) {
  EXPECT_EQ(outcome("packet[0] == 0x10"), "yes");
  EXPECT_EQ(outcome("packet[0:2] == 0x1011"), "yes");
  EXPECT_EQ(outcome("packet[12:8] == 0x1c1d1e1f20212223"), "yes");
  EXPECT_EQ(outcome("packet[0:2] == 0x1110"), "no");
  EXPECT_EQ(outcome("packet.length == 20 && ctx.ingress_ifindex == 15"), "yes");
}

TEST(Assumption, ABytesBehindTheEndMakeTheComparisonFalse) {
  EXPECT_EQ(outcome("packet[19] == 0x23"), "yes");
  EXPECT_EQ(outcome("packet[20] == 0x24"), "no");
  EXPECT_EQ(outcome("packet[20] != 0x24"), "no");
  EXPECT_EQ(outcome("packet[20] + 1 != 0"), "no");
  EXPECT_EQ(outcome("packet[20]"), "no");
  EXPECT_EQ(outcome("!packet[20]"), "yes");
  EXPECT_EQ(outcome("packet[13:8] == 0 || packet.length < 21"), "yes");
  EXPECT_EQ(outcome("packet[13:8] == 0 && 1"), "no");
}

TEST(Assumption, BindsAsTheGrammarSays) {
  EXPECT_EQ(outcome("packet[0] & 0xf0 == 0x10"), "yes");
  EXPECT_EQ(outcome("1 + 2 << 1 == 5"), "yes");
  EXPECT_EQ(outcome("0 || 1 && 0"), "no");
  EXPECT_EQ(outcome("(0 || 1) && !0"), "yes");
  EXPECT_EQ(outcome("~0 == 0xffffffffffffffff"), "yes");
  EXPECT_EQ(outcome("1 - 2 > 1000"), "yes");  // unsigned
  EXPECT_EQ(outcome("16 >> 2 <= 4 && 3 >= 3 && 2 < 3"), "yes");
  EXPECT_EQ(outcome("ctx.cb[0] == 5 && ctx.mark == 4", ProgType::sched_cls), "yes");
}

struct Bad {
  std::string text;
  std::string part;
};

class BadAssumption : public testing::TestWithParam<Bad> {};

TEST_P(BadAssumption, IsOneLineWithThePlace) {
  const std::string line = outcome(GetParam().text);
  EXPECT_NE(line.find(GetParam().part), std::string::npos) << line;
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadAssumption,
    testing::Values(Bad{"", "column 1: expected a number"},
                    Bad{"1 ==", "column 5: expected a number"},
                    Bad{"1 == 2 == 3", "column 8: expected the end"},
                    Bad{"(1", "column 3: expected )"}, Bad{"packet[1:9]", "1..8 bytes"},
                    Bad{"packet[1:0]", "1..8 bytes"}, Bad{"packet[65535]", "an offset (0..65534)"},
                    Bad{"packet[1", "expected ]"}, Bad{"packet.size", "column 1"},
                    Bad{"ctx.mark == 1", "a field of xdp's ctx"}, Bad{"ctx.data", "holds a number"},
                    Bad{"18446744073709551616", "(0..2^64-1)"}, Bad{"1 @", "found \"@\""},
                    Bad{std::string(100, '('), "nested too deep (limit 64)"},
                    Bad{std::string(100, '!') + "1", "fewer signs"}));

}  // namespace
}  // namespace probity::symex
