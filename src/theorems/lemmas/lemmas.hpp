// SPDX-License-Identifier: Apache-2.0
// The lemmas of products and divisions that the solver's abstraction assumes
// (solver/abstraction.hpp) as obligations of their own. Here a product is its definition, the sum
// of one shifted operand for each bit of the other, and a division is n = q * d + r with r < d:
// neither contains an operation that the abstraction would replace by what is to be proved. At
// small widths the lemmas are proved as they stand; at 64 bits by induction over the rows of the
// sum, one obligation for each step, and for divisions from the lemmas of products.
// docs/jit-proof.md says how the steps make the whole.
#pragma once

#include <string>
#include <vector>

#include "proof/proof.hpp"
#include "term/term.hpp"

namespace probity::theorems {

struct Lemma {
  std::string label;
  term::Id holds;
};

/// A factor of which some bits are known to be zero.
struct Factor {
  term::Id value;
  unsigned zeros_above = 0;
  unsigned zeros_below = 0;
};

/// What the abstraction says of r = a * b.
std::vector<Lemma> product_lemmas(term::Store& store, const Factor& a, const Factor& b, term::Id r);

/// n divided by d gives q and leaves r; `q_times_d` is a product with its own lemmas.
struct Division {
  term::Id n, d, q, q_times_d, r;
};
std::vector<Lemma> division_lemmas(term::Store& store, const Division& division);

/// "lemma/product/…" and "lemma/division/…".
std::vector<proof::Obligation> lemma_obligations();

}  // namespace probity::theorems
