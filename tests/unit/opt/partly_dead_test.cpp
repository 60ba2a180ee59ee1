// SPDX-License-Identifier: Apache-2.0
// What only one way of a branch needs: what goes there, and what stays where it is.
#include <gtest/gtest.h>

#include <string>

#include "code_sample.hpp"
#include "opt/code_text.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"

namespace probity::opt {
namespace {

constexpr const char* lookup = "r1 = map[0] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\n";

struct Row {
  const char* name;
  std::string program;
  std::string starts;  ///< what the code begins with; empty: it stays as it is
};

const Row rows[] = {
    {"the_key_of_a_lookup",
     std::string("r3 = *(u32 *)(r1 + 12)\nr4 = 0\n*(u32 *)(r10 - 4) = r4\nif r3 == 0 goto out\n") +
         lookup + "out:\nr0 = 1\nexit\n",
     "r3 = *(u32 *)(r1 + 12); if r3 == 0 goto @8; r4 = 0; *(u32 *)(r10 - 4) = r4; r1 = map[0] ll"},
    {"to_the_target",
     std::string("r3 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = 7\nif r3 == 0 goto look\nr0 = 1\n"
                 "exit\nlook:\n") +
         lookup + "r0 = 1\nexit\n",
     "r3 = *(u32 *)(r1 + 12); if r3 == 0 goto @4; r0 = 1; exit; *(u32 *)(r10 - 4) = 7; "
     "r1 = map[0] ll"},
    {"in_their_order",
     std::string("r3 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = 7\n*(u8 *)(r10 - 4) = r3\n"
                 "if r3 == 0 goto out\n") +
         lookup + "out:\nr0 = 1\nexit\n",
     "r3 = *(u32 *)(r1 + 12); if r3 == 0 goto @8; *(u32 *)(r10 - 4) = 7; *(u8 *)(r10 - 4) = r3; "
     "r1 = map[0] ll"},
    {"both_ways_need_it",
     std::string("r3 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = 7\nif r3 == 0 goto out\n") + lookup +
         "out:\nr0 = *(u32 *)(r10 - 4)\nexit\n",
     ""},
    {"several_ways_lead_there",
     std::string("r3 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = 7\nif r3 == 0 goto look\n"
                 "*(u32 *)(r10 - 4) = 8\nlook:\n") +
         lookup + "r0 = 1\nexit\n",
     ""},
    {"it_is_read_before_the_branch",
     std::string("*(u32 *)(r10 - 4) = 7\nr3 = *(u8 *)(r10 - 4)\nif r3 == 0 goto out\n") + lookup +
         "out:\nr0 = 1\nexit\n",
     ""},
    {"its_register_changes_before_the_branch",
     std::string("r3 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = r3\nr3 = *(u32 *)(r1 + 16)\n"
                 "if r3 == 0 goto out\n") +
         lookup + "out:\nr0 = 1\nexit\n",
     ""},
    {"a_call_stands_between",
     std::string("*(u32 *)(r10 - 4) = 7\ncall bpf_ktime_get_ns#5\nif r0 == 0 goto out\n") + lookup +
         "out:\nr0 = 1\nexit\n",
     ""},
    {"a_value_alone",
     "r3 = *(u32 *)(r1 + 12)\nr4 = r3\nr4 += 5\nr0 = 1\nif r3 == 0 goto out\nr0 = r4\nout:\nexit\n",
     ""},
    {"a_map_value_is_everybodys",
     "r2 = map[1][0] ll\nr3 = *(u32 *)(r1 + 12)\n*(u32 *)(r2 + 0) = 7\nif r3 == 0 goto out\n"
     "r4 = *(u32 *)(r2 + 0)\nout:\nr0 = 1\nexit\n",
     ""},
};

Outcome improved(const sample::Sample& sample, Goal goal) {
  Options options;
  options.aim.goal = goal;
  options.generators = {partly_dead_generator()};
  return optimize(sample.code(), sample.view(), options);
}

class PartlyDead : public testing::TestWithParam<Row> {};

TEST_P(PartlyDead, GoesWhereItIsNeeded) {
  const sample::Sample sample(GetParam().program);
  const Outcome outcome = improved(sample, Goal::speed);
  EXPECT_TRUE(outcome.undone.empty());
  EXPECT_EQ(outcome.applied.empty(), GetParam().starts.empty());
  EXPECT_TRUE(kernel_text(outcome.code.nodes()).starts_with(GetParam().starts))
      << kernel_text(outcome.code.nodes());
  EXPECT_EQ(outcome.code.slot_count(), sample.code().slot_count());
}

TEST_P(PartlyDead, StaysForSize) {
  const sample::Sample sample(GetParam().program);
  EXPECT_TRUE(improved(sample, Goal::size).applied.empty());
}
INSTANTIATE_TEST_SUITE_P(Rows, PartlyDead, testing::ValuesIn(rows),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace probity::opt
