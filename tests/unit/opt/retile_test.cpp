// SPDX-License-Identifier: Apache-2.0
// Retiling, one program per row: what becomes of its loads and stores, or that nothing may. Every
// result is proved by simulation, and runs as the program did on packets of all bytes.
#include "opt/retile.hpp"

#include <gtest/gtest.h>

#include <random>

#include "code_sample.hpp"
#include "opt/code_text.hpp"
#include "opt/optimize.hpp"
#include "runtime/engine.hpp"

namespace probity::opt {
namespace {

struct Row {
  const char* name;
  const char* program;
  const char* is;  ///< text of the new insns; empty: nothing is proposed
  program::ProgType type = program::ProgType::xdp;
  Goal goal = Goal::size;
};

// r6: packet, of which BYTES are there
#define PACKET(BYTES)       \
  "r6 = *(u32 *)(r1 + 0)\n" \
  "r3 = *(u32 *)(r1 + 4)\n" \
  "r4 = r6\n"               \
  "r4 += " #BYTES           \
  "\n"                      \
  "if r4 > r3 goto out\n"
#define OUT "out:\nr0 = 2\nexit\n"
// The key at r10 - 4 is looked up; the value's address is in r0.
#define LOOKUP                   \
  "r1 = map[0] ll\n"             \
  "r2 = r10\n"                   \
  "r2 += -4\n"                   \
  "call bpf_map_lookup_elem#1\n" \
  "if r0 == 0 goto out\n"
// 16 bytes at r10 - 16 are read.
#define READ_16      \
  "r1 = map[0] ll\n" \
  "r2 = r10\n"       \
  "r2 += -4\n"       \
  "r3 = r10\n"       \
  "r3 += -16\n"      \
  "r4 = 0\n"         \
  "call bpf_map_update_elem#2\n"
#define SWAP                                                               \
  "r1 = *(u16 *)(r6 + 0)\nr2 = *(u16 *)(r6 + 6)\n*(u16 *)(r6 + 0) = r2\n"  \
  "r2 = *(u16 *)(r6 + 8)\nr3 = *(u16 *)(r6 + 2)\n*(u16 *)(r6 + 8) = r3\n"  \
  "*(u16 *)(r6 + 2) = r2\nr2 = *(u16 *)(r6 + 10)\nr3 = *(u16 *)(r6 + 4)\n" \
  "*(u16 *)(r6 + 10) = r3\n*(u16 *)(r6 + 4) = r2\n*(u16 *)(r6 + 6) = r1\n"

const Row rows[] = {
    {"two_bytes",
     PACKET(14) "r1 = *(u8 *)(r6 + 12)\nr0 = *(u8 *)(r6 + 13)\nr0 <<= 8\nr0 |= r1\nexit\n" OUT,
     "r0 = *(u16 *)(r6 + 12)"},
    {"two_bytes_in_32_bits",
     PACKET(14) "w1 = *(u8 *)(r6 + 12)\nw0 = *(u8 *)(r6 + 13)\nw0 <<= 8\nw0 |= w1\nexit\n" OUT,
     "r0 = *(u16 *)(r6 + 12)"},
    {"two_bytes_added",
     PACKET(14) "r0 = *(u8 *)(r6 + 13)\nr0 <<= 8\nr1 = *(u8 *)(r6 + 12)\nr0 += r1\nexit\n" OUT,
     "r0 = *(u16 *)(r6 + 12)"},
    {"four_bytes",
     PACKET(14) "r1 = *(u8 *)(r6 + 4)\nr2 = *(u8 *)(r6 + 5)\nr2 <<= 8\nr2 |= r1\n"
                "r1 = *(u8 *)(r6 + 6)\nr1 <<= 16\nr0 = *(u8 *)(r6 + 7)\nr0 <<= 24\nr0 |= r1\nr0 |= "
                "r2\n"
                "exit\n" OUT,
     "r0 = *(u32 *)(r6 + 4)"},
    {"eight_bytes_of_halves",
     PACKET(14) "r1 = *(u32 *)(r6 + 0)\nr0 = *(u32 *)(r6 + 4)\nr0 <<= 32\nr0 |= r1\nexit\n" OUT,
     "r0 = *(u64 *)(r6 + 0)"},
    {"bytes_in_network_order",
     PACKET(14) "r0 = *(u8 *)(r6 + 12)\nr0 <<= 8\nr1 = *(u8 *)(r6 + 13)\nr0 |= r1\nexit\n" OUT,
     "r0 = *(u16 *)(r6 + 12); r0 = be16 r0"},
    {"four_bytes_in_network_order",
     PACKET(
         14) "r1 = *(u8 *)(r6 + 0)\nr1 <<= 24\nr2 = *(u8 *)(r6 + 1)\nr2 <<= 16\nr2 |= r1\n"
             "r1 = *(u8 *)(r6 + 2)\nr1 <<= 8\nr0 = *(u8 *)(r6 + 3)\nr0 |= r1\nr0 |= r2\nexit\n" OUT,
     "r0 = *(u32 *)(r6 + 0); r0 = be32 r0"},
    {"part_of_a_load", PACKET(14) "r0 = *(u32 *)(r6 + 0)\nr0 >>= 24\nexit\n" OUT,
     "r0 = *(u8 *)(r6 + 3)"},
    {"the_base_is_overwritten",
     PACKET(14) "r1 = *(u8 *)(r6 + 12)\nr6 = *(u8 *)(r6 + 13)\nr6 <<= 8\nr6 |= r1\nr0 = r6\n"
                "exit\n" OUT,
     "r0 = *(u16 *)(r6 + 12)"},
    {"bytes_apart",
     PACKET(14) "r0 = *(u8 *)(r6 + 11)\nr1 = *(u8 *)(r6 + 13)\nr1 <<= 8\nr0 |= r1\nexit\n" OUT, ""},
    {"a_byte_is_stored_in_between",
     PACKET(14) "r0 = *(u8 *)(r6 + 13)\n*(u8 *)(r6 + 12) = 7\nr0 <<= 8\nr1 = *(u8 *)(r6 + 12)\n"
                "*(u8 *)(r6 + 12) = 8\nr0 |= r1\nexit\n" OUT,
     ""},
    {"swap_with_bytes_to_spare", PACKET(14) SWAP OUT,
     "r0 = *(u64 *)(r6 + 6); r2 = *(u32 *)(r6 + 2); *(u64 *)(r6 + 0) = r0; *(u16 *)(r6 + 6) = r1; "
     "*(u32 *)(r6 + 8) = r2"},
    {"swap_at_the_packets_end", PACKET(12) SWAP OUT,
     "*(u16 *)(r6 + 0) = r2; r0 = *(u32 *)(r6 + 8); r3 = *(u32 *)(r6 + 2); *(u32 *)(r6 + 2) = r0; "
     "*(u16 *)(r6 + 6) = r1; *(u32 *)(r6 + 8) = r3"},
    {"swap_whose_loads_have_a_store_each", PACKET(14) SWAP OUT,
     "*(u16 *)(r6 + 0) = r2; r0 = *(u32 *)(r6 + 8); r3 = *(u32 *)(r6 + 2); *(u32 *)(r6 + 2) = r0; "
     "*(u16 *)(r6 + 6) = r1; *(u32 *)(r6 + 8) = r3",
     program::ProgType::xdp, Goal::speed},
    {"no_swap_waits_for_stores",
     PACKET(30) "r1 = *(u16 *)(r6 + 6)\n*(u16 *)(r6 + 14) = r1\nr1 = *(u16 *)(r6 + 8)\n"
                "*(u16 *)(r6 + 16) = r1\nr1 = *(u32 *)(r6 + 10)\n*(u32 *)(r6 + 18) = r1\n" OUT,
     "r0 = *(u64 *)(r6 + 6); *(u64 *)(r6 + 14) = r0", program::ProgType::xdp, Goal::speed},
    {"a_copy_would_wait_for_what_replaces_a_half",
     PACKET(
         34) "r1 = *(u32 *)(r6 + 26)\n*(u32 *)(r10 - 16) = r1\nr1 = *(u32 *)(r6 + 30)\n"
             "*(u32 *)(r10 - 12) = r1\n*(u32 *)(r6 + 30) = r4\n*(u64 *)(r10 - 8) = 0\n" READ_16 OUT,
     "", program::ProgType::xdp, Goal::speed},
    {"a_copy_may_wait_for_size",
     PACKET(
         34) "r1 = *(u32 *)(r6 + 26)\n*(u32 *)(r10 - 16) = r1\nr1 = *(u32 *)(r6 + 30)\n"
             "*(u32 *)(r10 - 12) = r1\n*(u32 *)(r6 + 30) = r4\n*(u64 *)(r10 - 8) = 0\n" READ_16 OUT,
     "r0 = *(u64 *)(r6 + 26); *(u64 *)(r10 - 16) = r0"},
    {"a_copy_waits_for_none_that_replaces_other_bytes",
     PACKET(
         38) "r1 = *(u32 *)(r6 + 26)\n*(u32 *)(r10 - 16) = r1\nr1 = *(u32 *)(r6 + 30)\n"
             "*(u32 *)(r10 - 12) = r1\n*(u32 *)(r6 + 34) = r4\n*(u64 *)(r10 - 8) = 0\n" READ_16 OUT,
     "r0 = *(u64 *)(r6 + 26); *(u64 *)(r10 - 16) = r0", program::ProgType::xdp, Goal::speed},
    {"low_byte_shift_next_byte",
     PACKET(14) "r1 = *(u16 *)(r6 + 4)\n*(u8 *)(r6 + 0) = r1\nr1 >>= 8\n*(u8 *)(r6 + 1) = r1\n" OUT,
     "*(u16 *)(r6 + 0) = r1"},
    {"high_byte_first",
     PACKET(14) "r1 = r4\nr1 >>= 8\n*(u8 *)(r6 + 0) = r1\n*(u8 *)(r6 + 1) = r4\n" OUT, ""},
    {"copy_to_the_stack",
     PACKET(34) "r1 = *(u32 *)(r6 + 26)\n*(u32 *)(r10 - 16) = r1\nr1 = *(u32 *)(r6 + 30)\n"
                "*(u32 *)(r10 - 12) = r1\n*(u64 *)(r10 - 8) = 0\n" READ_16 OUT,
     "r0 = *(u64 *)(r6 + 26); *(u64 *)(r10 - 16) = r0"},
    {"constants_side_by_side",
     "*(u32 *)(r10 - 16) = 7\n*(u16 *)(r10 - 12) = 0\n*(u16 *)(r10 - 10) = 0\n"
     "*(u64 *)(r10 - 8) = 0\n" READ_16 OUT,
     "*(u64 *)(r10 - 16) = 7"},
    {"constants_that_no_immediate_holds",
     "*(u32 *)(r10 - 16) = 7\n*(u32 *)(r10 - 12) = 7\n*(u64 *)(r10 - 8) = 0\n" READ_16 OUT, ""},
    {"minus_one",
     "*(u32 *)(r10 - 16) = -7\n*(u32 *)(r10 - 12) = -1\n*(u64 *)(r10 - 8) = 0\n" READ_16 OUT,
     "*(u64 *)(r10 - 16) = -7"},
    {"a_wide_constant_in_halves",
     "r1 = 0x1122334455667788 ll\n*(u64 *)(r10 - 16) = r1\n*(u64 *)(r10 - 8) = 0\n" READ_16 OUT,
     "*(u32 *)(r10 - 16) = 1432778632; *(u32 *)(r10 - 12) = 287454020"},
    {"a_wide_constant_in_halves_takes_longer",
     "r1 = 0x1122334455667788 ll\n*(u64 *)(r10 - 16) = r1\n*(u64 *)(r10 - 8) = 0\n" READ_16 OUT, "",
     program::ProgType::xdp, Goal::speed},
    {"low_half_in_network_order",
     PACKET(14) "r2 = *(u16 *)(r6 + 2)\nr2 <<= 8\nr4 = *(u8 *)(r6 + 3)\nr2 |= r4\n"
                "*(u16 *)(r6 + 0) = r2\n" OUT,
     "r0 = *(u16 *)(r6 + 2); r0 = be16 r0; *(u16 *)(r6 + 0) = r0"},
    {"misaligned_on_the_stack",
     "*(u32 *)(r10 - 16) = 5\n*(u32 *)(r10 - 12) = 0\n*(u32 *)(r10 - 8) = 0\n"
     "*(u32 *)(r10 - 4) = 5\n" READ_16 OUT,
     "*(u64 *)(r10 - 16) = 5"},
    {"dead_bytes_beside_the_key", "r1 = 0\n*(u32 *)(r10 - 4) = r1\n" LOOKUP "r0 = 1\nexit\n" OUT,
     "*(u32 *)(r10 - 4) = 0"},
    {"one_register_for_many_zeros",
     "r1 = 0\n*(u64 *)(r10 - 8) = r1\n*(u64 *)(r10 - 16) = r1\n" READ_16 OUT,
     "*(u64 *)(r10 - 8) = 0; *(u64 *)(r10 - 16) = 0"},
    {"zeros_overwritten",
     PACKET(14) "*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = 0\nr1 = *(u64 *)(r6 + 0)\n"
                "*(u64 *)(r10 - 16) = r1\n" READ_16 OUT,
     "*(u64 *)(r10 - 16) = r1"},
    {"copy_of_a_pair_to_a_value",
     PACKET(14) "*(u32 *)(r10 - 4) = 0\n" LOOKUP "r1 = *(u32 *)(r6 + 0)\n*(u32 *)(r0 + 8) = r1\nr1 "
                "= *(u32 *)(r6 + 4)\n*(u32 *)(r0 + 12) = "
                "r1\n" OUT,
     "r1 = *(u64 *)(r6 + 0); *(u64 *)(r0 + 8) = r1"},
    {"values_may_be_the_same",
     "*(u32 *)(r10 - 4) = 0\n" LOOKUP "r6 = r0\n*(u32 *)(r10 - 4) = 1\n" LOOKUP
     "r1 = *(u8 *)(r6 + 0)\n*(u8 *)(r0 + 0) = 7\nr2 = *(u8 *)(r6 + 1)\nr2 <<= 8\nr1 |= r2\n"
     "r0 = r1\nexit\n" OUT,
     ""},
    {"a_byte_of_the_packet_may_be_loaded_twice",
     PACKET(14) "r1 = *(u8 *)(r6 + 0)\nr0 = *(u8 *)(r6 + 1)\nr0 <<= 8\nr0 |= r1\n"
                "*(u8 *)(r6 + 5) = r1\nexit\n" OUT,
     "r0 = *(u16 *)(r6 + 0)"},
    {"a_byte_of_a_value_may_not",
     "*(u32 *)(r10 - 4) = 0\n" LOOKUP "r1 = *(u8 *)(r0 + 0)\nr2 = *(u8 *)(r0 + 1)\nr2 <<= 8\n"
     "r2 |= r1\n*(u8 *)(r0 + 5) = r1\nr0 = r2\nexit\n" OUT,
     ""},
    {"a_value_is_never_wrong_for_a_while",
     PACKET(14) "*(u32 *)(r10 - 4) = 0\n" LOOKUP
                "r1 = *(u16 *)(r6 + 0)\n*(u16 *)(r0 + 0) = r1\nr1 = *(u32 *)(r6 + 2)\n"
                "*(u32 *)(r0 + 2) = r1\nr1 = *(u8 *)(r6 + 9)\n*(u8 *)(r0 + 6) = r1\n"
                "r1 = *(u8 *)(r6 + 12)\n*(u8 *)(r0 + 7) = r1\n" OUT,
     ""},
    {"a_packet_is",
     PACKET(30) "r1 = *(u16 *)(r6 + 0)\n*(u16 *)(r6 + 16) = r1\nr1 = *(u32 *)(r6 + 2)\n"
                "*(u32 *)(r6 + 18) = r1\nr1 = *(u8 *)(r6 + 9)\n*(u8 *)(r6 + 22) = r1\n"
                "r1 = *(u8 *)(r6 + 12)\n*(u8 *)(r6 + 23) = r1\n" OUT,
     "r0 = *(u64 *)(r6 + 0); *(u64 *)(r6 + 16) = r0; *(u8 *)(r6 + 22) = r1; "
     "r0 = *(u8 *)(r6 + 12); *(u8 *)(r6 + 23) = r0"},
    {"fields_of_ctx", "r0 = *(u32 *)(r1 + 16)\nr2 = *(u32 *)(r1 + 12)\nr0 <<= 32\nr0 |= r2\nexit\n",
     ""},
    {"words_of_cb",
     "r2 = 0\n*(u32 *)(r1 + 48) = r2\n*(u32 *)(r1 + 52) = r2\n*(u32 *)(r1 + 56) = r2\n"
     "r0 = 0\nexit\n",
     "*(u64 *)(r1 + 48) = r2; *(u32 *)(r1 + 56) = r2", program::ProgType::sched_cls},
    {"words_of_cb_that_are_not_aligned",
     "r2 = 0\n*(u32 *)(r1 + 52) = r2\n*(u32 *)(r1 + 56) = r2\nr0 = 0\nexit\n", "",
     program::ProgType::sched_cls},
    {"fields_of_skb", "r0 = *(u32 *)(r1 + 4)\nr2 = *(u32 *)(r1 + 0)\nr0 <<= 32\nr0 |= r2\nexit\n",
     "", program::ProgType::sched_cls},
    {"control_block",
     "*(u32 *)(r1 + 52) = 0\n*(u32 *)(r1 + 56) = 0\n*(u32 *)(r1 + 60) = 0\n"
     "r0 = 0\nexit\n",
     "*(u32 *)(r1 + 52) = 0; *(u64 *)(r1 + 56) = 0", program::ProgType::sched_cls},
};

Outcome improve(const sample::Sample& sample, Goal goal) {
  Options options;
  options.aim.goal = goal;
  options.generators = {retile_generator()};
  return optimize(sample.code(), sample.view(), options);
}

/// Return value, packet and what map 0 holds after a run on a packet.
struct Seen {
  std::uint64_t returned = 0;
  runtime::Bytes packet;
  runtime::Bytes flows;
  friend bool operator==(const Seen&, const Seen&) = default;
};
Seen run(const program::View& view, const runtime::Bytes& packet) {
  auto engine = runtime::load_interpreter(view, {});
  EXPECT_TRUE(engine.has_value()) << engine.error().line();
  runtime::RunInput input;
  input.packet = packet;
  const auto output = (*engine)->run(input);
  EXPECT_TRUE(output.has_value());
  const auto flows = (*engine)->read_records("flows");
  EXPECT_TRUE(flows.has_value());
  return {output->return_value, output->packet, *flows};
}

class RetileTest : public testing::TestWithParam<Row> {};

TEST_P(RetileTest, ProposesWhatIsProved) {
  const Row& row = GetParam();
  const sample::Sample sample(row.program, row.type);
  const Outcome outcome = improve(sample, row.goal);
  EXPECT_TRUE(outcome.undone.empty()) << outcome.undone.front().why;
  std::string text;
  for (const Applied& applied : outcome.applied) text += applied.is;
  EXPECT_EQ(text, row.is) << kernel_text(outcome.code.nodes());
  EXPECT_EQ(outcome.code.slot_count() < sample.code().slot_count(), !text.empty());
}

TEST_P(RetileTest, RunsAsBefore) {
  const Row& row = GetParam();
  const sample::Sample sample(row.program, row.type);
  const auto slots = improve(sample, row.goal).code.slots();
  ASSERT_TRUE(slots.has_value());
  const program::Subprog subprog{"sample", 0, static_cast<std::uint32_t>(slots->size())};
  program::View after = sample.view();
  after.slots = *slots;
  after.subprogs = {&subprog, 1};
  std::mt19937 random(7);
  for (std::size_t bytes = 14; bytes <= 64; ++bytes) {
    runtime::Bytes packet(bytes);
    for (auto& byte : packet) byte = static_cast<std::uint8_t>(random());
    EXPECT_EQ(run(sample.view(), packet), run(after, packet)) << bytes << " bytes";
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, RetileTest, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace probity::opt
