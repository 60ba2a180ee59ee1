// SPDX-License-Identifier: Apache-2.0
// Why a rule may be applied: its pattern and its replacement, each executed once by the one
// semantics text over terms, leave the same registers (but those that it calls dead) and the same
// memory and jump alike, for all values of registers, numbers and bytes of memory of which the side
// conditions hold, and for each way in which registers that it only reads may be the same one. What
// is proved is that the pattern, executed in its order without a gap, is the replacement: that the
// matcher may bring a pattern's insns together is for simulation.hpp to prove.
#pragma once

#include <vector>

#include "opt/rule.hpp"
#include "proof/proof.hpp"

namespace probity::opt {

/// "rule/NAME".
proof::Obligation obligation_of(const Rule& rule);

/// Of every rule of the table.
std::vector<proof::Obligation> rule_obligations();

}  // namespace probity::opt
