// SPDX-License-Identifier: Apache-2.0
// The rules that Facts iterates, one insn at a time: what an insn does to the facts
// (fact_step.cpp), what a call does (fact_call.cpp), and what is known on either side of a branch
// (fact_branch.cpp).
#pragma once

#include <optional>

#include "opt/facts.hpp"

namespace probity::opt {

constexpr std::size_t index_of(bpf::Reg reg) {
  return static_cast<std::size_t>(reg);
}

inline Fact& reg_of(PointFacts& facts, bpf::Reg reg) {
  return facts.regs[index_of(reg)];
}
inline const Fact& reg_of(const PointFacts& facts, bpf::Reg reg) {
  return facts.regs[index_of(reg)];
}

Fact number(const AbstractWord& bits);
/// A value of which nothing is known but what kind it may be.
Fact value_of(Kind kind);
/// At offset `offset`.
Fact pointer(Kind kind, std::int64_t offset);

/// The facts at the start of a subprogram that is entered with anything.
PointFacts entered_with_anything();
/// At the start of the program.
PointFacts program_entry(const program::View& program);
/// At the start of a subprogram, when the call finds these facts: its frame is another one, and of
/// numbers nothing is kept, for a kernel checks some functions without their callers.
PointFacts callee_entry(const PointFacts& caller);

/// What a local call leaves in r0, and whether packet pointers are wrong afterwards.
struct CallSummary {
  Fact result;
  bool moves_packet = true;
};
void call_local(PointFacts& facts, const CallSummary& callee);
/// A helper, a kfunc, or a call through a register; `node` is what map lookups are told apart by.
void call_outside(PointFacts& facts, const Code& code, std::uint32_t node,
                  const program::View& program);

/// What this node gave before is from now on told apart from what it gives now.
void retire_origin(PointFacts& facts, std::uint32_t origin);

/// May a function that `node` calls make packet pointers wrong? Local calls aside.
bool call_may_move_packet(const bpf::Insn& insn);

/// Nothing is known any more of `size_bytes` bytes of the frame from `offset` (from r10) on.
void forget_stack(PointFacts& facts, std::int64_t offset, std::uint64_t size_bytes);
void forget_stack(PointFacts& facts);

/// What holds at one of the two nodes behind a branch; nothing when it is not taken.
std::optional<PointFacts> along(const Code& code, std::uint32_t node, const PointFacts& before,
                                bool taken);

}  // namespace probity::opt
