// SPDX-License-Identifier: Apache-2.0
// The theorems about the JIT: for every target, prologue and epilogue, the assist stub, and every
// row of isa/bpf/insn.def under every option that changes its translation. docs/jit-proof.md states
// them and says how they compose to whole programs.
#pragma once

#include <vector>

#include "jit/compile.hpp"
#include "proof/proof.hpp"

namespace probity::theorems {

/// In the order of insn.def, the stubs first. Names: jit/<target>/<form>[/<option>]...
std::vector<proof::Obligation> jit_obligations(jit::Target target);

}  // namespace probity::theorems
