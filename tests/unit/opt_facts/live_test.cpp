// SPDX-License-Identifier: Apache-2.0
// Which registers and bytes of the frame are live in small programs.
#include "known_program.hpp"

namespace probity::opt {
namespace {

StackSet bytes(int offset, unsigned count) {
  StackSet set;
  for (unsigned i = 0; i < count; ++i) set.set(static_cast<std::size_t>(512 + offset) + i);
  return set;
}
constexpr RegisterSet bit(unsigned reg) {
  return static_cast<RegisterSet>(1u << reg);
}

TEST(Live, RegistersUntilTheyAreWritten) {
  const KnownProgram program(
      "r2 = 1\n"
      "r3 = 2\n"
      "r2 += r3\n"
      "r0 = r2\n"
      "exit\n");
  EXPECT_EQ(program.live().before(0).regs, 0);
  EXPECT_EQ(program.live().before(2).regs, bit(2) | bit(3));
  EXPECT_EQ(program.live().before(4).regs, bit(0));
  EXPECT_TRUE(program.live().is_live_after(program.code(), 1, bpf::Reg::r3));
  EXPECT_FALSE(program.live().is_live_after(program.code(), 2, bpf::Reg::r3));
}

TEST(Live, AHelperReadsItsArgumentsAndItsKey) {
  const KnownProgram program(
      "*(u64 *)(r10 - 8) = 0\n"
      "r1 = map[0] ll\n"
      "r2 = r10\n"
      "r2 += -8\n"
      "r3 = 5\n"
      "call bpf_map_lookup_elem#1\n"
      "r0 = 0\n"
      "exit\n");
  EXPECT_EQ(program.live().before(5).regs, bit(1) | bit(2));
  EXPECT_EQ(program.live().before(5).stack, bytes(-8, 4));
  EXPECT_TRUE(program.live().before(0).stack.none());
}

TEST(Live, OnlyStoresOfKnownPlacesEndAByte) {
  const KnownProgram program(
      "*(u64 *)(r10 - 8) = 0\n"
      "*(u16 *)(r10 - 6) = 1\n"
      "r0 = *(u32 *)(r10 - 8)\n"
      "exit\n");
  EXPECT_EQ(program.live().before(2).stack, bytes(-8, 4));
  EXPECT_EQ(program.live().before(1).stack, bytes(-8, 2));
}

TEST(Live, OutputOfHelpersEndsNothing) {
  const KnownProgram program(
      "*(u64 *)(r10 - 8) = 0\n"
      "r2 = 0\n"
      "r3 = r10\n"
      "r3 += -8\n"
      "r4 = 8\n"
      "call bpf_xdp_load_bytes#189\n"
      "r0 = *(u64 *)(r10 - 8)\n"
      "exit\n");
  EXPECT_EQ(program.live().before(1).stack, bytes(-8, 8));
}

TEST(Live, ALoadOfAnUnknownPlaceReadsTheWholeFrame) {
  const KnownProgram program(
      "r2 = *(u32 *)(r1 + 12)\n"
      "r2 &= 7\n"
      "r3 = r10\n"
      "r3 += -16\n"
      "r3 += r2\n"
      "r0 = *(u8 *)(r3 + 0)\n"
      "exit\n");
  EXPECT_TRUE(program.live().before(0).stack.all());
}

TEST(Live, ALocalCallReadsTheFrameThatItIsGiven) {
  const KnownProgram program(
      "*(u64 *)(r10 - 8) = 5\n"
      "call number\n"
      "r1 = r10\n"
      "call number\n"
      "r0 = 0\n"
      "exit\n"
      "number: r0 = 3\n"
      "exit\n");
  EXPECT_TRUE(program.live().before(2).stack.all());
  EXPECT_TRUE(program.live().before(4).stack.none());
  EXPECT_EQ(program.live().before(4).regs, 0);
}

TEST(Live, ProbeReadMayReadTheStack) {
  const KnownProgram program(
      "*(u64 *)(r10 - 8) = 5\n"
      "r1 = r10\n"
      "r1 += -16\n"
      "r2 = 8\n"
      "r3 = r10\n"
      "r3 += -8\n"
      "call bpf_probe_read_kernel#113\n"
      "r0 = 0\n"
      "exit\n",
      program::ProgType::kprobe);
  EXPECT_EQ(program.live().before(6).stack, bytes(-8, 8));
}

TEST(Live, TextThatPointsElsewhereReadsTheWholeFrame) {
  const KnownProgram program(
      "r1 = r10\n"
      "r1 += -8\n"
      "r2 = 8\n"
      "r3 = r10\n"
      "r3 += -16\n"
      "r4 = 8\n"
      "call bpf_trace_vprintk#177\n"
      "r0 = 0\n"
      "exit\n");
  EXPECT_TRUE(program.live().before(6).stack.all());
}

}  // namespace
}  // namespace probity::opt
