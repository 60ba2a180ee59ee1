// SPDX-License-Identifier: Apache-2.0
// What each x86-64 instruction does (Intel SDM volume 2), once, over a value domain: the emulator
// and the proofs instantiate this text. isa/machine.hpp says what a World gives. Memory accesses
// are as strong as the architecture makes every one of them (TSO): loads acquire, stores release,
// locked ones full; a read-modify-write without LOCK is a load and a store. Results and flags that
// the manual leaves undefined come from world.undefined(); flags of a shift by 0 stay.
//
// Division: when rdx:rax is the extension of rax (rdx = 0 for div, its sign for idiv; what
// translated code sets up) quotient and remainder are those of 64-bit udiv, urem, sdiv and srem;
// otherwise those of world.divide_wide(). One meaning, written so that proofs see the usual terms.
#pragma once

#include "domain/bv.hpp"
#include "isa/machine.hpp"
#include "isa/x86/insn.hpp"
#include "isa/x86/state.hpp"

namespace probity::x86 {

/// Executes one instruction at `pc`; gives the next pc (after a trap: any).
template <Domain D, typename World>
constexpr Bv<D, 64> execute(const Insn<D>& insn, State<D>& state, Bv<D, 64> pc, World& world);

/// Whether `cond` holds in `state` (SDM volume 1, appendix B).
template <Domain D>
constexpr Bool<D> holds(Cond cond, const State<D>& state);

/// base + index << scale + displacement.
template <Domain D>
constexpr Bv<D, 64> effective_address(const Mem<D>& mem, const State<D>& state);

}  // namespace probity::x86
