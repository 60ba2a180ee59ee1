// SPDX-License-Identifier: Apache-2.0
// From rewrites that a search found to rules: registers become letters, constants become immediates
// of any value where they can, and what the replacement's constants are is guessed from those of
// the pattern: the same, a sum, a mask, what is left of a width. Guesses are tried from the most
// general on, and the first that is proved for all registers and immediates (learnt_rules.hpp) is
// the rule; at last the constants stay as they were found. Rewrites of one shape share a rule when
// one guess is true of all of them.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "opt/learnt_rules.hpp"
#include "opt/search/search.hpp"

namespace probity::opt::search {

/// A rule that was proved, and what it says of the rewrites.
struct Learnt {
  LearntRow row;
  std::size_t rewrites = 0;  ///< of which it is the general form
  std::size_t places = 0;    ///< where these applied
  std::size_t tried = 0;     ///< more general ones that were not proved
};

/// What was learnt, and the keys of rewrites of which no rule was proved.
struct Lesson {
  std::vector<Learnt> rules;
  std::vector<std::string> not_general;
};

/// `is_over` is asked between proofs.
Lesson generalise(std::span<const Found> found, const proof::Options& options,
                  const std::function<bool()>& is_over);

}  // namespace probity::opt::search
