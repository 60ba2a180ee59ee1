// SPDX-License-Identifier: Apache-2.0
// The proof that a version with the code of a subprogram in place of its calls behaves as the one
// that calls it, for all inputs: one insn of the old version after the other, from every pair of
// places at once, by the one semantics text over terms. A call is taken as the kernel's interpreter
// does it: r6 to r9 are put aside, r10 goes below the caller's frame, and both come back at the
// exit. Then memory is the same bytes at the same addresses in both versions all along, so that
// equal accesses in equal order are all there is to show. What that asks of the frames is shown by
// Facts and Live. See docs/adr/0009-inlining.md.
#pragma once

#include <cstdint>
#include <string>

#include "opt/facts.hpp"
#include "opt/inlining.hpp"

namespace probity::opt {

struct InliningProof {
  std::string objection;          ///< empty: proved
  std::uint64_t places = 0;       ///< at which the versions were compared
  std::uint64_t obligations = 0;  ///< terms that are equal
};

/// `facts` are of `before`. No solver is asked: the terms of both are the same, or it is no proof.
InliningProof prove_inlining(const Code& before, const Facts& facts, const Inlined& inlined,
                             const program::View& program);

}  // namespace probity::opt
