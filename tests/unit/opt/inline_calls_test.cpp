// SPDX-License-Identifier: Apache-2.0
// Which functions go into their callers, which stay and why, and how often their insns are run
// there.
#include "opt/inline_calls.hpp"

#include <gtest/gtest.h>

#include "code_sample.hpp"
#include "opt/code_text.hpp"

namespace probity::opt {
namespace {

constexpr const char* one_call = "r1 = 3\ncall f\nexit\nf:\nr0 = r1\nexit\n";
constexpr const char* two_calls =
    "r6 = *(u32 *)(r1 + 12)\nr1 = 3\ncall f\nif r6 == 0 goto out\nr1 = 4\ncall f\nout:\nexit\n"
    "f:\nr0 = r1\nr0 += 1\nr0 *= 5\nexit\n";
constexpr const char* a_chain =
    "call f\nr0 += 1\nexit\nf:\ncall g\nr0 += 2\nexit\ng:\nr0 = 4\nexit\n";

InlineOptions options_for(std::size_t functions, Goal goal) {
  InlineOptions options;
  options.goal = goal;
  options.functions.assign(functions, {true, 1});
  return options;
}

InlineOutcome inlined(const sample::Sample& sample, const InlineOptions& options) {
  return inline_calls(sample.code(), sample.view(), options, structural_weights(sample.code()));
}

TEST(InlineCalls, WhatIsCalledOnceGoesForSize) {
  const sample::Sample sample(one_call);
  const InlineOutcome outcome = inlined(sample, options_for(2, Goal::size));
  EXPECT_EQ(kernel_text(outcome.code.nodes()), "r1 = 3; r0 = r1; exit");
  ASSERT_EQ(outcome.applied.size(), 1u);
  EXPECT_EQ(outcome.applied[0].rule, "inline");
  EXPECT_EQ(outcome.applied[0].old_slot, 1u);
  EXPECT_GT(outcome.obligations, 0u);
}

TEST(InlineCalls, WhatIsCalledTwiceGoesForSpeedOnly) {
  const sample::Sample sample(two_calls);
  EXPECT_TRUE(inlined(sample, options_for(2, Goal::size)).applied.empty());
  const InlineOutcome fast = inlined(sample, options_for(2, Goal::speed));
  EXPECT_EQ(fast.applied.size(), 2u);
  EXPECT_EQ(fast.code.subprog_starts().size(), 2u);  // one subprogram, and the end
}

TEST(InlineCalls, ACalleeOfACalleeGoesToo) {
  const sample::Sample sample(a_chain);
  const InlineOutcome outcome = inlined(sample, options_for(3, Goal::size));
  EXPECT_EQ(kernel_text(outcome.code.nodes()), "r0 = 4; r0 += 2; r0 += 1; exit");
  EXPECT_EQ(outcome.applied.size(), 2u);
}

TEST(InlineCalls, WhatMayNotGoStays) {
  const sample::Sample sample(one_call);
  InlineOptions global = options_for(2, Goal::speed);
  global.functions[1].may_go = false;
  EXPECT_EQ(inlined(sample, global).code, sample.code());
  for (const std::uint32_t frozen : {0u, 1u}) {
    InlineOptions kept = options_for(2, Goal::speed);
    kept.frozen = {frozen};
    EXPECT_EQ(inlined(sample, kept).code, sample.code()) << frozen;
  }
}

TEST(InlineCalls, CodeThatNamesFunctionsStaysInItsSection) {
  const sample::Sample sample(a_chain);
  InlineOptions options = options_for(3, Goal::size);
  options.functions[0].section = 2;
  options.functions[2].may_go = false;
  EXPECT_TRUE(inlined(sample, options).applied.empty());
  options.functions[0].section = 1;
  EXPECT_EQ(inlined(sample, options).applied.size(), 1u);
}

TEST(InlineCalls, AnObjectionUndoesIt) {
  const sample::Sample sample(one_call);
  InlineOptions options = options_for(2, Goal::size);
  options.objection = [](const Code&) { return std::string("the kernel says no"); };
  const InlineOutcome outcome = inlined(sample, options);
  EXPECT_EQ(outcome.code, sample.code());
  ASSERT_EQ(outcome.undone.size(), 1u);
  EXPECT_EQ(outcome.undone[0].why, "the kernel says no");
}

TEST(InlineCalls, EachCallHasItsShareOfTheRuns) {
  const sample::Sample sample(two_calls);
  Weights profile(sample.code().old_slot_count(), 10);  // ten packets
  const auto weigh = [&](std::uint32_t first, std::uint32_t end, double weight) {
    for (std::uint32_t slot = first; slot < end; ++slot) profile[slot] = weight;
  };
  weigh(4, 6, 2);    // of which two get to the second call
  weigh(7, 11, 12);  // so that the function runs twelve times
  const InlineOutcome outcome =
      inline_calls(sample.code(), sample.view(), options_for(2, Goal::speed), profile);
  ASSERT_EQ(outcome.applied.size(), 2u);
  const Weights expected{10, 10, 10, 10, 10, 10, 2, 2, 2, 2, 10};
  ASSERT_EQ(outcome.weights.size(), expected.size());
  for (std::size_t slot = 0; slot < expected.size(); ++slot)
    EXPECT_NEAR(outcome.weights[slot], expected[slot], 1e-9) << slot;
}

}  // namespace
}  // namespace probity::opt
