// SPDX-License-Identifier: Apache-2.0
// What each eBPF instruction means (RFC 9669), once, over a value domain. The interpreter, the
// symbolic executor and the proofs instantiate this text. meaning() reads and writes a State and
// says where control goes; it never branches on data. A State is what an engine provides:
//   Bv<D, 64> reg(Reg);  void set_reg(Reg, Bv<D, 64>);
//   Bv<D, W> load<W>(Bv<D, 64> address);  void store<W>(Bv<D, 64> address, Bv<D, W> value);
//   Bv<D, W> load_acquire<W>(address);  void store_release<W>(address, value);
//   Bv<D, W> atomic<W>(address, update): stores update(old) as one event, returns old;
//   Bv<D, 64> address_of(ImmOp, Bv<D, 32> imm, Bv<D, 32> next_imm): of a map, map value, ...;
//   PacketRead<D> load_packet<W>(Bv<D, 32> offset): big-endian, `ok` false outside the packet;
//   Bool<D> may_goto_exhausted().
// An access that faults is the engine's business: it returns any value and stops after meaning().
#pragma once

#include "domain/bv.hpp"
#include "isa/bpf/insn.hpp"

namespace probity::bpf {

/// The fields of an insn that a proof may quantify over; registers and the form stay plain.
template <Domain D>
struct Immediates {
  Bv<D, 16> off;
  Bv<D, 32> imm;
  Bv<D, 32> next_imm;
};

/// The immediates of a concrete insn as values of any domain.
template <Domain D>
constexpr Immediates<D> immediates(const Insn& insn);

template <Domain D>
struct PacketRead {
  Bv<D, 64> value;
  Bool<D> ok;
};

enum class Flow : std::uint8_t {
  next,         ///< the following insn
  jump,         ///< next + displacement
  branch,       ///< next + displacement if `taken`, else next
  call_helper,  ///< helper number `target`; then next
  call_local,   ///< subprogram at next + `target`
  call_kfunc,   ///< kfunc number `target`
  call_reg,     ///< helper number in dst (callx)
  exit,         ///< return from the frame
  exit_unless,  ///< next if `taken`, else the program ends with r0 = 0 (legacy packet access)
};

template <Domain D>
struct Next {
  Flow flow = Flow::next;
  Bool<D> taken{};
  Bv<D, 32> target{};  ///< displacement in slots, sign-extended; or the helper's number
};

/// dst op src; division by zero gives 0, modulo by zero dst, shift counts are taken modulo the
/// width (section 4.1).
template <Domain D, unsigned W>
constexpr Bv<D, W> alu(AluOp op, Bv<D, W> dst, Bv<D, W> src);

/// The condition of a conditional jump (section 4.3).
template <Domain D, unsigned W>
constexpr Bool<D> compare(JmpOp op, Bv<D, W> dst, Bv<D, W> src);

/// The bytes of `a` reversed; W is 16, 32 or 64.
template <Domain D, unsigned W>
constexpr Bv<D, W> reverse_bytes(Bv<D, W> a);

/// The new memory value of a read-modify-write (section 5.3); `expected` is r0, used by cmpxchg
/// only.
template <Domain D, unsigned W>
constexpr Bv<D, W> atomic_update(AtomicOp op, Bv<D, W> old, Bv<D, W> src, Bv<D, W> expected);

/// Executes one insn on `state`. `form` selects the row; `dst` and `src` are ignored where the row
/// has none.
template <Domain D, typename State>
constexpr Next<D> meaning(Form form, Reg dst, Reg src, const Immediates<D>& immediates,
                          State& state);

}  // namespace probity::bpf
