// SPDX-License-Identifier: Apache-2.0
// Bounds checks that earlier ones decide: which are folded, which stay, and that the simulation
// refuses to leave out a check of one byte more than what is made sure of.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "code_sample.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"
#include "opt/simulation.hpp"

namespace probity::opt {
namespace {

#define POINTERS "r6 = r1\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\n"
#define CHECK_34 "r4 = r2\nr4 += 34\nif r4 > r3 goto out\n"
#define OUT "r0 = *(u8 *)(r2 + 0)\nexit\nout:\nr0 = 1\nexit\n"
/// Work that keeps r7 and r8 (start and end) across a call.
#define SAVED "r7 = r2\nr8 = r3\n"
#define RESTORED "r2 = r7\nr3 = r8\n"
#define CLOCK "call bpf_ktime_get_ns#5\n"
#define ADJUST "r1 = r6\nr2 = 0\ncall bpf_xdp_adjust_head#44\n"
/// A place of the packet that a byte of it names; checked up to its eighth byte.
#define VARIABLE                                                           \
  "r5 = *(u8 *)(r2 + 0)\nr5 &= 60\nr2 += r5\nr4 = r2\nr4 += 8\nif r4 > r3" \
  " goto out\n"

struct Row {
  const char* name;
  const char* program;
  unsigned folded;  ///< branches
};

const Row rows[] = {
    {"again", POINTERS CHECK_34 CHECK_34 OUT, 1},
    {"shorter", POINTERS CHECK_34 "r4 = r2\nr4 += 14\nif r4 > r3 goto out\n" OUT, 1},
    {"longer", POINTERS CHECK_34 "r4 = r2\nr4 += 35\nif r4 > r3 goto out\n" OUT, 0},
    {"at_least", POINTERS CHECK_34 "r4 = r2\nr4 += 33\nif r4 >= r3 goto out\n" OUT, 1},
    {"at_least_at_the_end", POINTERS CHECK_34 "r4 = r2\nr4 += 34\nif r4 >= r3 goto out\n" OUT, 0},
    {"swapped", POINTERS CHECK_34 "r4 = r2\nr4 += 34\nif r3 < r4 goto out\n" OUT, 1},
    {"swapped_at_most", POINTERS CHECK_34 "r4 = r2\nr4 += 33\nif r3 <= r4 goto out\n" OUT, 1},
    {"always_less",
     POINTERS CHECK_34 "r4 = r2\nr4 += 33\nif r4 < r3 goto in\nr0 = 3\nexit\nin:\nr0 = 0\n"
                       "exit\n" OUT,
     1},
    {"always_at_most",
     POINTERS CHECK_34 "r4 = r2\nr4 += 34\nif r4 <= r3 goto in\nr0 = 3\nexit\nin:\nr0 = 0\n"
                       "exit\n" OUT,
     1},
    {"behind_a_call", POINTERS SAVED CHECK_34 CLOCK RESTORED CHECK_34 OUT, 1},
    {"longer_behind_a_call",
     POINTERS SAVED CHECK_34 CLOCK RESTORED "r4 = r2\nr4 += 35\nif r4 > r3 goto out\n" OUT, 0},
    {"on_one_way_only",
     POINTERS "r5 = *(u32 *)(r1 + 12)\nif r5 == 0 goto join\n" CHECK_34 "join:\n" CHECK_34 OUT, 0},
    {"on_both_ways",
     POINTERS "r5 = *(u32 *)(r1 + 12)\nif r5 == 0 goto other\n" CHECK_34
              "goto join\nother:\nr4 = r2\nr4 += 40\nif r4 > r3 goto out\njoin:\n" CHECK_34 OUT,
     1},
    // A kernel wants a pointer that is loaded anew checked anew, but a copy will do.
    {"pointer_loaded_anew", POINTERS CHECK_34 "r2 = *(u32 *)(r1 + 0)\n" CHECK_34 OUT, 1},
    {"pointer_lost_and_loaded_anew",
     POINTERS CHECK_34 "r2 = 0\nr4 = 0\nr2 = *(u32 *)(r1 + 0)\n" CHECK_34 OUT, 0},
    {"pointers_loaded_anew_behind_a_call",
     POINTERS SAVED CHECK_34 CLOCK "r2 = *(u32 *)(r6 + 0)\nr3 = *(u32 *)(r6 + 4)\n" CHECK_34 OUT,
     1},
    {"pointers_loaded_anew_behind_a_move",
     POINTERS SAVED CHECK_34 ADJUST "r2 = *(u32 *)(r6 + 0)\nr3 = *(u32 *)(r6 + 4)\n" CHECK_34 OUT,
     0},
    {"pointer_loaded_before_the_check",
     POINTERS "r9 = *(u32 *)(r1 + 0)\n" CHECK_34 "r2 = r9\n" CHECK_34 OUT, 1},
    {"packet_moved",
     POINTERS CHECK_34 ADJUST "r2 = *(u32 *)(r6 + 0)\nr3 = *(u32 *)(r6 + 4)\n" CHECK_34 OUT, 0},
    {"of_32_bits", POINTERS CHECK_34 "r4 = r2\nr4 += 34\nif w4 > w3 goto out\n" OUT, 0},
    {"variable", POINTERS CHECK_34 VARIABLE "r4 = r2\nr4 += 6\nif r4 > r3 goto out\n" OUT, 1},
    {"variable_longer", POINTERS CHECK_34 VARIABLE "r4 = r2\nr4 += 9\nif r4 > r3 goto out\n" OUT,
     0},
    {"variable_behind_a_call",
     POINTERS CHECK_34 VARIABLE SAVED CLOCK RESTORED "r4 = r2\nr4 += 8\nif r4 > r3 goto out\n" OUT,
     1},
    {"variable_longer_behind_a_call",
     POINTERS CHECK_34 VARIABLE SAVED CLOCK RESTORED "r4 = r2\nr4 += 9\nif r4 > r3 goto out\n" OUT,
     0},
    {"variable_that_wraps",
     POINTERS CHECK_34 "r5 = *(u64 *)(r2 + 0)\nr2 += r5\nr4 = r2\nr4 += 8\nif r4 > r3 goto out\n"
                       "r4 = r2\nr4 += 6\nif r4 > r3 goto out\n" OUT,
     0},
    {"variable_that_was_added_again",
     POINTERS CHECK_34 VARIABLE "r2 += r5\nr4 = r2\nr4 += 8\nif r4 > r3 goto out\n" OUT, 0},
};

class BoundsTest : public testing::TestWithParam<Row> {};

TEST_P(BoundsTest, FoldsWhatIsDecided) {
  const sample::Sample sample(GetParam().program);
  Options options;
  options.generators = {available_load_generator(), branch_generator()};
  const Outcome outcome = optimize(sample.code(), sample.view(), options);
  const auto folded = std::ranges::count_if(outcome.applied, [](const Applied& applied) {
    return applied.rule == "branch never taken" || applied.rule == "branch always taken";
  });
  EXPECT_EQ(static_cast<unsigned>(folded), GetParam().folded);
  EXPECT_TRUE(outcome.undone.empty()) << outcome.undone[0].rule << ": " << outcome.undone[0].why;
}

/// A generator that took one byte too many for sure: every branch but the first is left out.
TEST_P(BoundsTest, TheSimulationRefusesWhatIsNotDecided) {
  const sample::Sample sample(GetParam().program);
  const Code& code = sample.code();
  std::uint32_t last = 0, branches = 0;
  for (std::uint32_t at = 0; at < code.size(); ++at) {
    if (bpf::row(code[at].insn.form).meaning != bpf::Meaning::branch) continue;
    last = at;
    ++branches;
  }
  ASSERT_GT(branches, 1u);
  const bool less = std::string(GetParam().name).starts_with("always");
  Change change{"test", {{last, 1, {}}}};
  if (less) {
    Node jump = replaced(code[last], bpf::Insn{.form = bpf::Form::ja});
    jump.target = code[last].target;
    change.splices[0].with = {jump};
  }
  const Simulated simulated = simulate(code, code.with(change), sample.view(), {});
  // What is not proposed because a kernel would not take it is right all the same.
  const bool right =
      GetParam().folded == 1 || std::string(GetParam().name) == "pointer_lost_and_loaded_anew";
  EXPECT_EQ(simulated.verdict == Simulated::Verdict::proved, right) << simulated.reason;
}

INSTANTIATE_TEST_SUITE_P(Checks, BoundsTest, testing::ValuesIn(rows),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace probity::opt
