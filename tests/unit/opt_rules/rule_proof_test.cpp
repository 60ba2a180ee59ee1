// SPDX-License-Identifier: Apache-2.0
// Every rule is proved, and rules that repeat known mistakes of other optimizers are refuted.
#include <gtest/gtest.h>

#include "discharged.hpp"
#include "opt/rule_proof.hpp"

namespace probity::opt {
namespace {

TEST(RuleProof, EveryRuleIsProved) {
  for (const Result& result : discharged(rule_obligations())) {
    EXPECT_EQ(verdict(result), "proved") << result.name;
    EXPECT_GT(result.effort.conclusions, 0u) << result.name << ": its conditions contradict";
  }
}

Result of_row(std::string_view pattern, std::string_view conditions, std::string_view replacement) {
  const auto parsed = parse_rules({"row", "", pattern, conditions, replacement});
  EXPECT_TRUE(parsed.has_value());
  return discharged({obligation_of(parsed->front())}).front();
}

TEST(RuleProof, RegistersThatOnlyReadMayCoincide) {
  EXPECT_EQ(verdict(of_row("*(u8 *)(P + 0) = A; *(u8 *)(Q + 0) = B", "",
                           "*(u8 *)(Q + 0) = B; *(u8 *)(P + 0) = A")),
            "refuted: memory");
  EXPECT_EQ(verdict(of_row("*(u8 *)(P + 0) = A; *(u8 *)(P + 1) = B", "",
                           "*(u8 *)(P + 1) = B; *(u8 *)(P + 0) = A")),
            "proved");
}

TEST(RuleProof, FieldsThatWrapAreNotTaken) {
  // o + 1 wraps in 16 bits for o = 32767: there is no such insn.
  EXPECT_EQ(verdict(of_row("A = *(u8 *)(P + o + 1)", "", "A = *(u8 *)(P + o + 1)")), "proved");
  EXPECT_EQ(verdict(of_row("A += i", "", "A += i + 1")).substr(0, 7), "refuted");
}

// What a superoptimizer got wrong, as rules: the proof refuses each one.
TEST(RuleProof, NarrowedLoadIsRefuted) {
  EXPECT_EQ(verdict(of_row("A = *(u32 *)(P + o)", "", "A = *(u8 *)(P + o)")), "refuted: A");
}

TEST(RuleProof, SignedDivisionForUnsignedIsRefuted) {
  EXPECT_EQ(verdict(of_row("A /= 2", "", "A s>>= 1")), "refuted: A");
  EXPECT_EQ(verdict(of_row("A = -8; A /= 2; A >>= 32", "", "wA = -1")), "refuted: A");
  EXPECT_EQ(verdict(of_row("A = -8; A /= 2; A >>= 32", "", "A = 0x7fffffff")), "proved");
}

TEST(RuleProof, DivisionIsNoNoOp) {
  EXPECT_EQ(verdict(of_row("A = -8; A /= 2", "", "A = -8")), "refuted: A");
}

}  // namespace
}  // namespace probity::opt
