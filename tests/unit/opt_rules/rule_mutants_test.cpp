// SPDX-License-Identifier: Apache-2.0
// Every mutant of every rule is refuted, or rules_equal.def says why it holds, and then it does.
#include "opt/rule_mutants.hpp"

#include <gtest/gtest.h>

#include <map>

#include "discharged.hpp"
#include "opt/rule_proof.hpp"

namespace probity::opt {
namespace {

TEST(RuleMutants, AreRefuted) {
  std::vector<RuleMutant> mutants;
  std::vector<Obligation> obligations;
  for (const Rule& rule : rules()) {
    for (RuleMutant& mutant : mutants_of(rule)) {
      obligations.push_back(obligation_of(mutant.rule));
      obligations.back().name += ", " + mutant.what;
      mutants.push_back(std::move(mutant));
    }
  }
  const std::vector<Result> results = discharged(obligations);
  std::map<std::string, unsigned> refuted;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const bool equal = !why_equal(mutants[i]).empty();
    const std::string expected = equal ? "proved" : "refuted";
    EXPECT_EQ(verdict(results[i]).substr(0, expected.size()), expected) << results[i].name;
    if (!equal) ++refuted[mutants[i].rule.name];
  }
  for (const Rule& rule : rules()) EXPECT_GT(refuted[rule.name], 0u) << rule.name;
}

}  // namespace
}  // namespace probity::opt
