// SPDX-License-Identifier: Apache-2.0
// Barriers: insns whose effect the optimizer does not look into. They stay, in order, each with
// everything that it could read as it was. Unknown behaviour is a barrier, never a no-op.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "opt/code.hpp"
#include "opt/facts.hpp"

namespace probity::opt {

/// Calls, packet loads, may_goto, atomics that fetch, acquire and release, insns of which a loader
/// patches other things than a number, and accesses through what is not known to be a pointer into
/// memory.
bool is_barrier(const Node& node, const PointFacts& before);

/// A loader patches the number that the insn computes with. It is not known, but in every version
/// it is the same, so that the insn is arithmetic like any other.
bool has_patched_number(const Node& node);

/// Does it have to do with no registers but those that its fields name? Calls, packet loads and
/// the like have others, and others than arithmetic and accesses to memory are not looked into.
bool only_named_registers(const bpf::Insn& insn);

/// What a barrier that is in two versions does to their registers.
struct SharedBarrier {
  struct Pair {
    unsigned before;
    unsigned after;
  };
  std::vector<Pair> read;     ///< have to be equal
  std::vector<Pair> results;  ///< are equal behind it
  /// All that it may change.
  std::uint16_t old_written = 0;
  std::uint16_t new_written = 0;
};

/// The same barrier in another version: the same old insn, unchanged but for where it leads and,
/// where it has no others (only_named_registers), for its registers. Nothing when it is another
/// one.
std::optional<SharedBarrier> same_barrier(const Code& before, std::uint32_t old_node,
                                          const Code& after, std::uint32_t new_node);

}  // namespace probity::opt
