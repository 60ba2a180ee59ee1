// SPDX-License-Identifier: Apache-2.0
// Minimising a counterexample: the solver gives the shortest packet, but the bytes that do not
// matter hold whatever its model had. Here the interpreter is the oracle: bytes become zero, map
// entries go, numbers become small, as long as the run takes the same insns to the same violation.
// So path and registers of the finding stay true; a finding that the interpreter does not reproduce
// is left as it is.
#pragma once

#include <chrono>
#include <functional>

#include "object/image.hpp"
#include "symex/finding.hpp"

namespace probity::symex {

/// Tries that one finding may cost, each of a run or two of the interpreter.
constexpr unsigned max_minimising_runs = 2'000;
/// Wall clock that it may cost: with large maps a run takes long.
constexpr std::chrono::seconds max_minimising_time{2};

struct Minimised {
  unsigned runs = 0;     ///< tries
  unsigned changes = 0;  ///< that were kept
};

/// Makes a witness as plain as it can be while `holds` says that it still shows
/// what it must.
Minimised shrink(Witness& witness, const std::function<bool()>& holds);

/// Makes the witness of `finding` as plain as it can be, and its registers
/// those of that run.
Minimised minimise(const object::Image& image, Finding& finding);

}  // namespace probity::symex
