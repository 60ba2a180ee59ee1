// SPDX-License-Identifier: Apache-2.0
// Which values are equal where, that copies are seen through where ways meet, and that nothing is
// taken for equal that only was so on one way.
#include "opt/equal_values.hpp"

#include <gtest/gtest.h>

#include "code_sample.hpp"
#include "opt/code_text.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"

namespace probity::opt {
namespace {

using bpf::Reg;

struct Row {
  const char* name;
  const char* program;
  std::uint32_t node;
  Reg a;
  Reg b;
  bool equal;
};

#define CHOICE(then) "r2 = *(u32 *)(r1 + 12)\nr6 = r2\nif r2 > 9 goto out\n" then "out:\n"
#define CALL "call bpf_ktime_get_ns#5\n"
#define END "r0 = r6\nexit\n"

const Row rows[] = {
    {"copy", "r6 = r1\n" END, 1, Reg::r1, Reg::r6, true},
    {"copy_overwritten", "r6 = r1\nr1 = 5\n" END, 2, Reg::r1, Reg::r6, false},
    {"copies_of_one", "r6 = r1\nr7 = r1\nr1 = 5\n" END, 3, Reg::r6, Reg::r7, true},
    {"where_ways_meet", CHOICE("r3 = 1\n") END, 4, Reg::r2, Reg::r6, true},
    {"on_one_way_only", CHOICE("r6 = 1\n") END, 4, Reg::r2, Reg::r6, false},
    {"same_on_both_ways", CHOICE("r7 = 1\nr6 = r7\nr2 = r7\n") END, 6, Reg::r2, Reg::r6, true},
    {"half_a_copy", "w6 = w1\n" END, 1, Reg::r1, Reg::r6, false},
    {"over_a_call", "r6 = r1\nr7 = r6\n" CALL END, 3, Reg::r6, Reg::r7, true},
    {"lost_in_a_call", "r6 = r1\n" CALL END, 2, Reg::r1, Reg::r6, false},
    {"reload", "*(u64 *)(r10 - 8) = r1\nr6 = *(u64 *)(r10 - 8)\n" END, 2, Reg::r1, Reg::r6, true},
    {"reload_of_half", "*(u64 *)(r10 - 8) = r1\nr6 = *(u32 *)(r10 - 8)\n" END, 2, Reg::r1, Reg::r6,
     false},
    {"reload_beside", "*(u64 *)(r10 - 8) = r1\nr6 = *(u64 *)(r10 - 16)\n" END, 2, Reg::r1, Reg::r6,
     false},
    {"reload_of_what_was_changed",
     "*(u64 *)(r10 - 8) = r1\n*(u8 *)(r10 - 3) = 1\nr6 = *(u64 *)(r10 - 8)\n" END, 3, Reg::r1,
     Reg::r6, false},
    {"reload_of_what_an_atomic_changed",
     "r2 = 1\n*(u64 *)(r10 - 8) = r1\nlock *(u64 *)(r10 - 8) += r2\nr6 = *(u64 *)(r10 - 8)\n" END,
     4, Reg::r1, Reg::r6, false},
    {"reload_of_what_a_helper_may_write",
     "r7 = 5\n*(u64 *)(r10 - 8) = r7\nr1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\n"
     "call bpf_probe_read_kernel#113\nr6 = *(u64 *)(r10 - 8)\n" END,
     8, Reg::r6, Reg::r7, false},
    {"reload_over_a_call", "r7 = 5\n*(u64 *)(r10 - 8) = r7\n" CALL "r6 = *(u64 *)(r10 - 8)\n" END,
     4, Reg::r6, Reg::r7, true},
    {"counter_and_its_bound",
     "r2 = 0\nr3 = *(u32 *)(r1 + 12)\nagain:\nr6 = r2\nif r3 == 7 goto out\nr6 = 9\nr3 += 1\n"
     "r2 += 1\nif r2 != 9 goto again\nout:\n" END,
     8, Reg::r2, Reg::r6, true},
    {"counter_and_another_bound",
     "r2 = 0\nr3 = *(u32 *)(r1 + 12)\nagain:\nr6 = r2\nif r3 == 7 goto out\nr6 = 8\nr3 += 1\n"
     "r2 += 1\nif r2 != 9 goto again\nout:\n" END,
     8, Reg::r2, Reg::r6, false},
};

class EqualValuesTest : public testing::TestWithParam<Row> {};

TEST_P(EqualValuesTest, AreThoseThatAreOnEveryWay) {
  const Row& row = GetParam();
  const sample::Sample sample(row.program);
  const Facts facts = Facts::of(sample.code(), sample.view());
  const EqualValues values = EqualValues::of(sample.code(), facts);
  EXPECT_EQ(values.before(row.node).are_equal(holder_of(row.a), holder_of(row.b)), row.equal);
}

/// Reading the one for the other behind the node is proved just where they are equal.
TEST_P(EqualValuesTest, AreWhatTheSimulationGoesBy) {
  const Row& row = GetParam();
  const sample::Sample sample(row.program);
  const Reg other = row.a == Reg::r6 ? row.b : row.a;
  bpf::Insn insn = sample.code()[row.node].insn;
  ASSERT_EQ(insn.src, Reg::r6);
  insn.src = other;
  Node fresh = replaced(sample.code()[row.node], insn);
  const Code after = sample.code().with({"test", {{row.node, 1, {fresh}}}});
  const Simulated simulated = simulate(sample.code(), after, sample.view(), {});
  EXPECT_EQ(simulated.verdict == Simulated::Verdict::proved, row.equal) << simulated.reason;
}

INSTANTIATE_TEST_SUITE_P(Rows, EqualValuesTest, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(EqualValuesTest, ACounterNeedsNoCopyOfItself) {
  const sample::Sample sample(
      "r4 = 0\nr2 = 0\nr3 = *(u32 *)(r1 + 12)\nagain:\nr5 = r2\nif r3 == 7 goto out\nr4 += r3\n"
      "r5 = 9\nr3 += 1\nr2 += 1\nif r2 != 9 goto again\nout:\nr0 = r5\nr0 += r4\nexit\n");
  Options options;
  options.generators = {copy_generator(), dead_code_generator()};
  const Outcome outcome = optimize(sample.code(), sample.view(), options);
  EXPECT_EQ(outcome.code.slot_count(), sample.code().slot_count() - 2)
      << kernel_text(outcome.code.nodes());
  EXPECT_TRUE(outcome.undone.empty());
}

constexpr const char* counted =
    "r0 = 0\nr2 = 0\nr3 = *(u32 *)(r1 + 12)\nagain:\nr5 = r2\nif r3 == 7 goto out\nr0 += r3\n"
    "r5 = 9\nr3 += 1\nr2 += 1\nif r2 != 9 goto again\nout:\nr2 = r0\nr0 += r2\nr0 += r5\nexit\n";

TEST(SinkTest, WhatEveryExitOfALoopSetsIsSetBehindIt) {
  const sample::Sample sample(counted);
  Options options;
  options.generators = {sinking_generator()};
  const Outcome outcome = optimize(sample.code(), sample.view(), options);
  EXPECT_EQ(kernel_text(outcome.code.nodes()),
            "r0 = 0; r2 = 0; r3 = *(u32 *)(r1 + 12); if r3 == 7 goto @8; r0 += r3; r3 += 1; "
            "r2 += 1; if r2 != 9 goto @3; r5 = r2; r2 = r0; r0 += r2; r0 += r5; exit");
  EXPECT_TRUE(outcome.undone.empty());
}

TEST(SinkTest, WhatOneExitSetsOtherwiseIsNot) {
  std::string text = counted;
  text.replace(text.find("r5 = 9"), 6, "r5 = 8");
  const sample::Sample sample(text);
  Options options;
  options.generators = {sinking_generator()};
  EXPECT_TRUE(optimize(sample.code(), sample.view(), options).applied.empty());
  // Whoever proposes it all the same is refused.
  const Code& code = sample.code();
  const Node set = inserted(sample::nodes_of(code, 3, "r5 = r2")[0].insn);
  const Code wrong = code.with({"test", {{3, 1, {}}, {6, 1, {}}, {10, 1, {set, code[10]}}}});
  EXPECT_NE(simulate(code, wrong, sample.view(), {}).verdict, Simulated::Verdict::proved);
}

TEST(SinkTest, AConstantOfBothWaysIsSetOnce) {
  const sample::Sample sample(
      "r2 = *(u32 *)(r1 + 12)\nif r2 > 9 goto other\nr3 = 5\nr4 = r2\ngoto out\nother:\nr4 = 1\n"
      "r3 = 5\nout:\nr0 = r3\nr0 += r4\nexit\n");
  Options options;
  options.generators = {sinking_generator()};
  const Outcome outcome = optimize(sample.code(), sample.view(), options);
  EXPECT_EQ(outcome.code.slot_count(), sample.code().slot_count() - 1)
      << kernel_text(outcome.code.nodes());
}

TEST(EqualValuesTest, ASpilledValueIsReadFromItsRegister) {
  const sample::Sample sample(
      "r6 = *(u32 *)(r1 + 12)\n*(u64 *)(r10 - 8) = r6\nif r6 == 3 goto out\n" CALL
      "out:\nr1 = *(u64 *)(r10 - 8)\nr0 = r1\nexit\n");
  Options options;
  options.generators = {copy_generator(), dead_code_generator()};
  const Outcome outcome = optimize(sample.code(), sample.view(), options);
  EXPECT_EQ(outcome.code.slot_count(), sample.code().slot_count() - 2)
      << kernel_text(outcome.code.nodes());
}

}  // namespace
}  // namespace probity::opt
