// SPDX-License-Identifier: Apache-2.0
// What is known before the last insn, or another one, of small programs.
#include "known_program.hpp"

namespace probity::opt {
namespace {

#define PACKET              \
  "r2 = *(u32 *)(r1 + 0)\n" \
  "r3 = *(u32 *)(r1 + 4)\n" \
  "r4 = r2\n"               \
  "r4 += 14\n"
#define LOOKUP              \
  "*(u32 *)(r10 - 4) = 0\n" \
  "r1 = map[0] ll\n"        \
  "r2 = r10\n"              \
  "r2 += -4\n"              \
  "call bpf_map_lookup_elem#1\n"

struct PacketRow {
  const char* name;
  const char* test;
  std::int64_t next;  // packet bytes known behind the test
  std::int64_t taken;
};

class PacketTest : public testing::TestWithParam<PacketRow> {};

TEST_P(PacketTest, LearnsTheBytesThatAreThere) {
  const std::string text = std::string(PACKET) + "if " + GetParam().test +
                           " goto taken\nr0 = 1\nexit\ntaken:\nr0 = 2\nexit\n";
  const KnownProgram program(text);
  EXPECT_EQ(program.facts().before(5).packet_bytes, GetParam().next);
  EXPECT_EQ(program.facts().before(7).packet_bytes, GetParam().taken);
}

const PacketRow packet_rows[] = {
    {"gt", "r4 > r3", 14, 0},         {"ge", "r4 >= r3", 15, 0},
    {"lt", "r4 < r3", 0, 15},         {"le", "r4 <= r3", 0, 14},
    {"swapped_gt", "r3 > r4", 0, 15}, {"swapped_ge", "r3 >= r4", 0, 14},
    {"swapped_lt", "r3 < r4", 14, 0}, {"swapped_le", "r3 <= r4", 15, 0},
    {"equal", "r4 == r3", 0, 14},     {"signed", "r4 s> r3", 0, 0},
    {"narrow", "w4 > w3", 0, 0},
};
INSTANTIATE_TEST_SUITE_P(Facts, PacketTest, testing::ValuesIn(packet_rows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Facts, KnowsTheKindsOfCtxFields) {
  const KnownProgram program(PACKET "r5 = *(u32 *)(r1 + 12)\nr0 = 0\nexit\n");
  const std::uint32_t end = program.last();
  EXPECT_EQ(program.reg(end, 1), pointer(Kind::ctx, 0));
  EXPECT_EQ(program.reg(end, 2), pointer(Kind::packet, 0));
  EXPECT_EQ(program.reg(end, 3), pointer(Kind::packet_end, 0));
  EXPECT_EQ(program.reg(end, 4), pointer(Kind::packet, 14));
  EXPECT_EQ(program.reg(end, 5).kind, Kind::number);
  EXPECT_EQ(program.reg(end, 5).bits.high, 0xffffffffu);
  EXPECT_EQ(program.reg(end, 6).kind, Kind::nothing);
  EXPECT_EQ(program.reg(end, 0).constant(), 0u);
}

TEST(Facts, CtxOfASocketTypeGivesPointersToWideLoadsOnly) {
  const KnownProgram program(
      "r2 = *(u32 *)(r1 + 4)\n"
      "r3 = *(u64 *)(r1 + 64)\n"
      "r0 = 1\n"
      "exit\n",
      program::ProgType::cgroup_sock_addr);
  EXPECT_EQ(program.reg(program.last(), 2).kind, Kind::number);
  EXPECT_EQ(program.reg(program.last(), 2).bits.high, 0xffffffffu);
  EXPECT_EQ(program.reg(program.last(), 3).kind, Kind::any);
}

TEST(Facts, ATestAgainstNullTellsOfAllCopies) {
  const KnownProgram program(LOOKUP
                             "r6 = r0\n"
                             "*(u64 *)(r10 - 16) = r0\n"
                             "if r0 == 0 goto out\n"
                             "r0 = 1\n"
                             "exit\n"
                             "out: r0 = 2\n"
                             "exit\n");
  EXPECT_EQ(program.reg(5, 0).kind, Kind::map_value_or_null);
  Fact found = pointer(Kind::map_value, 0);
  found.map = 0;
  for (const Fact& fact : {program.reg(8, 0), program.reg(8, 6), program.word(8, -16)}) {
    EXPECT_EQ(fact, found);
  }
  for (const Fact& fact : {program.reg(10, 0), program.reg(10, 6), program.word(10, -16)}) {
    EXPECT_EQ(fact.constant(), 0u);
  }
}

TEST(Facts, ALookupInALoopIsNotTheOneBefore) {
  const KnownProgram program(
      "r6 = 0\n"
      "again:\n" LOOKUP
      "if r0 == 0 goto out\n"
      "*(u32 *)(r10 - 4) = 1\n"
      "r6 = r0\n"
      "goto again\n"
      "out: r0 = 2\n"
      "exit\n");
  // r6 is what the round before found: the failing lookup says nothing of it.
  EXPECT_EQ(program.reg(program.last(), 6).constant(), std::nullopt);
}

TEST(Facts, AMapOfMapsDoesNotGiveValues) {
  const KnownProgram program(
      "*(u32 *)(r10 - 4) = 0\n"
      "r1 = map[1] ll\n"
      "r2 = r10\n"
      "r2 += -4\n"
      "call bpf_map_lookup_elem#1\n"
      "r0 = 0\n"
      "exit\n");
  EXPECT_EQ(program.reg(5, 0).kind, Kind::any);
}

TEST(Facts, SpillsKeepWhatTheyHold) {
  const KnownProgram program(
      "r2 = *(u32 *)(r1 + 0)\n"
      "*(u64 *)(r10 - 8) = r1\n"
      "*(u64 *)(r10 - 16) = r2\n"
      "*(u32 *)(r10 - 24) = 5\n"
      "*(u32 *)(r10 - 20) = 7\n"
      "r3 = *(u64 *)(r10 - 8)\n"
      "r4 = *(u64 *)(r10 - 16)\n"
      "r5 = *(u32 *)(r10 - 20)\n"
      "r6 = *(u64 *)(r10 - 24)\n"
      "r7 = *(u8 *)(r10 - 24)\n"
      "*(u8 *)(r10 - 8) = 0\n"
      "r8 = *(u64 *)(r10 - 8)\n"
      "r0 = 0\n"
      "exit\n");
  const std::uint32_t end = program.last();
  EXPECT_EQ(program.reg(end, 3), pointer(Kind::ctx, 0));
  EXPECT_EQ(program.reg(end, 4), pointer(Kind::packet, 0));
  EXPECT_EQ(program.reg(end, 5).constant(), 7u);
  EXPECT_EQ(program.reg(end, 6).constant(), 0x700000005u);
  EXPECT_EQ(program.reg(end, 7).constant(), 5u);
  EXPECT_EQ(program.reg(end, 8).kind, Kind::number) << "a pointer that was written into";
}

TEST(Facts, AStoreThroughAnUnknownPlaceOfTheStackForgetsIt) {
  const KnownProgram program(
      "r6 = *(u32 *)(r1 + 12)\n"
      "r6 &= 7\n"
      "*(u64 *)(r10 - 8) = 5\n"
      "r7 = r10\n"
      "r7 += -8\n"
      "r7 += r6\n"
      "*(u8 *)(r7 + 0) = 1\n"
      "r8 = *(u64 *)(r10 - 8)\n"
      "r0 = 0\n"
      "exit\n");
  EXPECT_EQ(program.reg(5, 7), pointer(Kind::stack, -8));
  EXPECT_EQ(program.reg(6, 7), value_of(Kind::stack));
  EXPECT_EQ(program.reg(program.last(), 8).constant(), std::nullopt);
}

TEST(Facts, AHelperThatMovesThePacketLeavesNoPointers) {
  const KnownProgram program(PACKET
                             "if r4 > r3 goto out\n"
                             "r6 = r2\n"
                             "*(u64 *)(r10 - 8) = r2\n"
                             "r2 = 0\n"
                             "call bpf_xdp_adjust_head#44\n"
                             "r7 = 1\n"
                             "out: r0 = 2\n"
                             "exit\n");
  EXPECT_EQ(program.facts().before(8).packet_bytes, 14);
  EXPECT_EQ(program.facts().before(9).packet_bytes, 0);
  EXPECT_EQ(program.reg(9, 6).kind, Kind::any);
  EXPECT_EQ(program.word(9, -8).kind, Kind::any);
}

TEST(Facts, HelpersWriteTheirOutputOnly) {
  const KnownProgram program(
      "*(u64 *)(r10 - 8) = 5\n"
      "*(u64 *)(r10 - 16) = 6\n"
      "r2 = 0\n"
      "r3 = r10\n"
      "r3 += -16\n"
      "r4 = 4\n"
      "call bpf_xdp_load_bytes#189\n"
      "r0 = 0\n"
      "exit\n");
  const std::uint32_t end = program.last();
  EXPECT_EQ(program.word(end, -8).constant(), 5u);
  EXPECT_EQ(program.word(end, -16).kind, Kind::any);
  EXPECT_EQ(program.reg(end, 3).kind, Kind::nothing);
}

TEST(Facts, BranchesThatAreNeverTaken) {
  const KnownProgram program(
      "r2 = 5\n"
      "if r2 > 7 goto dead\n"
      "r0 = 1\n"
      "exit\n"
      "dead: r0 = 2\n"
      "exit\n");
  EXPECT_TRUE(program.facts().reached(2));
  EXPECT_FALSE(program.facts().reached(4));
}

TEST(Facts, WaysJoin) {
  const KnownProgram program(
      "r2 = *(u32 *)(r1 + 12)\n"
      "r3 = 4\n"
      "r5 = r10\n"
      "if r2 == 7 goto other\n"
      "r3 = 6\n"
      "r4 = 1\n"
      "r5 = r1\n"
      "other: r0 = 1\n"
      "exit\n");
  const std::uint32_t end = program.last();
  EXPECT_EQ(program.reg(end, 3).kind, Kind::number);
  EXPECT_EQ(program.reg(end, 3).constant(), std::nullopt);
  EXPECT_EQ(program.reg(end, 3).bits.ones, 4u);
  EXPECT_EQ(program.reg(end, 4).kind, Kind::nothing) << "one way does not write it";
  EXPECT_EQ(program.reg(end, 5).kind, Kind::any) << "the stack or ctx";
}

struct BoundsRow {
  const char* name;
  const char* text;  // r2 is a 32-bit number, r3 one of 64 bits; the label `out` ends without it
  std::uint64_t low;
  std::uint64_t high;
  std::uint64_t zeros = 0;  // some of the known ones
  std::uint64_t ones = 0;
};

class BoundsTest : public testing::TestWithParam<BoundsRow> {};

/// Of r2 behind the text.
TEST_P(BoundsTest, AreKnown) {
  const std::string text = std::string(
                               "*(u64 *)(r10 - 8) = 0\n"
                               "r6 = r1\n"
                               "call bpf_ktime_get_ns#5\n"
                               "r3 = r0\n"
                               "r2 = *(u32 *)(r6 + 12)\n") +
                           GetParam().text + "\nr0 = r2\nout: exit\n";
  const KnownProgram program(text);
  const std::uint32_t at = program.last() - 1;
  ASSERT_TRUE(program.facts().reached(at));
  const Fact& fact = program.reg(at, 2);
  EXPECT_EQ(fact.kind, Kind::number);
  EXPECT_EQ(fact.bits.low, GetParam().low);
  EXPECT_EQ(fact.bits.high, GetParam().high);
  EXPECT_EQ(fact.bits.zeros & GetParam().zeros, GetParam().zeros);
  EXPECT_EQ(fact.bits.ones & GetParam().ones, GetParam().ones);
}

constexpr std::uint64_t all = ~std::uint64_t{0};
constexpr std::uint64_t upper = 0xffffffff'00000000;

const BoundsRow bounds_rows[] = {
    {"load", "", 0, 0xffffffff, upper},
    {"wide", "r2 = r3", 0, all},
    {"mask", "r2 = r3\nr2 &= 24", 0, 24, ~std::uint64_t{24}},
    {"mask_shifted", "r2 &= 15\nr2 <<= 4", 0, 240, 15},
    {"shift", "r2 >>= 24", 0, 255},
    {"zero_extension", "r2 = r3\nw2 = w2", 0, 0xffffffff, upper},
    {"add32", "r2 = r3\nw2 += 1", 0, 0xffffffff, upper},
    {"add", "r2 &= 255\nr2 += 7", 7, 262},
    {"sum", "r2 &= 7\nr3 &= 8\nr2 += r3", 0, 15},
    {"or_sets", "r2 &= 12\nr2 |= 3", 3, 15, ~std::uint64_t{15}, 3},
    {"swap", "r2 &= 255\nr2 = be16 r2", 0, 0xff00, 0xff},
    {"byte", "r2 = *(u8 *)(r10 - 8)", 0, 0},
    {"modulo", "r2 %= 10", 0, 9},
    {"division", "r2 &= 255\nr2 /= 3", 0, 255},
    {"sign", "r2 <<= 32\nr2 s>>= 32\nif r2 s< 0 goto out", 0, 0x7fffffff},
    {"below", "if r2 > 100 goto out", 0, 100},
    {"below_by_register", "r4 = 100\nif r4 < r2 goto out", 0, 100},
    {"at_least", "if r2 < 5 goto out", 5, 0xffffffff},
    {"between", "if r2 < 5 goto out\nif r2 >= 9 goto out", 5, 8},
    {"not_zero", "if r2 == 0 goto out", 1, 0xffffffff},
    {"one", "if r2 != 7 goto out", 7, 7, ~std::uint64_t{7}, 7},
    {"bit_set", "if r2 & 4 goto on\ngoto out\non: r2 &= 12", 4, 12, 3, 4},
    {"bit_not_set", "if r2 & 4 goto out", 0, 0xfffffffb, 4},
    {"narrow_below", "if w2 > 100 goto out", 0, 100},
    {"narrow_of_wide", "r2 = r3\nif w2 != 5 goto out", 5, upper | 5, 0xfffffffa, 5},
    {"narrow_signed", "if w2 s< 3 goto out", 3, 0x7fffffff},
    {"spilled", "if r2 > 9 goto out\n*(u64 *)(r10 - 16) = r2\nr2 = 0\nr2 = *(u64 *)(r10 - 16)", 0,
     9},
    {"spilled_narrow",
     "if r2 > 9 goto out\n*(u32 *)(r10 - 12) = r2\nr2 = 0\nr2 = *(u32 *)(r10 - 12)", 0, 9},
    {"joined", "r2 &= 3\nif r3 == 0 goto on\nr2 = 9\non: r2 += 0", 0, 9},
    {"loop", "r2 = 0\nagain: r2 += 1\nif r2 < 64 goto again", 64, 64},
    {"loop_step", "r2 = 0\nagain: r2 += 4\nif r2 < r3 goto again", 0, all - 3, 3},
    {"copied_before", "r4 = r2\nif r2 > 5 goto out\nr2 += r2", 0, 10},
    {"constant", "r2 = 6\nr2 *= 7", 42, 42},
};
INSTANTIATE_TEST_SUITE_P(Facts, BoundsTest, testing::ValuesIn(bounds_rows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Facts, ALocalCallMayChangeTheFrameThatItIsGiven) {
  const KnownProgram program(
      "*(u64 *)(r10 - 8) = 5\n"
      "r6 = r1\n"
      "call with_number\n"
      "r7 = *(u64 *)(r10 - 8)\n"
      "r1 = r10\n"
      "call with_frame\n"
      "r8 = *(u64 *)(r10 - 8)\n"
      "r0 = 0\n"
      "exit\n"
      "with_number: r0 = 3\n"
      "exit\n"
      "with_frame: *(u64 *)(r1 - 8) = 0\n"
      "r0 = 0\n"
      "exit\n");
  EXPECT_EQ(program.reg(3, 0).constant(), 3u) << "what the function returns";
  EXPECT_EQ(program.reg(8, 7).constant(), 5u);
  EXPECT_EQ(program.reg(8, 8).constant(), std::nullopt);
  EXPECT_EQ(program.reg(8, 6), pointer(Kind::ctx, 0));
  EXPECT_EQ(program.reg(9, 1), pointer(Kind::ctx, 0)) << "what the callers pass";
  EXPECT_EQ(program.reg(11, 1).kind, Kind::other) << "the caller's frame";
  EXPECT_EQ(program.reg(9, 6).kind, Kind::nothing);
}

TEST(Facts, PatchedInsnsAreNotBelieved) {
  const KnownProgram program("r2 = 5\nr3 = *(u32 *)(r1 + 12)\nr0 = 0\nexit\n");
  std::vector<Node> nodes(program.code().nodes().begin(), program.code().nodes().end());
  nodes[0].patched = nodes[1].patched = true;
  const Code code = program.code().with({"test", {{0, 2, {nodes[0], nodes[1]}}}});
  const Facts facts = Facts::of(code, program.view());
  EXPECT_EQ(facts.reg(3, bpf::Reg::r2).kind, Kind::number);
  EXPECT_EQ(facts.reg(3, bpf::Reg::r2).constant(), std::nullopt);
  EXPECT_EQ(facts.reg(3, bpf::Reg::r3), value_of(Kind::any));
}

}  // namespace
}  // namespace probity::opt
