// SPDX-License-Identifier: Apache-2.0
// Which helper calls are left to the runtime: those that call back, unknown numbers, and those
// behind which a program reads an argument register that a call destroys.
#include "runtime/assist_plan.hpp"

#include <gtest/gtest.h>

#include "program_text.hpp"
#include "runtime/translation.hpp"

namespace probity::runtime {
namespace {

std::vector<std::uint32_t> planned(std::string_view text) {
  ProgramText program(text);
  const LinkedProgram linked{&program.view(), {}};
  const auto plans = plan_assists({&linked, 1}).value();
  std::vector<std::uint32_t> slots;
  for (std::uint32_t slot = 0; slot < plans.front().size(); ++slot) {
    if (plans.front()[slot] != 0) slots.push_back(slot);
  }
  return slots;
}

using Slots = std::vector<std::uint32_t>;

TEST(AssistPlan, OrdinaryCallsAreTranslated) {
  EXPECT_EQ(planned("call bpf_ktime_get_ns#5\ncall bpf_get_prandom_u32#7\nexit\n"), Slots{});
}

TEST(AssistPlan, AnArgumentReadBehindACallIsKept) {
  EXPECT_EQ(planned("call bpf_ktime_get_ns#5\nr0 = r1\nexit\n"), Slots{0});
  EXPECT_EQ(planned("call bpf_ktime_get_ns#5\nr1 = 2\nr0 = r1\nexit\n"), Slots{});
  // Both calls come before the read.
  EXPECT_EQ(planned("call bpf_ktime_get_ns#5\ncall bpf_ktime_get_ns#5\nr0 = r3\nexit\n"),
            (Slots{0, 1}));
}

TEST(AssistPlan, JumpsAndLoopsAreFollowed) {
  EXPECT_EQ(planned("call bpf_ktime_get_ns#5\nif r0 == 7 goto +1\nexit\nr0 = r5\nexit\n"),
            Slots{0});
  // r2 is read on the way back.
  EXPECT_EQ(planned("r2 = 1\nr0 += r2\ncall bpf_ktime_get_ns#5\nif r0 > 7 goto -3\nexit\n"),
            Slots{2});
}

TEST(AssistPlan, LocalFunctionsPassRegistersOn) {
  // The callee reads r4, which the helper before it destroys.
  EXPECT_EQ(planned("call bpf_ktime_get_ns#5\ncall +1\nexit\nr0 = r4\nexit\n"), Slots{0});
  // The caller reads r4 behind a callee that calls a helper.
  EXPECT_EQ(planned("call +2\nr0 = r4\nexit\ncall bpf_ktime_get_ns#5\nexit\n"), Slots{3});
}

TEST(AssistPlan, ArgumentsOfTheNextHelperAreRead) {
  // bpf_map_lookup_elem reads r1 and r2.
  EXPECT_EQ(planned("call bpf_ktime_get_ns#5\nr1 = 0\nr2 = 0\ncall bpf_map_lookup_elem#1\nexit\n"),
            Slots{});
  EXPECT_EQ(planned("call bpf_ktime_get_ns#5\nr1 = 0\ncall bpf_map_lookup_elem#1\nexit\n"),
            Slots{0});
}

TEST(AssistPlan, CallbacksAndSpecCallsAreLeft) {
  EXPECT_EQ(planned("call bpf_loop#181\nexit\n"), Slots{0});
  EXPECT_EQ(planned("call bpf_for_each_map_elem#164\nexit\n"), Slots{0});
  EXPECT_EQ(planned("call 0x5be00001\nexit\n"), Slots{0});
}

TEST(AssistPlan, ATailTargetReadsItsCallersRegisters) {
  ProgramText caller(
      "call bpf_ktime_get_ns#5\nr1 = r6\nr2 = 0\nr3 = 0\ncall bpf_tail_call#12\nexit\n");
  ProgramText target("r0 = r4\nexit\n");
  const LinkedProgram both[] = {{&caller.view(), {}}, {&target.view(), {}}};
  const auto plans = plan_assists(both).value();
  EXPECT_EQ(plans[0][0], 1);
}

TEST(AssistPlan, WritesOfTheFramePointerAreRefused) {
  for (const std::string_view text :
       {"r10 = 0\nexit\n", "r10 += 8\nexit\n", "r10 = *(u64 *)(r1 + 0)\nexit\n",
        "r10 = 1 ll\nexit\n", "r0 = 0\nr10 = be64 r10\nexit\n",
        "r10 = atomic64_fetch_add((u64 *)(r1 + 0), r10)\nexit\n"}) {
    ProgramText program(text);
    const LinkedProgram linked{&program.view(), {}};
    Translation translation;
    const auto made = translation.make({&linked, 1}, {});
    ASSERT_FALSE(made) << text;
    EXPECT_NE(made.error().line().find("writes r10"), std::string_view::npos) << text;
  }
}

}  // namespace
}  // namespace probity::runtime
