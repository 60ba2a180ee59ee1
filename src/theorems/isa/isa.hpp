// SPDX-License-Identifier: Apache-2.0
// What we prove about our instruction tables: of every row, decoding undoes encoding for all
// operand values, the length read is the length written whatever follows, no two rows share an
// encoding, and a value fits a field exactly when the field gives it back. The tables themselves
// are only as right as their rows; tests compare each row with two independent assemblers.
#pragma once

#include <vector>

#include "proof/proof.hpp"

namespace probity::theorems {

std::vector<proof::Obligation> x86_obligations();
std::vector<proof::Obligation> riscv_obligations();

}  // namespace probity::theorems
