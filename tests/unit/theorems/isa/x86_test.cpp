// SPDX-License-Identifier: Apache-2.0
// The theorems about the x86-64 table hold; stated of wrong tables they fail where they should, and
// hold where they cannot help it: a table that is consistently wrong round-trips (the cross-check
// of tests/unit/isa_x86 is what refutes the published row).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "isa/x86/insn.hpp"
#include "theorems/isa/isa.hpp"
#include "theorems/isa/x86.hpp"

namespace probity::theorems {
namespace {

using x86::Form;
using x86::Row;

std::vector<proof::Result> discharged(const std::vector<proof::Obligation>& obligations) {
  return proof::discharge(obligations, {});
}

std::set<std::string> not_proved(const std::vector<proof::Result>& results) {
  std::set<std::string> names;
  for (const proof::Result& result : results) {
    if (!proof::is_proved(result)) names.insert(result.name);
  }
  return names;
}

const proof::Refuted* refutation(const std::vector<proof::Result>& results, std::string_view name) {
  const auto found = std::ranges::find(results, name, &proof::Result::name);
  return found == results.end() ? nullptr : std::get_if<proof::Refuted>(&found->verdict);
}

term::Value value_of(const proof::Refuted& refuted, std::string_view name) {
  for (const auto& [variable, value] : refuted.variables) {
    if (variable == name) return value;
  }
  ADD_FAILURE() << "no variable " << name;
  return 0;
}

std::vector<Row> table_with(Form form, std::string_view encoding) {
  std::vector<Row> table(x86::rows.begin(), x86::rows.end());
  Row& row = table[static_cast<std::size_t>(form)];
  const std::optional<Row> wrong =
      x86::read_row(row.name, row.mnemonic, row.operand_text, encoding);
  EXPECT_TRUE(wrong.has_value());
  if (wrong) row = *wrong;
  return table;
}

TEST(X86Theorems, HoldForEveryRow) {
  const std::vector<proof::Obligation> obligations = x86_obligations();
  std::set<std::string> names;
  for (const proof::Obligation& obligation : obligations) names.insert(obligation.name);
  EXPECT_EQ(names.size(), obligations.size());
  for (const Row& row : x86::rows) {
    for (const char* kind : {"head/", "values/", "disjoint/"}) {
      EXPECT_TRUE(names.contains("isa/x86/" + (kind + std::string(row.name)))) << row.name;
    }
  }
  EXPECT_EQ(not_proved(discharged(obligations)), std::set<std::string>{});
}

TEST(X86Theorems, HoldForThePublishedWrongRow) {
  std::vector<Row> table = table_with(Form::add_rm32_imm32, "80 /0 id");
  // As in the published specification nothing else claims 80 /0.
  table.erase(table.begin() + static_cast<std::ptrdiff_t>(Form::add_rm8_imm8));
  EXPECT_EQ(not_proved(discharged(x86_table_obligations(table))), std::set<std::string>{});
}

TEST(X86Theorems, RefuteAWrongRowThatTakesTheBytesOfAnother) {
  const std::vector<Row> table = table_with(Form::add_rm32_imm32, "80 /0 id");
  const std::vector<proof::Result> results = discharged(x86_table_obligations(table));
  const proof::Refuted* refuted = refutation(results, "isa/x86/disjoint/add_rm32_imm32");
  ASSERT_NE(refuted, nullptr);
  EXPECT_EQ(value_of(*refuted, "opcode"), 0x80u);
  EXPECT_EQ(value_of(*refuted, "other_row"), static_cast<unsigned>(Form::add_rm8_imm8));
  EXPECT_EQ(refuted->replay, "opcode and ModRM 80 00 select add_rm32_imm32 and add_rm8_imm8");
  for (const char* kind : {"head", "values"}) {
    const std::string name = "isa/x86/" + std::string(kind) + "/add_rm32_imm32";
    ASSERT_NE(refutation(results, name), nullptr);
    EXPECT_NE(refutation(results, name)->replay, "") << name;
  }
  EXPECT_EQ(
      not_proved(results),
      (std::set<std::string>{"isa/x86/disjoint/add_rm32_imm32", "isa/x86/disjoint/add_rm8_imm8",
                             "isa/x86/head/add_rm32_imm32", "isa/x86/values/add_rm32_imm32"}));
}

TEST(X86Theorems, SayWhichOperandsFail) {
  // Rows of one opcode byte of which only some have a ModRM byte.
  const std::vector<Row> table = table_with(Form::push_r64, "80+rd");
  const std::vector<proof::Result> results = discharged(x86_table_obligations(table));
  EXPECT_NE(refutation(results, "isa/x86/disjoint/push_r64"), nullptr);
  const proof::Refuted* refuted = refutation(results, "isa/x86/head/push_r64");
  ASSERT_NE(refuted, nullptr);
  EXPECT_LT(value_of(*refuted, "reg"), x86::reg_count);
  EXPECT_NE(refuted->replay.find("is read as something else"), std::string::npos);
}

}  // namespace
}  // namespace probity::theorems
