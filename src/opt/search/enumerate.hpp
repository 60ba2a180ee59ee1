// SPDX-License-Identifier: Apache-2.0
// Enumeration: all sequences of insns up to a length, shortest first, over value vectors. A state
// that was reached with as many insns left is not entered again, and the last insn's immediate is
// computed from the vectors instead of tried.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "opt/search/alphabet.hpp"
#include "opt/search/judge.hpp"

namespace probity::opt::search {

using Insns = std::vector<bpf::Insn>;

/// What a search may use up, and what it has.
struct Effort {
  std::function<bool()> is_over;  ///< asked now and then
  std::uint64_t candidates = 0;   ///< evaluated so far
  std::uint64_t max_candidates =
      40'000'000;    ///< for enumeration, so that results do not depend on time
  bool cut = false;  ///< something was left out
};

/// The shortest proved sequence of at most `longest` insns, or nothing.
std::optional<Insns> enumerate(const Problem& problem, const Alphabet& alphabet, unsigned longest,
                               Judge& judge, Effort& effort);

}  // namespace probity::opt::search
