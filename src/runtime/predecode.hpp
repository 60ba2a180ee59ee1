// SPDX-License-Identifier: Apache-2.0
// Predecode: slots to the interpreter's ops, in memory the caller provides. There is one op per
// slot and one that ends the program, so a slot number is an op number and every displacement stays
// as it is; the second slot of lddw and the end hold a trap. Each op carries its handler (threaded
// code).
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"

namespace probity::runtime {

struct Op;
struct Region;
struct Machine;
enum class RunResult : std::uint8_t { returned, fault, running };

/// Executes one op and, by tail call, the rest of the run: op, machine, region table and its size,
/// fuel left, first op of the straight run.
using Handler = RunResult (*)(const Op*, Machine*, const Region*, std::uint64_t, std::int64_t,
                              const Op*);

struct Op {
  Handler handler;
  bpf::Reg dst;
  bpf::Reg src;
  std::int16_t off;
  std::int32_t imm;
};
static_assert(sizeof(void*) != 8 || sizeof(Op) == 16);

/// Decodes all slots; refuses unknown instructions and jumps that leave the program, with the slot.
Expected<std::span<const Op>> predecode(std::span<const bpf::Slot> slots, Arena& arena);

/// Bytes of arena that predecode() needs for `slot_count` slots.
constexpr std::size_t predecode_bytes(std::size_t slot_count) {
  return (slot_count + 1) * sizeof(Op);
}

}  // namespace probity::runtime
