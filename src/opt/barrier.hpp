// SPDX-License-Identifier: Apache-2.0
// Barriers: insns whose effect the optimizer does not look into. They stay, in order, each with
// everything that it could read as it was. Unknown behaviour is a barrier, never a no-op.
#pragma once

#include "opt/code.hpp"
#include "opt/facts.hpp"

namespace probity::opt {

/// Calls, packet loads, may_goto, atomics that fetch, acquire and release, insns that a loader
/// patches, and accesses through what is not known to be a pointer into memory.
bool is_barrier(const Node& node, const PointFacts& before);

/// The same barrier in another version: the same old insn, unchanged but for where it leads.
bool same_barrier(const Code& before, std::uint32_t old_node, const Code& after,
                  std::uint32_t new_node);

}  // namespace probity::opt
