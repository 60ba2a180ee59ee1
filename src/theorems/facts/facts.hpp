// SPDX-License-Identifier: Apache-2.0
// The obligations of the Abstract domain: the text of its transfer functions
// (domain/abstract_*.hpp) over terms, where every mask and every bound is a variable. Each says, of
// one function at one width: for all that is known of the operands, and all operands that agree
// with it, the result agrees with what the function makes of that knowledge, which does not
// contradict itself.
//   facts/OP/WIDTH           an operation of bv_ops.def
//   facts/zext, sext, extract, concat, ite, join, widened
//   facts/known/PART/WIDTH   one part of the knowledge made of another
//   facts/if-RELATION/WIDTH  a comparison that is known to hold
// What ships makes each result go through facts/known; containment goes from one to the next.
#pragma once

#include <vector>

#include "proof/proof.hpp"

namespace probity::theorems {

std::vector<proof::Obligation> facts_obligations();

}  // namespace probity::theorems
