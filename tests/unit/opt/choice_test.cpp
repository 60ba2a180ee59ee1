// SPDX-License-Identifier: Apache-2.0
// Generators that look at more than one block: what they propose is proved, and is what it says.
#include <gtest/gtest.h>

#include "code_sample.hpp"
#include "opt/code_text.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"

namespace probity::opt {
namespace {

Outcome improve(const sample::Sample& sample, Generator generator) {
  Options options;
  options.generators = {std::move(generator)};
  return optimize(sample.code(), sample.view(), options);
}

constexpr const char* lookup =
    "r1 = map[0] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\nr0 = 0\nexit\n";

TEST(ChoiceStoreTest, TwoConstantsAreStoredWhereTheyAreChosen) {
  const std::string text = std::string(
                               "r3 = *(u32 *)(r1 + 12)\nr2 = 1\nif r3 != 0 goto with\nr2 = 0\n"
                               "with:\n*(u32 *)(r10 - 4) = r2\n") +
                           lookup;
  const sample::Sample sample(text);
  const Outcome outcome = improve(sample, choice_store_generator());
  EXPECT_TRUE(outcome.undone.empty());
  EXPECT_EQ(outcome.code.slot_count(), sample.code().slot_count() - 1);
  EXPECT_EQ(kernel_text(outcome.code.nodes().subspan(1, 3)),
            "*(u32 *)(r10 - 4) = 1; if r3 != 0 goto @4; *(u32 *)(r10 - 4) = 0");
}

TEST(ChoiceStoreTest, AValueThatIsReadLaterStays) {
  const std::string text = std::string(
                               "r3 = *(u32 *)(r1 + 12)\nr6 = 1\nif r3 != 0 goto with\nr6 = 0\n"
                               "with:\n*(u32 *)(r10 - 4) = r6\n*(u32 *)(r10 - 8) = r6\n") +
                           lookup;
  const sample::Sample sample(text);
  EXPECT_TRUE(improve(sample, choice_store_generator()).applied.empty());
}

TEST(EarlyExitTest, AnAnswerAtHandIsReturned) {
  const sample::Sample sample(
      "r6 = 1\nr2 = *(u32 *)(r1 + 12)\nif r2 == 0 goto out\ncall bpf_ktime_get_ns#5\nr6 = r0\n"
      "out:\nr0 = r6\nexit\n");
  const Outcome outcome = improve(sample, early_exit_generator());
  EXPECT_TRUE(outcome.undone.empty());
  EXPECT_EQ(outcome.code.slot_count(), sample.code().slot_count());
  EXPECT_EQ(outcome.code[4].insn.form, bpf::Form::exit);
  Options options;
  options.generators = standard_generators();
  EXPECT_LT(optimize(sample.code(), sample.view(), options).code.slot_count(),
            sample.code().slot_count());
}

TEST(EarlyExitTest, AnotherRegisterIsNotReturned) {
  const sample::Sample sample(
      "r6 = 1\nr2 = *(u32 *)(r1 + 12)\nif r2 == 0 goto out\ncall bpf_ktime_get_ns#5\nr7 = r0\n"
      "out:\nr0 = r6\nexit\n");
  EXPECT_TRUE(improve(sample, early_exit_generator()).applied.empty());
}

}  // namespace
}  // namespace probity::opt
