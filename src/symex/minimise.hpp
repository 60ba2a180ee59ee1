// SPDX-License-Identifier: Apache-2.0
// Minimising a counterexample: the solver gives the shortest packet, but the bytes that do not
// matter hold whatever its model had. Here the interpreter is the oracle: bytes become zero, map
// entries go, numbers become small, as long as the run takes the same insns to the same violation.
// So path and registers of the finding stay true; a finding that the interpreter does not reproduce
// is left as it is.
#pragma once

#include <chrono>

#include "object/image.hpp"
#include "symex/finding.hpp"

namespace probity::symex {

/// Runs of the interpreter that one finding may cost.
constexpr unsigned max_minimising_runs = 4'000;
/// Wall clock that it may cost: with large maps a run takes long.
constexpr std::chrono::seconds max_minimising_time{2};

struct Minimised {
  unsigned runs = 0;     ///< of the interpreter
  unsigned changes = 0;  ///< that were kept
};

/// Makes the witness of `finding` as plain as it can be, and its registers those of that run.
Minimised minimise(const object::Image& image, Finding& finding);

}  // namespace probity::symex
