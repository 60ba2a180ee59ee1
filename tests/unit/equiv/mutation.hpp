// SPDX-License-Identifier: Apache-2.0
// One-insn mutations of linked programs: what a slip of a compiler or of a person changes. The same
// seed gives the same mutation everywhere. Mutants run in this process only, never in a kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "isa/bpf/insn.hpp"

namespace probity::equiv {

/// A deterministic stream of numbers (splitmix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  /// A number below `count`.
  std::uint64_t below(std::uint64_t count);

 private:
  std::uint64_t state_;
};

/// Changes one insn of `slots`; answers what it did, or nothing when the insn that was drawn cannot
/// be changed (draw again).
std::optional<std::string> mutate(std::vector<bpf::Slot>& slots, Dice& dice);

}  // namespace probity::equiv
