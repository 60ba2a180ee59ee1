// SPDX-License-Identifier: Apache-2.0
// Control dependence: which branches decide whether an insn runs (Ferrante, Ottenstein, Warren,
// "The program dependence graph and its use in optimization"). A block depends on a branch if it
// lies on every way from one side of the branch to the end, but not on every way from the branch
// itself. The blocks of a local function depend on what its callers depend on.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "base/diagnostic.hpp"
#include "program/program.hpp"

namespace probity::interact {

class ControlDependence {
 public:
  static Expected<ControlDependence> of(const program::View& view);

  /// The branch insns that decide directly whether the insn at `slot` runs.
  std::set<std::uint32_t> direct(std::uint32_t slot) const;
  /// Those, and the ones that decide whether they run, and so on.
  std::set<std::uint32_t> transitive(std::uint32_t slot) const;

 private:
  std::map<std::uint32_t, std::uint32_t> block_of_;            ///< by slot
  std::map<std::uint32_t, std::set<std::uint32_t>> deciders_;  ///< by block: branch slots
};

}  // namespace probity::interact
