// SPDX-License-Identifier: Apache-2.0
// One edit per row, right ones and wrong ones. K2's published miscompilations are among the wrong
// ones.
#include "opt/simulation.hpp"

#include <gtest/gtest.h>

#include "code_sample.hpp"

namespace probity::opt {
namespace {

struct Row {
  const char* name;
  const char* program;
  std::uint32_t first;
  std::uint32_t count;
  const char* text;
  bool equal;
  program::ProgType type = program::ProgType::xdp;
};

#define PACKET              \
  "r2 = *(u32 *)(r1 + 0)\n" \
  "r3 = *(u32 *)(r1 + 4)\n" \
  "r4 = r2\n"               \
  "r4 += 14\n"              \
  "if r4 > r3 goto out\n"
#define OUT "out:\nr0 = 2\nexit\n"
#define LOOKUP                   \
  "r1 = map[0] ll\n"             \
  "r2 = r10\n"                   \
  "r2 += -4\n"                   \
  "call bpf_map_lookup_elem#1\n" \
  "if r0 == 0 goto out\n"

const Row rows[] = {
    {"dead_move_removed", "r3 = 7\nr0 = 1\nexit\n", 0, 1, "", true},
    {"live_move_removed", "r3 = 7\nr0 = r3\nexit\n", 0, 1, "", false},
    {"constant_folded", "r3 = 7\nr0 = r3\nr0 += 1\nexit\n", 1, 2, "r0 = 8", true},
    {"constant_folded_wrongly", "r3 = 7\nr0 = r3\nr0 += 1\nexit\n", 1, 2, "r0 = 9", false},
    {"zero_extension", "r0 = *(u32 *)(r1 + 12)\nr0 <<= 32\nr0 >>= 32\nexit\n", 1, 2, "w0 = w0",
     true},
    {"zero_extension_not_needed", "r0 = *(u32 *)(r1 + 12)\nr0 <<= 32\nr0 >>= 32\nexit\n", 1, 2, "",
     true},
    {"sign_is_not_zero_extension", "r0 = *(u32 *)(r1 + 12)\nr0 <<= 32\nr0 s>>= 32\nexit\n", 1, 2,
     "w0 = w0", false},
    {"byte_stores_merged", PACKET "*(u8 *)(r2 + 0) = 1\n*(u8 *)(r2 + 1) = 2\n" OUT, 5, 2,
     "*(u16 *)(r2 + 0) = 513", true},
    {"byte_stores_merged_the_wrong_way", PACKET "*(u8 *)(r2 + 0) = 1\n*(u8 *)(r2 + 1) = 2\n" OUT, 5,
     2, "*(u16 *)(r2 + 0) = 258", false},
    {"bytes_recomposed",
     PACKET "r5 = *(u8 *)(r2 + 13)\nr5 <<= 8\nr4 = *(u8 *)(r2 + 12)\nr5 |= r4\nr0 = r5\nexit\n" OUT,
     5, 4, "r5 = *(u16 *)(r2 + 12)", true},
    {"bytes_recomposed_the_wrong_way",
     PACKET "r5 = *(u8 *)(r2 + 12)\nr5 <<= 8\nr4 = *(u8 *)(r2 + 13)\nr5 |= r4\nr0 = r5\nexit\n" OUT,
     5, 4, "r5 = *(u16 *)(r2 + 12)", false},
    {"dead_stack_store", "*(u64 *)(r10 - 8) = 5\nr0 = 0\nexit\n", 0, 1, "", true},
    {"key_of_a_lookup", "*(u32 *)(r10 - 4) = 5\n" LOOKUP OUT, 0, 1, "", false},
    {"store_beside_the_key", "*(u32 *)(r10 - 8) = 5\n*(u32 *)(r10 - 4) = 5\n" LOOKUP OUT, 0, 1, "",
     true},
    {"call_removed", "call bpf_ktime_get_ns#5\nr0 = 0\nexit\n", 0, 1, "", false},
    {"packet_store_removed", PACKET "*(u8 *)(r2 + 0) = 1\n" OUT, 5, 1, "", false},
    {"store_overwritten", PACKET "*(u8 *)(r2 + 0) = 1\n*(u8 *)(r2 + 0) = 2\n" OUT, 5, 1, "", true},
    {"value_and_packet_are_apart",
     "r6 = *(u32 *)(r1 + 0)\nr7 = *(u32 *)(r1 + 4)\nr8 = r6\nr8 += 14\nif r8 > r7 goto out\n"
     "*(u32 *)(r10 - 4) = 0\n" LOOKUP "r1 = *(u8 *)(r0 + 0)\n*(u8 *)(r6 + 0) = 5\nr2 = *(u8 *)(r0 "
     "+ 0)\nr1 += r2\nr0 = r1\nexit\n" OUT,
     13, 1, "r2 = r1", true},
    {"values_may_be_the_same",
     "*(u32 *)(r10 - 4) = 0\n" LOOKUP "r6 = r0\n*(u32 *)(r10 - 4) = 1\n" LOOKUP
     "r1 = *(u8 *)(r0 + 0)\n*(u8 *)(r6 + 0) = 5\nr2 = *(u8 *)(r0 + 0)\nr1 += r2\nr0 = "
     "r1\nexit\n" OUT,
     15, 1, "r2 = r1", false},
    {"control_block_words", "*(u32 *)(r1 + 48) = 1\n*(u32 *)(r1 + 52) = 2\nr0 = 0\nexit\n", 0, 2,
     "r2 = 8589934593 ll\n*(u64 *)(r1 + 48) = r2", true, program::ProgType::sched_cls},
    {"control_block_words_swapped", "*(u32 *)(r1 + 48) = 1\n*(u32 *)(r1 + 52) = 2\nr0 = 0\nexit\n",
     0, 2, "r2 = 4294967298 ll\n*(u64 *)(r1 + 48) = r2", false, program::ProgType::sched_cls},
    {"mark_is_no_array", "*(u32 *)(r1 + 8) = 1\nr0 = 0\nexit\n", 0, 1, "*(u8 *)(r1 + 8) = 1", false,
     program::ProgType::sched_cls},
    {"store_of_a_choice",
     "r3 = *(u32 *)(r1 + 12)\nr2 = 1\nif r3 != 0 goto with\nr2 = 0\nwith:\n*(u32 *)(r10 - 4) = "
     "r2\n" LOOKUP OUT,
     1, 0, "", true},
    {"loop", "r0 = 0\nr2 = 0\nagain:\nr3 = r2\nr0 += r3\nr2 += 1\nif r2 < 9 goto again\nexit\n", 2,
     2, "r0 += r2", true},
    {"loop_that_counts_otherwise",
     "r0 = 0\nr2 = 0\nagain:\nr3 = r2\nr0 += r3\nr2 += 1\nif r2 < 9 goto again\nexit\n", 4, 1,
     "r2 += 2", false},
    {"lock_add",
     "*(u32 *)(r10 - 4) = 0\n" LOOKUP "r1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 0) = r1\n" OUT,
     6, 3, "r1 = 1\nlock *(u64 *)(r0 + 0) += r1", true},
    {"k2_narrowed_load", "r7 = *(u32 *)(r1 + 48)\nr0 = r7\nexit\n", 0, 1, "r7 = *(u8 *)(r1 + 48)",
     false, program::ProgType::socket_filter},
    {"k2_division_taken_for_nothing", "r0 = -8\nr0 /= 2\nexit\n", 1, 1, "", false},
    {"k2_signed_division", "r0 = -8\nr0 /= 2\nr0 >>= 32\nexit\n", 0, 3, "w0 = -1", false},
    {"unsigned_division", "r0 = -8\nr0 /= 2\nr0 >>= 32\nexit\n", 0, 3, "r0 = 2147483647", true},
    {"division_by_a_power", "r0 = *(u32 *)(r1 + 12)\nr0 /= 8\nexit\n", 1, 1, "r0 >>= 3", true},
};

class SimulationTest : public testing::TestWithParam<Row> {};

TEST_P(SimulationTest, TellsRightFromWrong) {
  const Row& row = GetParam();
  const sample::Sample sample(row.program, row.type);
  const Code after =
      sample.code().with(sample::change(sample.code(), row.first, row.count, row.text));
  const Simulated simulated = simulate(sample.code(), after, sample.view(), {});
  EXPECT_EQ(simulated.verdict == Simulated::Verdict::proved, row.equal) << simulated.reason;
  if (row.equal) EXPECT_GT(simulated.pairs, 0u);
}

TEST_P(SimulationTest, ACodeSimulatesItself) {
  const Row& row = GetParam();
  const sample::Sample sample(row.program, row.type);
  const Simulated simulated = simulate(sample.code(), sample.code(), sample.view(), {});
  EXPECT_EQ(simulated.verdict, Simulated::Verdict::proved) << simulated.reason;
}

#define MIX "r0 -= r5\nr5 ^= r0\nr5 *= 40503\nr0 += r5\nr0 *= r3\nr0 ^= r5\n"
constexpr const char* hash =
    "r2 = *(u32 *)(r1 + 12)\nr3 = *(u32 *)(r1 + 16)\nr0 = r2\nr0 *= r3\nr0 ^= 1234567\nr0 += r3\n"
    "r4 = 4026531840 ll\nr5 = r0\nr5 &= r4\n" MIX MIX MIX MIX "exit\n";

/// What is proved where the change is, and not about the end, where no solver would manage.
Simulated change_in_hash(std::string_view text) {
  const sample::Sample sample(hash, program::ProgType::xdp);
  const Code after = sample.code().with(sample::change(sample.code(), 8, 1, text));
  const solver::Options small{{500, 200'000, 500}, solver::External::none};
  return simulate(sample.code(), after, sample.view(), small);
}

TEST(CutSimulationTest, AChangeInTheMiddleOfAHashIsProved) {
  const Simulated simulated = change_in_hash("w5 &= -268435456");
  EXPECT_EQ(simulated.verdict, Simulated::Verdict::proved) << simulated.reason;
}

TEST(CutSimulationTest, AWrongChangeInTheMiddleOfAHashIsNot) {
  EXPECT_NE(change_in_hash("w5 &= -134217728").verdict, Simulated::Verdict::proved);
  EXPECT_NE(change_in_hash("r5 &= -268435456").verdict, Simulated::Verdict::proved);
}

INSTANTIATE_TEST_SUITE_P(Edits, SimulationTest, testing::ValuesIn(rows),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace probity::opt
