// SPDX-License-Identifier: Apache-2.0
// Comparisons of two registers that were made before: which are folded, and that the simulation
// refuses to leave out what is not decided.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "code_sample.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"
#include "opt/simulation.hpp"

namespace probity::opt {
namespace {

/// Full words, of which no bound is known.
#define CALL "call bpf_ktime_get_ns#5\n"
#define WORDS CALL "r6 = r0\n" CALL "r7 = r0\n"
#define ENDS "r0 = 1\nexit\nout:\nr0 = 2\nexit\n"

struct Row {
  const char* name;
  const char* program;
  unsigned folded;  ///< branches
};

const Row rows[] = {
    {"again", WORDS "if r6 > r7 goto out\nif r6 > r7 goto out\n" ENDS, 1},
    {"again_behind_a_call", WORDS "if r6 > r7 goto out\n" CALL "if r6 > r7 goto out\n" ENDS, 1},
    {"exchanged", WORDS "if r6 > r7 goto out\n" CALL "if r7 < r6 goto out\n" ENDS, 1},
    {"weaker", WORDS "if r6 >= r7 goto out\n" CALL "if r6 > r7 goto out\n" ENDS, 1},
    {"stronger", WORDS "if r6 > r7 goto out\n" CALL "if r6 >= r7 goto out\n" ENDS, 0},
    {"less_is_not_equal", WORDS "if r6 >= r7 goto out\n" CALL "if r6 == r7 goto out\n" ENDS, 1},
    {"equal_is_not_less",
     WORDS "if r6 == r7 goto on\ngoto out\non:\n" CALL "if r6 s< r7 goto out\n" ENDS, 1},
    {"signed_is_another_matter", WORDS "if r6 > r7 goto out\n" CALL "if r6 s> r7 goto out\n" ENDS,
     0},
    {"lower_halves_are_another_matter",
     WORDS "if r6 > r7 goto out\n" CALL "if w6 > w7 goto out\n" ENDS, 0},
    {"lower_halves_differ", WORDS "if w6 == w7 goto out\n" CALL "if r6 == r7 goto out\n" ENDS, 1},
    {"words_differ", WORDS "if r6 == r7 goto out\n" CALL "if w6 == w7 goto out\n" ENDS, 0},
    {"of_a_copy", WORDS "r8 = r6\nif r6 > r7 goto out\nr6 = 5\n" CALL "if r8 > r7 goto out\n" ENDS,
     1},
    {"of_a_spill",
     WORDS "*(u64 *)(r10 - 8) = r6\nif r6 > r7 goto out\nr6 = 5\n" CALL
           "r8 = *(u64 *)(r10 - 8)\nif r8 > r7 goto out\n" ENDS,
     1},
    {"of_a_spill_overwritten",
     WORDS "*(u64 *)(r10 - 8) = r6\nif r6 > r7 goto out\nr6 = 5\n" CALL "*(u64 *)(r10 - 8) = r0\n"
           "r8 = *(u64 *)(r10 - 8)\nif r8 > r7 goto out\n" ENDS,
     0},
    {"overwritten", WORDS "if r6 > r7 goto out\n" CALL "r6 = r0\nif r6 > r7 goto out\n" ENDS, 0},
    {"increased", WORDS "if r6 > r7 goto out\nr6 += 1\n" CALL "if r6 > r7 goto out\n" ENDS, 0},
    {"on_both_ways",
     WORDS CALL "if r0 == 0 goto other\nif r6 > r7 goto out\ngoto join\nother:\nif r6 >= r7 goto "
                "out\njoin:\n" CALL "if r6 > r7 goto out\n" ENDS,
     1},
    {"on_one_way",
     WORDS CALL "if r0 == 0 goto join\nif r6 > r7 goto out\njoin:\n" CALL
                "if r6 > r7 goto out\n" ENDS,
     0},
};

class OrdersTest : public testing::TestWithParam<Row> {};

TEST_P(OrdersTest, FoldsWhatIsDecided) {
  const sample::Sample sample(GetParam().program);
  Options options;
  options.generators = {branch_generator()};
  const Outcome outcome = optimize(sample.code(), sample.view(), options);
  const auto folded = std::ranges::count_if(outcome.applied, [](const Applied& applied) {
    return applied.rule == "branch never taken" || applied.rule == "branch always taken";
  });
  EXPECT_EQ(static_cast<unsigned>(folded), GetParam().folded);
  EXPECT_TRUE(outcome.undone.empty()) << outcome.undone[0].rule << ": " << outcome.undone[0].why;
}

/// As by a generator that took the last branch for decided.
TEST_P(OrdersTest, TheSimulationRefusesWhatIsNotDecided) {
  const sample::Sample sample(GetParam().program);
  const Code& code = sample.code();
  std::uint32_t last = no_node;
  for (std::uint32_t at = 0; at < code.size(); ++at) {
    if (bpf::row(code[at].insn.form).meaning == bpf::Meaning::branch) last = at;
  }
  ASSERT_NE(last, no_node);
  const Simulated simulated =
      simulate(code, code.with({"test", {{last, 1, {}}}}), sample.view(), {});
  EXPECT_EQ(simulated.verdict == Simulated::Verdict::proved, GetParam().folded == 1)
      << simulated.reason;
}

INSTANTIATE_TEST_SUITE_P(Comparisons, OrdersTest, testing::ValuesIn(rows),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace probity::opt
