// SPDX-License-Identifier: Apache-2.0
// Jumps to branches that their own way decides: which go straight to where the branch leads, and
// that the simulation refuses the other destination. And where a jump to an exit becomes one.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "code_sample.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"
#include "opt/simulation.hpp"

namespace probity::opt {
namespace {

#define FIELD "r2 = *(u32 *)(r1 + 12)\nr3 = *(u32 *)(r1 + 16)\n"
#define ENDS "r0 = 1\nexit\ntwo:\nr0 = 2\nexit\n"
/// r4 is 1 on the way that jumps to `join`, the other field on the other one.
#define ONE_WAY(BETWEEN)                                                 \
  FIELD "r4 = 1\nr5 = 0\nif r2 != 7 goto join\nr4 = r3\njoin:\n" BETWEEN \
        "if r4 == 0 goto two"                                            \
        "\n"

struct Row {
  const char* name;
  const char* program;
  bool threads;
};

const Row rows[] = {
    {"at_once", ONE_WAY("") ENDS, true},
    {"past_what_nobody_reads", ONE_WAY("r5 = r3\n") ENDS, true},
    {"past_the_same_constant", ONE_WAY("r5 = 0\n") "r0 = r5\nexit\ntwo:\nr0 = 2\nexit\n", true},
    {"not_past_what_is_read", ONE_WAY("r5 = r3\n") "r0 = r5\nexit\ntwo:\nr0 = 2\nexit\n", false},
    {"not_past_a_store",
     ONE_WAY("*(u32 *)(r10 - 4) = 5\n") "r0 = *(u32 *)(r10 - 4)\nexit\ntwo:\nr0 = 2\nexit\n",
     false},
    {"not_past_a_call", ONE_WAY("r6 = r4\ncall bpf_ktime_get_ns#5\nr4 = r6\n") ENDS, false},
    {"not_decided",
     FIELD "r4 = r3\nif r2 != 7 goto join\nr4 = r2\njoin:\nif r4 == 3 goto two\n" ENDS, false},
    {"by_what_the_branch_said",
     FIELD "if r2 > 9 goto join\nr2 = r3\njoin:\nif r2 > 5 goto two\n" ENDS, true},
    {"by_less_than_the_branch_said",
     FIELD "if r2 > 9 goto join\nr2 = r3\njoin:\nif r2 > 10 goto two\n" ENDS, false},
    {"through_a_jump",
     FIELD "r4 = 1\nif r2 != 7 goto far\nr4 = r3\njoin:\nif r4 == 0 goto two\n" ENDS
           "far:\nr2 = 0\ngoto join\n",
     true},
};

bool is_threading(const Applied& applied) {
  return applied.rule == "jump to a decided branch";
}

class ThreadingTest : public testing::TestWithParam<Row> {};

TEST_P(ThreadingTest, GoesStraightWhereTheWayIsKnown) {
  const sample::Sample sample(GetParam().program);
  Options options;
  options.generators = {branch_generator()};
  const Outcome outcome = optimize(sample.code(), sample.view(), options);
  EXPECT_EQ(std::ranges::any_of(outcome.applied, is_threading), GetParam().threads);
  EXPECT_TRUE(outcome.undone.empty()) << outcome.undone[0].rule << ": " << outcome.undone[0].why;
  EXPECT_LE(outcome.code.slot_count(), sample.code().slot_count());
}

/// Rules that the branches alone make for.
std::vector<std::string> rules_for(const char* program, Goal goal) {
  const sample::Sample sample(program);
  Options options;
  options.aim.goal = goal;
  options.generators = {branch_generator()};
  const Outcome outcome = optimize(sample.code(), sample.view(), options);
  EXPECT_TRUE(outcome.undone.empty());
  std::vector<std::string> rules;
  for (const Applied& applied : outcome.applied) rules.push_back(applied.rule);
  return rules;
}

using Rules = std::vector<std::string>;

/// Both ways leave at one exit: for speed that is the only place where registers are restored.
TEST(ExitTest, IsNotPutBeforeTheFirstForSpeed) {
  const char* const program =
      FIELD "r0 = 1\nif r2 == 7 goto two\nr0 = r3\ngoto out\ntwo:\nr0 = 2\nout:\nexit\n";
  EXPECT_EQ(rules_for(program, Goal::speed), Rules{});
  EXPECT_EQ(rules_for(program, Goal::size), Rules{"jump to an exit"});
}

TEST(ExitTest, BehindTheFirstIsAsGoodAsAJump) {
  const char* const program = FIELD
      "r0 = 1\nif r2 != 7 goto on\nexit\non:\nif r2 == 8 goto two\nr0 = r3\ngoto out\n"
      "two:\nr0 = 2\nout:\nexit\n";
  EXPECT_EQ(rules_for(program, Goal::speed), Rules{"jump to an exit"});
  EXPECT_EQ(rules_for(program, Goal::size), Rules{"jump to an exit"});
}

std::uint32_t jump_to(const Code& code, std::uint32_t target) {
  for (std::uint32_t at = 0; at < code.size(); ++at) {
    if (code[at].target == target) return at;
  }
  return no_node;
}

/// The first jump to `join` led to where the branch leads that it does not take.
TEST(WrongThreadingTest, IsRefused) {
  const sample::Sample sample(ONE_WAY("") ENDS);
  const Code& code = sample.code();
  const std::uint32_t join = 6;
  ASSERT_EQ(bpf::row(code[join].insn.form).meaning, bpf::Meaning::branch);
  const std::uint32_t jump = jump_to(code, join);
  ASSERT_NE(jump, no_node);
  for (const bool right : {true, false}) {
    Node straight = replaced(code[jump], code[jump].insn);
    straight.target = right ? join + 1 : code[join].target;
    const Simulated simulated =
        simulate(code, code.with({"test", {{jump, 1, {straight}}}}), sample.view(), {});
    EXPECT_EQ(simulated.verdict == Simulated::Verdict::proved, right) << simulated.reason;
  }
}

INSTANTIATE_TEST_SUITE_P(Jumps, ThreadingTest, testing::ValuesIn(rows),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace probity::opt
