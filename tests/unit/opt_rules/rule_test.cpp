// SPDX-License-Identifier: Apache-2.0
// The table and its parser: every row is read, what is wrong with a row is said, and parameters
// make one rule for each combination.
#include "opt/rule.hpp"

#include <gtest/gtest.h>

#include <set>

#include "domain/concrete.hpp"

namespace probity::opt {
namespace {

RuleRow row(std::string_view pattern, std::string_view conditions, std::string_view replacement,
            std::string_view parameters = "") {
  return {"row", parameters, pattern, conditions, replacement};
}

TEST(Rules, EveryRowIsRead) {
  std::set<std::string> names;
  for (const RuleRow& one : rule_rows()) {
    const Expected<std::vector<Rule>> parsed = parse_rules(one);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().line();
    ASSERT_FALSE(parsed->empty()) << one.name;
    for (const Rule& rule : *parsed) EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
  }
  EXPECT_EQ(names.size(), rules().size());
}

TEST(Rules, ParametersMakeOneRuleEach) {
  const auto parsed =
      parse_rules(row("$wA $o B; $wA $o i", "", "$wA $o i", "$w: _ w ; $o,$n: |=,1 ^=,2 +=,3"));
  ASSERT_FALSE(parsed.has_value());  // `wA |= B` mixes widths
  const auto fine = parse_rules(
      row("$wA $o $wB; $wA $o i", "", "$wA $o i + $n", "$w: _ w ; $o,$n: |=,1 ^=,2 +=,3"));
  ASSERT_TRUE(fine.has_value()) << fine.error().line();
  ASSERT_EQ(fine->size(), 6u);
  EXPECT_EQ((*fine)[0].name, "row[][|=]");
  EXPECT_EQ((*fine)[5].name, "row[w][+=]");
  EXPECT_EQ((*fine)[5].pattern[0].shape.form, bpf::Form::add32_reg);
  EXPECT_EQ((*fine)[1].replacement[0].imm->args[1].number, 2u);
}

TEST(Rules, FieldsAreFound) {
  const auto parsed = parse_rules(row("*(u32 *)(P + o + 4) = i; if wA s> 2 goto L", "", "A = -1"));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().line();
  const Rule& rule = parsed->front();
  EXPECT_EQ(rule.registers, "PA");
  EXPECT_EQ(rule.pattern[0].shape.form, bpf::Form::stw);
  EXPECT_TRUE(rule.pattern[0].off && rule.pattern[0].imm);
  EXPECT_EQ(rule.pattern[1].shape.form, bpf::Form::jsgt32_imm);
  EXPECT_EQ(rule.pattern[1].label, 'L');
  EXPECT_EQ(letters_read(rule.pattern[0]), 1u);
  EXPECT_EQ(rule.written(), 2u);
}

TEST(Rules, WhatIsWrongIsSaid) {
  const auto complaint = [](const RuleRow& wrong) {
    const auto parsed = parse_rules(wrong);
    return parsed ? std::string("nothing") : std::string(parsed.error().line());
  };
  EXPECT_EQ(complaint(row("", "", "A = 1")),
            "row: the replacement has a register that the pattern "
            "has not");
  EXPECT_EQ(complaint(row("A = i", "j == 1", "A = i")),
            "row: condition 'j == 1': 'j' is not in the pattern");
  EXPECT_EQ(complaint(row("A = i", "", "A = B")),
            "row: the replacement has a register that the pattern has not");
  EXPECT_EQ(complaint(row("if A == 0 goto L; A = 1", "", "A = 1")),
            "row: 'if A == 0 goto L; A = 1': only the last insn may jump");
  EXPECT_NE(complaint(row("A = i +", "", "A = i")).find("expected"), std::string::npos);
}

TEST(Expressions, PrecedenceAndFunctions) {
  const auto value = [](std::string_view text) {
    const auto parsed = parse_expression(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return evaluate<Concrete>(*parsed, [](char) { return Bv<Concrete, 64>::lit(0x1280); }).raw();
  };
  EXPECT_EQ(value("1 << 4 - 1"), 8u);
  EXPECT_EQ(value("1 | 2 == 3"), 1u);
  EXPECT_EQ(value("-1 s< 0"), 1u);
  EXPECT_EQ(value("-1 < 0"), 0u);
  EXPECT_EQ(value("10 - 3 - 2"), 5u);
  EXPECT_EQ(value("low(i, 8)"), 0x80u);
  EXPECT_EQ(value("sext(i, 8)"), 0xffff'ffff'ffff'ff80u);
  EXPECT_EQ(value("fits(i, 8)"), 0u);
  EXPECT_EQ(value("fits(i, 16)"), 1u);
  EXPECT_EQ(value("be16(i)"), 0x8012u);
  EXPECT_EQ(value("~0 >= 5"), 1u);
}

}  // namespace
}  // namespace probity::opt
