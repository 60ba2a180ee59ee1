// SPDX-License-Identifier: Apache-2.0
// Plan: the decoded program between slots and machine code, one entry per slot, in the workspace of
// compile.hpp. Whether a program is well formed is decided here, once; the passes over it need no
// checks.
#pragma once

#include <cstdint>
#include <span>

#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"
#include "jit/compile.hpp"

namespace probity::jit {

/// What the driver has to know of an instruction's target.
enum class Reach : std::uint8_t {
  none,    ///< no target
  jump,    ///< a jump or branch: its size depends on the distance
  call,    ///< a local call
  second,  ///< not an instruction: the second slot of the lddw before
};

struct PlannedInsn {
  bpf::Insn insn;
  std::uint32_t target = 0;     ///< slot
  std::uint16_t room = 0;       ///< bytes for its code
  std::uint16_t cold_room = 0;  ///< bytes for its cold part, 0 where it has none
  Reach reach = Reach::none;
  bool always_assist = false;
  bool has_address = false;  ///< takes the next address_index
  bool upper_dead = false;
  bool is_loop_head = false;  ///< a target of a back edge
  std::uint8_t slot_count = 1;
};

/// The plan's parts; slot_count entries each unless said otherwise.
struct Plan {
  std::span<PlannedInsn> insns;
  std::span<std::uint32_t> offsets;  ///< one more: where each slot's code starts, and the end's
  std::span<std::uint32_t> jumps;    ///< slots of jumps, branches and local calls, ascending
  std::span<std::uint16_t> need;     ///< one more: see upper_halves.hpp
  std::span<std::uint8_t> room;      ///< where a sequence is sized
  std::uint32_t address_count = 0;
};

/// Cuts a workspace into the parts, which keep their contents.
Expected<Plan> plan_in(std::size_t slot_count, std::span<std::byte> workspace);

/// Decodes and checks request.slots; the plan's `jumps` is as long as there are any.
Expected<Plan> make_plan(const Request& request, std::span<std::byte> workspace);

}  // namespace probity::jit
