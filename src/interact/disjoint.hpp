// SPDX-License-Identifier: Apache-2.0
// Disjointness: two programs commute when, on every packet and map state, neither writes what the
// other touches. The second of a chain then does the very same as it does alone, whoever goes
// first. Under the chain policy `pass` a program that ends the chain also keeps the other from
// running, so on such a packet the other may write nothing at all (but into a packet that the one
// drops), and two that end it must say the same.
//
// Two touches clash when they may be of one thing (the same bytes, the same entry) on one input:
// ranges of bytes are compared, keys of one map are compared byte by byte, and the conditions of
// both paths must have a common packet. Everything is decided by the solver on terms of one store;
// what is not known (a key, an offset, a helper) is taken to clash.
#pragma once

#include <string>
#include <vector>

#include "interact/chain.hpp"
#include "interact/footprint.hpp"
#include "interact/touch.hpp"
#include "solver/solver.hpp"

namespace probity::interact {

/// Why two programs may not be disjoint.
struct Clash {
  std::string what;          ///< one line
  std::uint32_t slot_a = 0;  ///< where the first program touches it
  std::uint32_t slot_b = 0;  ///< where the second does
};

struct Disjointness {
  bool proved = false;
  std::vector<std::string> reasons;  ///< why nothing clashes, by kind of thing; when proved
  std::vector<Clash> clashes;        ///< when not; the first of each kind
  std::string unknown;               ///< a solver's limit, or empty
};

Disjointness check_disjoint(const Footprint& a, const Footprint& b, Chain chain, term::Store& store,
                            const solver::Options& options);

}  // namespace probity::interact
