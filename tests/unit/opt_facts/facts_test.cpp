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
  EXPECT_EQ(facts.reg(3, bpf::Reg::r2), value_of(Kind::any));
  EXPECT_EQ(facts.reg(3, bpf::Reg::r3), value_of(Kind::any));
}

}  // namespace
}  // namespace probity::opt
