// SPDX-License-Identifier: Apache-2.0
// Lemmas about checksums: statements about the 16-bit values in a question that hold always, and
// that spare a solver the adders. Two values of 16 bits with one residue modulo 65535 are equal,
// unless one is 0 and the other 0xffff; a folded sum is 0 only if everything in it is, and most
// often some of it is known not to be, as the first byte of an IPv4 header is. The lemmas say just
// that, of values and of their bytes; the solver draws the conclusion. Values whose residues differ
// get no lemma: nothing is claimed of them.
#pragma once

#include <span>
#include <vector>

#include "term/residue.hpp"
#include "term/term.hpp"

namespace probity::term {

/// Lemmas about what `roots` are made of, for a question that is their conjunction; empty when they
/// hold no two checksums that could be compared. Makes new terms in the store.
std::vector<Id> checksum_lemmas(Store& store, std::span<const Id> roots,
                                ResidueMutation mutation = ResidueMutation::none);

}  // namespace probity::term
