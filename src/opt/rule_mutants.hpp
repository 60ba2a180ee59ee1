// SPDX-License-Identifier: Apache-2.0
// Mutants of a rule, made mechanically: each side condition that its proof needs is left out, each
// constant is one more, each insn of the replacement is missing; of a rule that has none of these,
// insns of the pattern work at another width. The proof must refute every one, or rules_equal.def
// says why that one is true.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "opt/rule.hpp"

namespace probity::opt {

struct RuleMutant {
  std::string what;  ///< "without 'k != 32'", "pattern insn 2, immediate, constant 1: 9"
  Rule rule;
};
std::vector<RuleMutant> mutants_of(const Rule& rule);

/// Why this mutant holds; empty when it is not expected to.
std::string_view why_equal(const RuleMutant& mutant);

}  // namespace probity::opt
