// SPDX-License-Identifier: Apache-2.0
// Upper halves: which registers' upper 32 bits somebody may still read. A target whose 32-bit
// operations sign-extend need not zero an upper half that nobody reads (Inputs::upper_dead).
//
// need(i) is the set of registers whose upper half matters before instruction i. Any family of sets
// that satisfies, for every i with successors S(i),
//   need(i) ⊇ reads(i) ∪ (∪ need(s), s in S(i)) \ writes(i)
// is sound: along every run two states that agree on all lower halves and on need() keep doing so
// and behave alike. So the analysis itself need not be trusted: upper_halves_hold() checks these
// local facts in one pass, and the translators' theorems assume of the source state no more than
// agreement on reads(i).
#pragma once

#include <cstdint>
#include <span>

#include "isa/bpf/insn.hpp"
#include "jit/plan.hpp"

namespace probity::jit {

/// Bit r stands for the upper half of register r.
using Halves = std::uint16_t;
constexpr Halves all_halves = (1u << bpf::reg_count) - 1;
constexpr Halves half_of(bpf::Reg reg) {
  return static_cast<Halves>(1u << static_cast<unsigned>(reg));
}

/// The upper halves that an instruction reads. Whatever the runtime executes, or another function
/// continues with, counts as reading all of them.
Halves upper_reads(const bpf::Insn& insn);
/// The registers that it writes entirely.
Halves upper_writes(const bpf::Insn& insn);

/// Fills `need` (one set per slot and one for the end) by backward passes until nothing grows;
/// after so many passes everything is needed.
constexpr unsigned upper_halves_pass_limit = 100;
void find_upper_halves(const Plan& plan, std::span<Halves> need);

/// The local facts above, of every instruction.
bool upper_halves_hold(const Plan& plan, std::span<const Halves> need);

/// Nobody reads the upper half of what the instruction at `slot` writes to its dst.
bool is_upper_dead(const Plan& plan, std::span<const Halves> need, std::uint32_t slot);

}  // namespace probity::jit
