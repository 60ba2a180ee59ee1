// SPDX-License-Identifier: Apache-2.0
// Where rules are found: in any schedule, only where their side conditions hold, and never where a
// kernel would refuse the result.
#include "rewritten.hpp"

namespace probity::opt {
namespace {

/// r2: packet, of which 40 bytes are there.
constexpr std::string_view packet =
    "r3 = *(u32 *)(r1 + 4)\n"
    "r2 = *(u32 *)(r1 + 0)\n"
    "r4 = r2\n"
    "r4 += 40\n"
    "if r4 > r3 goto out\n";
constexpr std::string_view packet_after =
    "r3 = *(u32 *)(r1 + 4); r2 = *(u32 *)(r1 + 0); r4 = r2; r4 += 40; ";

std::string rules_only(std::string_view body, Aim aim = {Goal::size, bpf::Cpu::v3}) {
  const std::string text = std::string(packet) + std::string(body) + "exit\nout:\nr0 = 1\nexit\n";
  std::string result = rewritten(text, {rule_generator()}, aim).text;
  const std::size_t start = result.find("; ", result.find("goto @")) + 2;
  EXPECT_EQ(result.substr(0, packet_after.size()), packet_after);
  return result.substr(start, result.find("; exit") - start);
}

struct Row {
  const char* name;
  const char* before;
  const char* after;
};
class RuleMatch : public testing::TestWithParam<Row> {};

TEST_P(RuleMatch, IsWhatWasExpected) {
  EXPECT_EQ(rules_only(GetParam().before), GetParam().after);
}

const Row rows[] = {
    {"in_order", "r0 = *(u8 *)(r2 + 12)\nr5 = *(u8 *)(r2 + 13)\nr5 <<= 8\nr5 |= r0\nr0 = r5\n",
     "r5 = *(u16 *)(r2 + 12); r0 = r5"},
    {"another_schedule",
     "r5 = *(u8 *)(r2 + 13)\nr5 <<= 8\nr6 = *(u32 *)(r2 + 20)\nr0 = *(u8 *)(r2 + 12)\n"
     "r6 += 1\nr0 |= r5\nr0 += r6\n",
     "r6 = *(u32 *)(r2 + 20); r6 += 1; r0 = *(u16 *)(r2 + 12); r0 += r6"},
    {"in_32_bits", "w0 = *(u8 *)(r2 + 12)\nw5 = *(u8 *)(r2 + 13)\nw5 <<= 8\nw5 += w0\nr0 = r5\n",
     "r5 = *(u16 *)(r2 + 12); r0 = r5"},
    {"four_bytes",
     "r0 = *(u8 *)(r2 + 0)\nr5 = *(u8 *)(r2 + 1)\nr5 <<= 8\nr5 |= r0\n"
     "r6 = *(u8 *)(r2 + 2)\nr6 <<= 16\nr5 |= r6\nr6 = *(u8 *)(r2 + 3)\nr6 <<= 24\nr6 |= r5\n"
     "r0 = r6\n",
     "r6 = *(u32 *)(r2 + 0); r0 = r6"},
    {"big_endian", "r0 = *(u8 *)(r2 + 12)\nr0 <<= 8\nr5 = *(u8 *)(r2 + 13)\nr0 |= r5\n",
     "r0 = *(u16 *)(r2 + 12); r0 = be16 r0"},
    {"the_low_byte_lives",
     "r5 = *(u8 *)(r2 + 12)\nr0 = *(u8 *)(r2 + 13)\nr0 <<= 8\nr0 |= r5\n"
     "r0 += r5\n",
     "r5 = *(u8 *)(r2 + 12); r0 = *(u8 *)(r2 + 13); r0 <<= 8; r0 |= r5; r0 += r5"},
    {"a_store_between",
     "r5 = *(u8 *)(r2 + 12)\n*(u8 *)(r2 + 12) = 7\nr0 = *(u8 *)(r2 + 13)\nr0 <<= 8\nr0 |= r5\n",
     "r0 = *(u16 *)(r2 + 12); *(u8 *)(r2 + 12) = 7"},
    {"a_store_to_both",
     "r5 = *(u8 *)(r2 + 12)\n*(u16 *)(r2 + 12) = 7\nr0 = *(u8 *)(r2 + 13)\nr0 <<= 8\nr0 |= r5\n",
     "r5 = *(u8 *)(r2 + 12); *(u16 *)(r2 + 12) = 7; r0 = *(u8 *)(r2 + 13); r0 <<= 8; r0 |= r5"},
    {"a_store_elsewhere",
     "r5 = *(u8 *)(r2 + 12)\n*(u8 *)(r2 + 14) = 7\nr0 = *(u8 *)(r2 + 13)\nr0 <<= 8\nr0 |= r5\n",
     "*(u8 *)(r2 + 14) = 7; r0 = *(u16 *)(r2 + 12)"},
    {"the_base_changes_between",
     "r5 = *(u8 *)(r2 + 12)\nr2 += 4\nr0 = *(u8 *)(r2 + 13)\nr0 <<= 8\nr0 |= r5\n",
     "r5 = *(u8 *)(r2 + 12); r0 = *(u8 *)(r2 + 17); r0 <<= 8; r0 |= r5"},
    {"ctx_fields_are_not_merged",
     "r5 = *(u32 *)(r1 + 8)\nr0 = *(u32 *)(r1 + 12)\nr0 <<= 32\nr0 |= r5\n",
     "r5 = *(u32 *)(r1 + 8); r0 = *(u32 *)(r1 + 12); r0 <<= 32; r0 |= r5"},
    {"the_stack_is_aligned",
     "r6 = *(u64 *)(r2 + 0)\n*(u64 *)(r10 - 8) = r6\nr5 = *(u8 *)(r10 - 7)\nr0 = *(u8 *)(r10 - "
     "6)\nr0 <<= 8\nr0 |= r5\n"
     "r5 = *(u8 *)(r10 - 4)\nr6 = *(u8 *)(r10 - 3)\nr6 <<= 8\nr6 |= r5\nr0 += r6\n",
     "r6 = *(u64 *)(r2 + 0); *(u64 *)(r10 - 8) = r6; r5 = *(u8 *)(r10 - 7); r0 = *(u8 *)(r10 - 6); "
     "r0 <<= 8; r0 |= r5; "
     "r6 = *(u16 *)(r10 - 4); r0 += r6"},
    {"a_mask_of_known_bits", "r0 = *(u16 *)(r2 + 0)\nr0 &= 65535\n", "r0 = *(u16 *)(r2 + 0)"},
    {"a_mask_of_other_bits", "r0 = *(u16 *)(r2 + 0)\nr0 &= 65534\n",
     "r0 = *(u16 *)(r2 + 0); r0 &= 65534"},
    {"a_constant_operand", "r5 = 7\nr0 = *(u8 *)(r2 + 0)\nr0 += r5\n",
     "r5 = 7; r0 = *(u8 *)(r2 + 0); r0 += 7"},
    {"signed_division_of_a_positive_number", "r0 = *(u32 *)(r2 + 0)\nr0 s/= 8\n",
     "r0 = *(u32 *)(r2 + 0); r0 >>= 3"},
    {"signed_remainder_of_a_positive_number", "r0 = *(u16 *)(r2 + 0)\nw0 s%= 10\n",
     "r0 = *(u16 *)(r2 + 0); w0 %= 10"},
    {"signed_division_of_any_number", "r0 = *(u32 *)(r2 + 0)\nw0 s/= 8\n",
     "r0 = *(u32 *)(r2 + 0); w0 s/= 8"},
    {"remainder_of_what_is_smaller", "r0 = *(u8 *)(r2 + 0)\nr0 %= 256\nr0 += 1\n",
     "r0 = *(u8 *)(r2 + 0); r0 += 1"},
    {"remainder_of_what_may_be_as_large", "r0 = *(u8 *)(r2 + 0)\nr0 %= 255\n",
     "r0 = *(u8 *)(r2 + 0); r0 %= 255"},
    {"division_by_the_sign_bit", "w0 = *(u32 *)(r2 + 0)\nw0 /= -2147483648\n",
     "r0 = *(u32 *)(r2 + 0); w0 >>= 31"},
    {"division_is_unsigned", "r0 = *(u32 *)(r2 + 0)\nr0 <<= 32\nr0 /= 8\n",
     "r0 = *(u32 *)(r2 + 0); r0 <<= 32; r0 >>= 3"},
    {"pointers_are_not_shifted", "r5 = r2\nr5 <<= 32\nr5 >>= 32\nr0 = 0\n",
     "r5 = r2; r5 <<= 32; r5 >>= 32; r0 = 0"},
    {"a_sum_of_32_bits", "r0 = *(u64 *)(r2 + 0)\nr0 += 5\nr0 <<= 32\nr0 >>= 32\n",
     "r0 = *(u64 *)(r2 + 0); w0 += 5"},
    {"a_sign_that_is_known", "r0 = *(u16 *)(r2 + 0)\nr0 <<= 32\nr0 s>>= 32\n",
     "r0 = *(u16 *)(r2 + 0)"},
    {"a_sign_that_is_not", "r0 = *(u16 *)(r2 + 0)\nr0 <<= 48\nr0 s>>= 48\n",
     "r0 = *(u16 *)(r2 + 0); r0 <<= 48; r0 s>>= 48"},
    {"a_result_put_back",
     "r0 = *(u16 *)(r2 + 0)\nr5 = *(u16 *)(r2 + 2)\nw5 += w0\nw0 = w5\nr5 = 1\nr0 += r0\n",
     "r0 = *(u16 *)(r2 + 0); r5 = *(u16 *)(r2 + 2); w0 += w5; r5 = 1; r0 += r0"},
    {"a_wide_constant", "r0 = 255 ll\n", "r0 = 255"},
};
INSTANTIATE_TEST_SUITE_P(Rules, RuleMatch, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(RuleMatch, LevelsOfCpusAreKept) {
  constexpr std::string_view body = "r0 = *(u64 *)(r2 + 0)\nr0 <<= 56\nr0 s>>= 56\n";
  EXPECT_EQ(rules_only(body, {Goal::size, bpf::Cpu::v3}),
            "r0 = *(u64 *)(r2 + 0); r0 <<= 56; r0 s>>= 56");
  EXPECT_EQ(rules_only(body, {Goal::size, bpf::Cpu::v4}), "r0 = *(u64 *)(r2 + 0); r0 = (s8)r0");
}

TEST(RuleMatch, LoadsThatExtendTheSignAreOfV4AndOfPlainMemory) {
  constexpr std::string_view body = "r0 = *(u8 *)(r2 + 3)\nr0 <<= 56\nr0 s>>= 56\n";
  EXPECT_EQ(rules_only(body, {Goal::size, bpf::Cpu::v3}),
            "r0 = *(u8 *)(r2 + 3); r0 <<= 56; r0 s>>= 56");
  EXPECT_EQ(rules_only(body, {Goal::size, bpf::Cpu::v4}), "r0 = *(s8 *)(r2 + 3)");
  EXPECT_EQ(rules_only("r5 = *(u32 *)(r2 + 4)\nr0 = r5\nr0 <<= 32\nr0 s>>= 32\n",
                       {Goal::size, bpf::Cpu::v4}),
            "r5 = *(u32 *)(r2 + 4); r0 = r5; r0 = (s32)r0");
  // The verifier refuses them from ctx.
  EXPECT_EQ(
      rules_only("r0 = *(u32 *)(r1 + 12)\nr0 <<= 32\nr0 s>>= 32\n", {Goal::size, bpf::Cpu::v4}),
      "r0 = *(u32 *)(r1 + 12); r0 = (s32)r0");
}

constexpr std::string_view count =
    "*(u32 *)(r10 - 4) = 0\n"
    "r2 = r10\n"
    "r2 += -4\n"
    "r1 = map[0] ll\n"
    "call bpf_map_lookup_elem#1\n"
    "if r0 == 0 goto out\n"
    "r1 = *(u64 *)(r0 + 8)\n"
    "r1 += 1\n"
    "*(u64 *)(r0 + 8) = r1\n"
    "out:\n"
    "r0 = 0\n"
    "exit\n";

TEST(RuleMatch, CountingIsAtomicForSizeOnly) {
  const Rewritten small = rewritten(count, {rule_generator()});
  EXPECT_NE(small.text.find("r1 = 1; lock *(u64 *)(r0 + 8) += r1"), std::string::npos);
  const Rewritten fast = rewritten(count, {rule_generator()}, {Goal::speed, bpf::Cpu::v3});
  EXPECT_EQ(fast.text.find("lock"), std::string::npos);
}

TEST(RuleMatch, StackCountersAreNotAtomic) {
  const Rewritten result = rewritten(
      "*(u64 *)(r10 - 8) = 5\nr2 = r10\nr1 = *(u64 *)(r2 - 8)\nr1 += 1\n*(u64 *)(r2 - 8) = r1\n"
      "r0 = *(u64 *)(r10 - 8)\nexit\n",
      {rule_generator()});
  EXPECT_EQ(result.text.find("lock"), std::string::npos);
}

// What K2 made of three programs: a load of 32 bits narrowed to 8, a division that it did not know
// left out, an unsigned division computed as a signed one.
TEST(Miscompilations, LoadsAreNotNarrowed) {
  const Rewritten result = rewritten(
      "r6 = r1\nr7 = *(u32 *)(r6 + 48)\nr0 = *(u8 *)skb[r7 + 0]\nr7 += 4\n"
      "*(u32 *)(r6 + 48) = r7\nr0 = r7\nexit\n",
      standard_generators(), {Goal::size, bpf::Cpu::v3}, program::ProgType::socket_filter);
  EXPECT_NE(result.text.find("r7 = *(u32 *)(r1 + 48)"), std::string::npos) << result.text;
}

TEST(Miscompilations, DivisionsAreUnsignedAndStay) {
  EXPECT_EQ(rewritten("r0 = -8\nr0 /= 2\nexit\n", standard_generators()).text,
            "r0 = -8; r0 >>= 1; exit");
  EXPECT_EQ(rewritten("r0 = -8\nr0 /= 2\nr0 >>= 32\nexit\n", standard_generators()).text,
            "r0 = 2147483647; exit");
  EXPECT_EQ(rewritten("r0 = -8\nr0 /= 3\nr0 >>= 32\nexit\n", standard_generators()).text,
            "r0 = 1431655765; exit");
}

TEST(Miscompilations, UnknownOpcodesAreRefused) {
  constexpr std::array<bpf::Slot, 3> slots = {
      {{0xb7, 0, 0, -8}, {0x3f, 0, 2, 2}, {0x95, 0, 0, 0}}};  // no division has off 2
  const auto code = Code::from(slots, {});
  ASSERT_FALSE(code.has_value());
  EXPECT_EQ(code.error().line().substr(0, 6), "slot 1");
}

}  // namespace
}  // namespace probity::opt
