// SPDX-License-Identifier: Apache-2.0
// The theorems about the RISC-V table hold, and there is one of each kind for every row.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "isa/riscv/insn.hpp"
#include "theorems/isa/isa.hpp"

namespace probity::theorems {
namespace {

std::string told(const proof::Result& result) {
  if (const auto* refuted = std::get_if<proof::Refuted>(&result.verdict)) {
    return result.name + " is refuted: " + refuted->replay;
  }
  if (const auto* unknown = std::get_if<proof::Unknown>(&result.verdict)) {
    return result.name + " is unknown: " + unknown->reason;
  }
  return result.name + " is proved";
}

TEST(RiscvTheorems, HoldForEveryRow) {
  const std::vector<proof::Obligation> obligations = riscv_obligations();
  std::set<std::string> names;
  for (const proof::Obligation& obligation : obligations) names.insert(obligation.name);
  EXPECT_EQ(names.size(), obligations.size());
  std::size_t expected = 0;
  for (const riscv::Row& row : riscv::rows) {
    const std::string name(row.name);
    EXPECT_TRUE(names.contains("isa/riscv/round_trip/" + name));
    EXPECT_TRUE(names.contains("isa/riscv/decode/" + name));
    EXPECT_TRUE(names.contains("isa/riscv/disjoint/" + name));
    EXPECT_EQ(names.contains("isa/riscv/fits/" + name), row.format.imm_width != 0);
    expected += row.format.imm_width != 0 ? 4 : 3;
  }
  EXPECT_EQ(names.size(), expected);
  for (const proof::Result& result : proof::discharge(obligations, {})) {
    EXPECT_TRUE(proof::is_proved(result)) << told(result);
  }
}

/// Nothing is proved of nothing: the assumptions of every statement can be met.
TEST(RiscvTheorems, AreNotVacuous) {
  for (const proof::Obligation& obligation : riscv_obligations()) {
    proof::Obligation absurd = obligation;
    absurd.replay = {};
    absurd.build = [&obligation](term::Store& store) {
      proof::Query query = obligation.build(store);
      query.show = {store.false_()};
      return query;
    };
    const std::vector<proof::Result> results = proof::discharge(std::span(&absurd, 1), {});
    EXPECT_TRUE(std::holds_alternative<proof::Refuted>(results[0].verdict)) << obligation.name;
  }
}

}  // namespace
}  // namespace probity::theorems
