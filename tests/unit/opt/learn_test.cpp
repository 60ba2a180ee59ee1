// SPDX-License-Identifier: Apache-2.0
// Rules that a search learns: what is general of rewrites, and that nothing that is not proved is
// applied.
#include <gtest/gtest.h>

#include "code_sample.hpp"
#include "opt/learnt_rules.hpp"
#include "opt/optimize.hpp"
#include "opt/search/generalise.hpp"
#include "opt/simulation.hpp"

namespace probity::opt::search {
namespace {

using bpf::Form;
using bpf::Reg;

const solver::Options few_conflicts{{10'000, 2'000'000, 3'000}, solver::External::none};
const proof::Options quick = [] {
  proof::Options options;
  options.solver = few_conflicts;
  options.workers = 1;
  return options;
}();

bool never() {
  return false;
}

/// r0 and three constants.
Found sums(std::int32_t first, std::int32_t second, std::int32_t both) {
  Found found;
  found.problem.insns = {{Form::add64_imm, Reg::r0, Reg::r0, 0, first, 0},
                         {Form::add64_imm, Reg::r0, Reg::r0, 0, second, 0}};
  found.problem.inputs = {Width::bits64};
  found.problem.input_is_dead = {true};
  found.rewrite = {{Form::add64_imm, Reg::r0, Reg::r0, 0, both, 0}};
  found.places = 1;
  return found;
}

/// r0 shifted twice, and what a search makes of it.
Found shifts(std::int32_t first, std::int32_t second, std::int32_t both) {
  Found found;
  found.problem.insns = {{Form::lsh64_imm, Reg::r0, Reg::r0, 0, first, 0},
                         {Form::lsh64_imm, Reg::r0, Reg::r0, 0, second, 0}};
  found.problem.inputs = {Width::bits64};
  found.problem.input_is_dead = {true};
  found.rewrite = {{Form::lsh64_imm, Reg::r0, Reg::r0, 0, both, 0}};
  found.places = 1;
  return found;
}

TEST(GeneraliseTest, TwoRewritesOfOneShapeAreOneRule) {
  const std::vector<Found> found = {sums(3, 4, 7), sums(100, -22, 78)};
  const Lesson lesson = generalise(found, quick, never);
  ASSERT_EQ(lesson.rules.size(), 1u);
  EXPECT_TRUE(lesson.not_general.empty());
  const Learnt& learnt = lesson.rules.front();
  EXPECT_EQ(learnt.row.pattern, "A += i; A += j");
  EXPECT_EQ(learnt.row.replacement, "A += i + j");
  EXPECT_EQ(learnt.row.conditions, "");
  EXPECT_EQ(learnt.rewrites, 2u);
  EXPECT_EQ(learnt.places, 2u);
}

TEST(GeneraliseTest, OneRewriteIsGuessedFrom) {
  const Found found = sums(100, 23, 123);
  const Lesson lesson = generalise({&found, 1}, quick, never);
  ASSERT_EQ(lesson.rules.size(), 1u);
  EXPECT_EQ(lesson.rules.front().row.replacement, "A += i + j");
}

TEST(GeneraliseTest, ShiftCountsThatAreEqualAreEachOfTheirWidth) {
  Found found = shifts(40, 40, 0);
  found.problem.insns[1].form = Form::rsh64_imm;
  found.rewrite = {{Form::and64_imm, Reg::r0, Reg::r0, 0, 0xffffff, 0}};
  const Lesson lesson = generalise({&found, 1}, quick, never);
  ASSERT_EQ(lesson.rules.size(), 1u);
  const Learnt& learnt = lesson.rules.front();
  EXPECT_EQ(learnt.row.pattern, "A <<= i; A >>= i");
  EXPECT_EQ(learnt.row.conditions, "each(i, 1, 63)");
  EXPECT_EQ(learnt.row.replacement, "A &= (1 << 64 - i) - 1");
  EXPECT_GT(learnt.tried, 0u);  // without the condition it is none
}

TEST(GeneraliseTest, OtherRegistersAreTheSameRule) {
  Found found;
  found.problem.insns = {{Form::add64_imm, Reg::r1, Reg::r0, 0, 5, 0},
                         {Form::mov64_reg, Reg::r0, Reg::r1, 0, 0, 0},
                         {Form::add64_imm, Reg::r0, Reg::r0, 0, 6, 0}};
  found.problem.inputs = {Width::bits64, Width::bits64};
  found.problem.input_is_dead = {true, true};
  found.rewrite = {{Form::mov64_reg, Reg::r0, Reg::r1, 0, 0, 0},
                   {Form::add64_imm, Reg::r0, Reg::r0, 0, 11, 0}};
  found.places = 1;
  Found other = found;
  for (Insns* insns : {&other.problem.insns, &other.rewrite}) {
    for (bpf::Insn& insn : *insns) {
      insn.dst = insn.dst == Reg::r0 ? Reg::r1 : Reg::r0;
      insn.src = insn.src == Reg::r1 ? Reg::r0 : insn.src;
    }
  }
  other.problem.output = Reg::r1;
  const std::vector<Found> both = {found, other};
  const Lesson lesson = generalise(both, quick, never);
  ASSERT_EQ(lesson.rules.size(), 1u);
  EXPECT_EQ(lesson.rules.front().rewrites, 2u);
  EXPECT_EQ(lesson.rules.front().row.pattern, "A += i; B = A; B += j");
}

TEST(GeneraliseTest, AConstantThatMattersStays) {
  // Only 32 and 32 make a move of the low half.
  Found found = shifts(32, 32, 0);
  found.problem.insns[1].form = Form::rsh64_imm;
  found.rewrite = {{Form::mov32_reg, Reg::r0, Reg::r0, 0, 0, 0}};
  const Lesson lesson = generalise({&found, 1}, quick, never);
  ASSERT_EQ(lesson.rules.size(), 1u);
  EXPECT_EQ(lesson.rules.front().row.pattern, "A <<= 0x20; A >>= 0x20");
  EXPECT_EQ(lesson.rules.front().row.replacement, "wA = wA");
}

TEST(GeneraliseTest, WhatIsWrongIsNoRule) {
  const Found wrong = shifts(3, 4, 8);
  const Lesson lesson = generalise({&wrong, 1}, quick, never);
  EXPECT_TRUE(lesson.rules.empty());
  EXPECT_EQ(lesson.not_general.size(), 1u);
}

TEST(GeneraliseTest, RegistersThatChangeMustBeDead) {
  Found found;
  found.problem.insns = {{Form::mov64_reg, Reg::r2, Reg::r0, 0, 0, 0},
                         {Form::xor64_reg, Reg::r2, Reg::r0, 0, 0, 0},
                         {Form::mov64_reg, Reg::r1, Reg::r2, 0, 0, 0}};
  found.problem.inputs = {Width::bits64};
  found.problem.input_is_dead = {false};
  found.problem.output = Reg::r1;
  found.problem.temporaries = 1;
  found.rewrite = {{Form::mov64_imm, Reg::r1, Reg::r0, 0, 0, 0}};
  const Lesson lesson = generalise({&found, 1}, quick, never);
  ASSERT_EQ(lesson.rules.size(), 1u);
  EXPECT_EQ(lesson.rules.front().row.conditions, "dead(A)");
}

struct BadRow {
  LearntRow row;
  const char* why;
};

TEST(ProveRowTest, RefusesByName) {
  const BadRow bad[] = {
      {{"planted", "A <<= i; A <<= j", "", "A <<= i + j"}, "not proved"},
      {{"planted", "A += i; A += j", "", "A += i - j"}, "not proved"},
      {{"planted", "A *= B", "", "A += B"}, "not proved"},
      {{"planted", "A = *(u8 *)(B + o)", "", "A = 0"}, "only computations"},
      {{"planted", "call #5", "", ""}, "rule 'planted'"},
      {{"planted", "exit", "", ""}, "rule 'planted'"},
      {{"planted", "if A == 0 goto L", "", ""}, "only computations"},
      {{"planted", "A += i", "", "B += i"}, "register that the pattern has not"},
      {{"planted", "A += i", "each(k, 0, 1000000)", "A += i"}, "cases"},
      {{"planted", "A += i", "each(k, 0, 40), each(l, 0, 40)", "A += i"}, "cases"},
      {{"planted", "A += i", "dead( ,)", "A += i"}, "rule 'planted'"},
      {{"planted", "A += i", "each(A, 0, 4)", "A += i"}, "small letter"},
      {{"planted", "", "", ""}, "no pattern"},
      {{"planted", std::string(600, 'x'), "", ""}, "characters"},
      {{"", "A += i", "", "A += i"}, "no name"},
  };
  for (const BadRow& one : bad) {
    const auto rule = prove_row(one.row, quick);
    ASSERT_FALSE(rule) << one.row.pattern;
    EXPECT_EQ(rule.error().fault(), Fault::bad_input);
    const std::string line(rule.error().line());
    EXPECT_NE(line.find(one.why), std::string::npos) << line;
    EXPECT_NE(line.find("rule '" + one.row.name + "'"), std::string::npos) << line;
  }
}

TEST(ProveRowTest, ARefusalHasTheCounterexample) {
  const auto rule = prove_row({"planted", "A ^= i", "", "A |= i"}, quick);
  ASSERT_FALSE(rule);
  const std::string line(rule.error().line());
  EXPECT_NE(line.find("A differs for A = 0x"), std::string::npos) << line;
}

constexpr const char* text =
    "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 34\n"
    "if r4 > r3 goto out\nr0 = *(u64 *)(r2 + 0)\n"
    "r0 ^= 77\nr0 ^= -1\nr0 *= 3\nr0 <<= 1\nexit\nout:\nr0 = 2\nexit\n";

Outcome optimized(const sample::Sample& sample, const std::vector<LearntRow>& rows) {
  std::vector<Rule> rules;
  for (const LearntRow& row : rows) {
    auto rule = prove_row(row, quick);
    EXPECT_TRUE(rule) << rule.error().line();
    if (rule) rules.push_back(*std::move(rule));
  }
  Options options;
  options.solver = few_conflicts;
  options.generators = {learnt_generator(std::move(rules))};
  return optimize(sample.code(), sample.view(), options);
}

TEST(LearntGeneratorTest, AppliesWhatWasProved) {
  const sample::Sample sample(text);
  const Outcome outcome = optimized(sample, {{"xor_xor", "A ^= i; A ^= j", "", "A ^= i ^ j"},
                                             {"times_shift", "A *= 3; A <<= 1", "", "A *= 6"}});
  EXPECT_EQ(outcome.code.slot_count(), sample.code().slot_count() - 2);
  EXPECT_TRUE(outcome.undone.empty());
  EXPECT_EQ(simulate(sample.code(), outcome.code, sample.view(), {}).verdict,
            Simulated::Verdict::proved);
}

TEST(LearntGeneratorTest, MakesNoShiftThatAKernelRefuses) {
  const sample::Sample sample(text);
  // True, since shift counts are masked, but not to be loaded.
  const Outcome outcome = optimized(sample, {{"masked", "A <<= i", "", "A <<= i + 64"}});
  EXPECT_EQ(outcome.code.slot_count(), sample.code().slot_count());
  EXPECT_TRUE(outcome.applied.empty());
}

}  // namespace
}  // namespace probity::opt::search
