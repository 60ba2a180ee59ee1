// SPDX-License-Identifier: Apache-2.0
// How many local calls a run can make between two jumps backward. Fuel is taken at jumps backward
// only, so this is what bounds the time between: functions that call functions a few levels deep
// need no loop to run for years.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/translation.hpp"

namespace probity::runtime {

/// The most calls that translated code may make without a jump backward.
constexpr std::uint64_t call_bound_limit = 1u << 20;

/// The number of calls on the longest way forward from any slot, in all frames that may open; at
/// most call_bound_limit + 1, which stands for more.
std::uint64_t call_bound(std::span<const NumberedInsn> insns);

}  // namespace probity::runtime
