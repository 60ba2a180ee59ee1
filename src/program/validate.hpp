// SPDX-License-Identifier: Apache-2.0
// What every engine may rely on before it touches a program. Each refusal names the slot, the value
// and the limit. Refused: slots that do not decode; jumps out of the subprogram or into an lddw; a
// subprogram whose last insn is reachable and falls through; writes to r10; calls of no subprogram,
// helper or external; map indexes and offsets out of range; constant stack accesses outside
// -512..-1; call chains deeper than 8 frames; callx; packet loads in a
// program type that has none. Allowed, because RFC 9669 gives it a meaning or an engine can bound
// it (the kernel refuses some): unreachable insns, loops, recursion, division by an immediate 0,
// shifts beyond the width.
#pragma once

#include <cstdint>
#include <optional>

#include "base/arena.hpp"
#include "base/diagnostic.hpp"
#include "program/program.hpp"

namespace probity::program {

/// Bytes of stack below r10 in each frame.
constexpr std::int64_t stack_size_bytes = 512;
/// Frames on a call chain, the first one included.
constexpr std::uint32_t frame_limit = 8;

/// An arena of this size is enough for validate().
constexpr std::size_t validate_arena_bytes(std::size_t slot_count, std::size_t subprog_count) {
  return 5 * slot_count + 32 * subprog_count + 1024;
}

constexpr std::size_t validate_scratch_bytes(const View& view) {
  return validate_arena_bytes(view.slots.size(), view.subprogs.size());
}

Expected<void> validate(const View& view, Arena& arena);

/// The subprogram that starts at `slot`, or nothing.
std::optional<std::uint32_t> subprog_at(const View& view, std::int64_t slot);

/// The deepest chain of local calls from the first subprogram.
struct CallDepth {
  std::uint32_t frames = 1;
  bool recursive = false;  ///< then `frames` says nothing
};
Expected<CallDepth> call_depth(const View& view, Arena& arena);

}  // namespace probity::program
