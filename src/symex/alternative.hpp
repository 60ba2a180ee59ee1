// SPDX-License-Identifier: Apache-2.0
// What the parts of the explorer hand to each other about one path: the sides of a fork, the
// answer to a question, and a place in memory that was found to be accessible.
#pragma once

#include <cstdint>
#include <functional>

#include "symex/state.hpp"

namespace probity::symex {

/// A side of a fork: taken when `condition` holds, then `apply` changes the path.
struct Alternative {
  term::Id condition;
  std::function<void(PathState&)> apply;
};

/// The answer to a question about a path.
struct Told {
  bool known = false;
  bool value = false;
  bool goes_on = true;  ///< when it is not known: the path does, at the same insn
};

/// A memory access that was found to be inside its region.
struct Place {
  RegionId region = 0;
  std::uint32_t object = 0;
  term::Id offset;
};

}  // namespace probity::symex
