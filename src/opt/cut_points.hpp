// SPDX-License-Identifier: Apache-2.0
// Cut points: where a value was computed in many steps (a hash), a variable stands for it from
// there on, and the same variable for the same value of the other version. A change in the middle
// of a hash function is then proved where it is, and what follows is the same term in both. What a
// variable stands for is kept; a proof that needs it asks for it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "opt/symbolic_memory.hpp"
#include "solver/solver.hpp"
#include "term/term.hpp"

namespace probity::opt {

class CutPoints {
 public:
  CutPoints(term::Store& store, const Pointers& pointers) : store_(store), pointers_(pointers) {}

  /// What the old version goes on with instead of `value`, which the insn of `slot` computed.
  term::Id cut_old(term::Id value, std::uint32_t slot);

  /// What the new version goes on with. Asks the solver whether the value is one of the old
  /// version at the same insn; `assumed` holds here.
  term::Id cut_new(term::Id value, std::uint32_t slot, std::span<const term::Id> assumed);

  /// `variable = value` for each variable in the terms, and in what those stand for.
  std::vector<term::Id> definitions(std::span<const term::Id> terms) const;

 private:
  struct Cut {
    term::Id value;     ///< what was computed
    term::Id stand_in;  ///< a variable, with zeros above it as in the value
  };

  unsigned depth(term::Id term);
  term::Id stand_in(term::Id value);

  term::Store& store_;
  const Pointers& pointers_;
  std::vector<std::uint16_t> depths_;  // by id, plus one; 0: not known
  std::map<term::Id, Cut> cuts_;       // by value
  std::map<term::Id, Cut> by_variable_;
  std::map<std::uint32_t, std::vector<term::Id>> by_slot_;  // values
  unsigned failures_ = 0;
};

}  // namespace probity::opt
