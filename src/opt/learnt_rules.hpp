// SPDX-License-Identifier: Apache-2.0
// Rules that are in no table: rows that a search wrote (search/generalise.hpp) or a person, in the
// notation of rules.def (rule.hpp), restricted to computations in registers. Each is proved by the
// same obligation as the table's rows before anybody applies it.
#pragma once

#include <string>
#include <vector>

#include "opt/generator.hpp"
#include "opt/rule.hpp"
#include "proof/proof.hpp"

namespace probity::opt {

/// A row with texts of its own.
struct LearntRow {
  std::string name;
  std::string pattern;
  std::string conditions;
  std::string replacement;

  RuleRow row() const { return {name, "", pattern, conditions, replacement}; }
  friend bool operator==(const LearntRow&, const LearntRow&) = default;
};

/// How long a row may take to prove: longer than a change of one program, since it is for all.
constexpr solver::Options row_solver{{100'000, 8'000'000, 10'000}, solver::External::none};

/// The rule of a row. Fault::bad_input, with the row's name, when the row is not written as one, is
/// no computation in registers, or is not proved: with the counterexample.
Expected<Rule> prove_row(const LearntRow& row, const proof::Options& options);

/// Proposes these wherever they apply, the first ones first.
Generator learnt_generator(std::vector<Rule> rules);

}  // namespace probity::opt
