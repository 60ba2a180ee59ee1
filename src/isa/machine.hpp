// SPDX-License-Identifier: Apache-2.0
// What every machine's semantics shares. isa/<name>/semantics.hpp gives
//   template <Domain D, typename World>
//   Bv<D, 64> execute(const Insn<D>&, State<D>&, Bv<D, 64> pc, World&);   // the next pc
// which never branches on data: a conditional jump returns ite(taken, target, pc + length). The
// World is what surrounds the core; an emulator's world is memory, a proof's is a trace of events:
//   Bv<D, W> load<W>(Bv<D, 64> address, Order);
//   void store<W>(Bv<D, 64> address, Bv<D, W> value, Order);
//   Bv<D, W> atomic<W>(address, update, Order): stores update(old) as one event, gives old;
//   Bv<D, W> load_reserved<W>(address, Order);
//   Bool<D> store_conditional<W>(address, value, Order): 1 when it stored;
//   void fence(Fence);
//   Bv<D, 64> undefined(): an arbitrary value, where a manual leaves a result or flag undefined;
//   void trap(), void trap_if(Bool<D>): an exception instead of completion (ud2, ebreak; an x86
//   division error); execute() goes on with any values, so an emulator looks afterwards;
//   WideDivision<D> divide_wide(Signedness, high, low, divisor): x86 only, 128 by 64 bits.
#pragma once

#include <cstdint>

#include "domain/bv.hpp"

namespace probity::isa {

/// Ordering that the instruction itself guarantees. x86-64 loads are `acquire`, its stores
/// `release`, locked ones `full`; RISC-V has .aq, .rl and both.
enum class Order : std::uint8_t { relaxed, acquire, release, full };

/// A barrier: which earlier accesses are ordered before which later ones.
struct Fence {
  bool reads_before = true, writes_before = true;
  bool reads_after = true, writes_after = true;
  friend constexpr bool operator==(const Fence&, const Fence&) = default;
};

enum class Signedness : std::uint8_t { is_unsigned, is_signed };

/// high:low divided by a 64-bit divisor, rounding towards zero. A Bv has at most 64 bits, so this
/// one operation is the World's: an emulator computes it, a proof may leave all three arbitrary
/// (translated code never divides what does not fit 64 bits, and x86::execute does that itself).
template <Domain D>
struct WideDivision {
  Bv<D, 64> quotient;
  Bv<D, 64> remainder;
  Bool<D> error;  ///< the divisor is 0 or the quotient does not fit 64 bits
};

}  // namespace probity::isa
