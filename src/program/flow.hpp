// SPDX-License-Identifier: Apache-2.0
// Where control can go after an insn, as far as its slot tells: shared by subprogram discovery,
// validation and the CFG.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/arena.hpp"
#include "base/diagnostic.hpp"
#include "isa/bpf/flow.hpp"
#include "program/program.hpp"

namespace probity::program {

/// The kernel's limit on a program's slots.
constexpr std::size_t slot_count_limit = 1'000'000;
/// The kernel's limit on subprograms of one program.
constexpr std::size_t subprog_count_limit = 256;

/// Exits of an insn inside its subprogram. Faults and a tail call that succeeds are not listed.
struct InsnFlow {
  bool falls_through = true;
  bool jumps = false;       ///< to `target`
  bool may_end = false;     ///< exit, or a packet load outside the packet
  std::int64_t target = 0;  ///< absolute slot; may lie outside the program
};
InsnFlow flow_of(const bpf::Insn& insn, std::uint32_t slot);

using bpf::written_register;

/// True for the insns that name a subprogram: call_local and lddw_func.
bool names_subprog(const bpf::Insn& insn);
/// The absolute slot they name; may lie outside the program.
std::int64_t named_subprog_slot(const bpf::Insn& insn, std::uint32_t slot);

/// The subprograms of bare bytecode: slot 0 and everything that call_local or lddw_func names, in
/// slot order, without names. Fails on slots that do not decode and on targets outside the program.
Expected<std::span<Subprog>> find_subprogs(std::span<const bpf::Slot> slots, Arena& arena);

}  // namespace probity::program
