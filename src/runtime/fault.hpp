// SPDX-License-Identifier: Apache-2.0
// FaultKind: why the interpreter stopped a program. A fault is an answer about the program, not an
// error of ours; the freestanding core, the engines and the symbolic executor share these names.
#pragma once

#include <cstdint>
#include <string_view>

namespace probity::runtime {

/// Why the interpreter stopped a program.
enum class FaultKind : std::uint8_t {
  none,
  out_of_bounds,
  null_pointer,
  not_writable,
  misaligned_atomic,
  unknown_instruction,
  unknown_helper,
  bad_helper_argument,
  bad_ctx_access,
  call_depth,
  out_of_fuel,
  jump_out_of_range,
  resource_leak,  ///< the program ended with a ring buffer record or a lock in hand
  unsupported,
};
/// E.g. "out of bounds".
std::string_view name(FaultKind kind);

/// A fault without a heap: what, where and on which value.
struct FaultPoint {
  FaultKind kind = FaultKind::none;
  std::uint32_t slot = 0;        ///< of the faulting insn
  std::uint64_t address = 0;     ///< guest address, or the bad value
  std::uint32_t size_bytes = 0;  ///< of the access
  friend constexpr bool operator==(const FaultPoint&, const FaultPoint&) = default;
};

}  // namespace probity::runtime
