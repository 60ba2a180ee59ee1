// SPDX-License-Identifier: Apache-2.0
// What an instruction does in memory, as every target's guard sees it, and where an entry of the
// region table says how far it may go.
#pragma once

#include <bit>
#include <cstdint>

#include "jit/context.hpp"

namespace probity::jit {

/// What a guard asks for: permission to read or to write; ordered accesses must be aligned as well.
enum class Access : std::uint8_t { read, write, ordered_read, ordered_write };

constexpr bool is_write(Access kind) {
  return kind == Access::write || kind == Access::ordered_write;
}
constexpr bool is_ordered(Access kind) {
  return kind == Access::ordered_read || kind == Access::ordered_write;
}

/// The limit for an access of `bytes` bytes, within its entry of the region table.
constexpr std::int32_t limit_field(Access kind, unsigned bytes) {
  return (is_write(kind) ? region_layout::writable_starts : region_layout::readable_starts) +
         8 * static_cast<std::int32_t>(std::countr_zero(bytes));
}

}  // namespace probity::jit
