// SPDX-License-Identifier: Apache-2.0
// Webs: the values of a program that have to be in one register each. A web is what some writes of
// a register and all that may read them have in common; the allocator (registers.cpp) may give it
// another register than it has. Webs that are live where another one is written are its
// neighbours: they need different registers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "opt/generator.hpp"

namespace probity::opt {

/// "No such web".
constexpr std::uint32_t no_web = 0xffffffff;

struct Web {
  unsigned reg = 0;
  /// Its register is not ours to choose: an argument, a result, what a call or a fixed insn uses.
  bool fixed = false;
  /// Registers that lose their value while this one is needed.
  std::uint16_t forbidden = 0;
  std::uint32_t subprog = 0;
  std::vector<std::uint32_t> neighbours;
};

class Webs {
 public:
  static Webs of(const Version& version);

  std::span<const Web> all() const { return webs_; }
  /// The web that a register belongs to right before the node, or no_web when it is not live.
  std::uint32_t before(std::uint32_t node, unsigned reg) const;
  /// The web of what the node writes to that register; no_web when it does not.
  std::uint32_t written(std::uint32_t node, unsigned reg) const;

 private:
  std::vector<std::uint32_t> before_;   ///< by node and register
  std::vector<std::uint32_t> written_;  ///< likewise
  std::vector<Web> webs_;
};

}  // namespace probity::opt
