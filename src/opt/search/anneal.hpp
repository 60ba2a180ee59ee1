// SPDX-License-Identifier: Apache-2.0
// Annealing: Metropolis-Hastings over sequences of a fixed length with gaps, for problems that are
// too long to enumerate. The cost is K2's: wrong bits, weighted, plus the insns that are there.
// Moves change an operand, an insn, two in a row, or make a gap; a chain that does not get on
// starts anew. Source: K2 (SIGCOMM 2021), section 3.
#pragma once

#include <cstdint>

#include "opt/search/enumerate.hpp"

namespace probity::opt::search {

struct AnnealOptions {
  std::uint64_t seed = 1;
  std::uint64_t proposals = 200'000;  ///< in all chains together
  std::uint64_t restart_after = 20'000;
};

/// The shortest proved sequence found that is shorter than the problem's own, or nothing.
std::optional<Insns> anneal(const Problem& problem, const Alphabet& alphabet,
                            const AnnealOptions& options, Judge& judge, Effort& effort);

}  // namespace probity::opt::search
