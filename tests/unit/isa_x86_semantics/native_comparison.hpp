// SPDX-License-Identifier: Apache-2.0
// The comparison of one row's meaning with the real CPU, shared by the fast and the slow suite.
#pragma once

#include <string>

#include "isa/x86/insn.hpp"

namespace probity {

/// Executes `state_count` random states of instructions of the row on both. Empty when registers,
/// flags that the manual defines, memory, the next pc and traps agree; else what differs first.
std::string difference_from_cpu(x86::Form form, unsigned state_count, std::uint64_t seed);

/// Why the row cannot be compared on this machine; empty when it can.
std::string skip_reason(x86::Form form);

}  // namespace probity
