// SPDX-License-Identifier: Apache-2.0
// Side conditions of a rule at a place, decided from the facts; and whether the kernel's verifier
// takes what the rule leaves there.
#pragma once

#include "opt/generator.hpp"
#include "opt/rule_match.hpp"

namespace probity::opt {

/// Finds the numbers that the pattern does not give (`each`, `is`) and decides all side conditions;
/// the pattern's fields and the replacement's must fit too.
bool conditions_hold(const Version& version, const Aim& aim, Match& match);

/// Is the replacement, at this place, nothing that the verifier is known to refuse?
bool kernel_takes(const Version& version, const Aim& aim, const Match& match);

/// The value of a field in a match, or nothing while a letter has no value.
std::optional<std::uint64_t> value_in(const Match& match, const Expression& expression);

}  // namespace probity::opt
