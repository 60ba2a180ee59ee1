// SPDX-License-Identifier: Apache-2.0
// Path bounds: what comparisons on the way say of a number's size. The rewriter of terms sees no
// path, but whether a product is a division (term/reciprocal.hpp) depends on how large a factor can
// be: behind `if r3 > 1500 goto drop` r3 is its low eleven bits.
#pragma once

#include <span>

#include "opt/symbolic_run.hpp"
#include "term/term.hpp"

namespace probity::opt {

/// `value`, or the term of the bits that are left of it where all of `path` holds; both are equal
/// there.
term::Id narrowed(term::Store& store, term::Id value, std::span<const term::Id> path);

/// Narrows the registers that the next insn of the run divides or multiplies by a constant.
void narrow_operands(SymbolicRun* run, term::Store& store, std::span<const term::Id> path);

}  // namespace probity::opt
