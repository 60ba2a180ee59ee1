// SPDX-License-Identifier: Apache-2.0
// Bodies of semantics.hpp. Everything is forced inline so that an engine which knows the form at
// compile time (the interpreter's handlers) is left with that form's few operations. Section
// numbers are RFC 9669's.
#pragma once

#include "isa/bpf/semantics.hpp"

#define PROBITY_MEANING [[gnu::always_inline]] constexpr

namespace probity::bpf {

template <Domain D>
constexpr Immediates<D> immediates(const Insn& insn) {
  return {Bv<D, 16>::lit(static_cast<std::uint16_t>(insn.off)),
          Bv<D, 32>::lit(static_cast<std::uint32_t>(insn.imm)),
          Bv<D, 32>::lit(static_cast<std::uint32_t>(insn.next_imm))};
}

template <Domain D, unsigned W>
PROBITY_MEANING Bv<D, W> alu(AluOp op, Bv<D, W> dst, Bv<D, W> src) {
  const Bv<D, W> zero = Bv<D, W>::lit(0);
  const Bv<D, W> count = src & Bv<D, W>::lit(W - 1);
  switch (op) {
    case AluOp::add: return dst + src;
    case AluOp::sub: return dst - src;
    case AluOp::mul: return dst * src;
    case AluOp::div: return ite(src == zero, zero, udiv(dst, src));
    case AluOp::sdiv: return ite(src == zero, zero, sdiv(dst, src));
    case AluOp::or_: return dst | src;
    case AluOp::and_: return dst & src;
    case AluOp::lsh: return shl(dst, count);
    case AluOp::rsh: return lshr(dst, count);
    case AluOp::neg: return -dst;
    case AluOp::mod: return urem(dst, src);   // SMT-LIB's urem by zero is already the dividend
    case AluOp::smod: return srem(dst, src);  // and srem's
    case AluOp::xor_: return dst ^ src;
    case AluOp::mov: return src;
    case AluOp::arsh: return ashr(dst, count);
  }
  return dst;
}

template <Domain D, unsigned W>
PROBITY_MEANING Bool<D> compare(JmpOp op, Bv<D, W> dst, Bv<D, W> src) {
  switch (op) {
    case JmpOp::ja: return Bool<D>::lit(1);
    case JmpOp::jeq: return dst == src;
    case JmpOp::jgt: return ult(src, dst);
    case JmpOp::jge: return ule(src, dst);
    case JmpOp::jset: return (dst & src) != Bv<D, W>::lit(0);
    case JmpOp::jne: return dst != src;
    case JmpOp::jsgt: return slt(src, dst);
    case JmpOp::jsge: return sle(src, dst);
    case JmpOp::jlt: return ult(dst, src);
    case JmpOp::jle: return ule(dst, src);
    case JmpOp::jslt: return slt(dst, src);
    case JmpOp::jsle: return sle(dst, src);
  }
  return Bool<D>::lit(0);
}

template <Domain D, unsigned W>
PROBITY_MEANING Bv<D, W> reverse_bytes(Bv<D, W> a) {
  if constexpr (W == 8) {
    return a;
  } else {
    return concat(reverse_bytes(bits<W / 2 - 1, 0>(a)), reverse_bytes(bits<W - 1, W / 2>(a)));
  }
}

template <Domain D, unsigned W>
PROBITY_MEANING Bv<D, W> atomic_update(AtomicOp op, Bv<D, W> old, Bv<D, W> src, Bv<D, W> expected) {
  switch (op) {
    case AtomicOp::add:
    case AtomicOp::fetch_add: return old + src;
    case AtomicOp::or_:
    case AtomicOp::fetch_or: return old | src;
    case AtomicOp::and_:
    case AtomicOp::fetch_and: return old & src;
    case AtomicOp::xor_:
    case AtomicOp::fetch_xor: return old ^ src;
    case AtomicOp::xchg: return src;
    case AtomicOp::cmpxchg: return ite(old == expected, src, old);
  }
  return old;
}

namespace detail {

/// Section 4.1: 32-bit operations zero the upper half of dst.
template <Domain D, typename State>
PROBITY_MEANING void alu_insn(const Row& r, Reg dst, Bv<D, 64> src, State& state) {
  const AluOp op = static_cast<AluOp>(r.operation);
  const Bv<D, 64> old = state.reg(dst);
  if (r.width == 64) {
    state.set_reg(dst, alu(op, old, src));
  } else {
    state.set_reg(dst, zext<64>(alu(op, trunc<32>(old), trunc<32>(src))));
  }
}

/// Section 4.1, movsx: `width` low bits of src, sign-extended to 64 or (class ALU) to 32 bits.
template <Domain D>
PROBITY_MEANING Bv<D, 64> sign_extended(Form form, unsigned width, Bv<D, 64> src) {
  const bool half = form == Form::movsx32_8 || form == Form::movsx32_16;
  if (width == 8) return half ? zext<64>(sext<32>(trunc<8>(src))) : sext<64>(trunc<8>(src));
  if (width == 16) return half ? zext<64>(sext<32>(trunc<16>(src))) : sext<64>(trunc<16>(src));
  return sext<64>(trunc<32>(src));
}

/// Section 4.2 on a little-endian machine: to_le only truncates.
template <Domain D>
PROBITY_MEANING Bv<D, 64> swapped(SwapOp op, unsigned width, Bv<D, 64> a) {
  if (width == 16)
    return zext<64>(op == SwapOp::to_le ? trunc<16>(a) : reverse_bytes(trunc<16>(a)));
  if (width == 32)
    return zext<64>(op == SwapOp::to_le ? trunc<32>(a) : reverse_bytes(trunc<32>(a)));
  return op == SwapOp::to_le ? a : reverse_bytes(a);
}

template <Domain D, typename State>
PROBITY_MEANING Bv<D, 64> loaded(unsigned width, MemOp op, Bv<D, 64> address, State& state) {
  const bool sign = op == MemOp::sign;
  switch (width) {
    case 8: {
      const Bv<D, 8> v = state.template load<8>(address);
      return sign ? sext<64>(v) : zext<64>(v);
    }
    case 16: {
      const Bv<D, 16> v = state.template load<16>(address);
      return sign ? sext<64>(v) : zext<64>(v);
    }
    case 32: {
      const Bv<D, 32> v = state.template load<32>(address);
      return sign ? sext<64>(v) : zext<64>(v);
    }
    default: return state.template load<64>(address);
  }
}

template <Domain D, typename State>
PROBITY_MEANING void stored(unsigned width, Bv<D, 64> address, Bv<D, 64> value, State& state) {
  switch (width) {
    case 8: state.template store<8>(address, trunc<8>(value)); return;
    case 16: state.template store<16>(address, trunc<16>(value)); return;
    case 32: state.template store<32>(address, trunc<32>(value)); return;
    default: state.template store<64>(address, value); return;
  }
}

/// Section 5.3. Fetching forms put the old value into src, cmpxchg into r0, both zero-extended.
template <unsigned W, Domain D, typename State>
PROBITY_MEANING void atomic_insn(AtomicOp op, Reg src, Bv<D, 64> address, State& state) {
  const Bv<D, W> operand = trunc<W>(state.reg(src));
  const Bv<D, W> expected = trunc<W>(state.reg(Reg::r0));
  const Bv<D, W> old = state.template atomic<W>(
      address, [&](Bv<D, W> value) { return atomic_update(op, value, operand, expected); });
  switch (op) {
    case AtomicOp::add:
    case AtomicOp::or_:
    case AtomicOp::and_:
    case AtomicOp::xor_: return;
    case AtomicOp::fetch_add:
    case AtomicOp::fetch_or:
    case AtomicOp::fetch_and:
    case AtomicOp::fetch_xor:
    case AtomicOp::xchg: state.set_reg(src, zext<64>(old)); return;
    case AtomicOp::cmpxchg: state.set_reg(Reg::r0, zext<64>(old)); return;
  }
}

template <Domain D, typename State>
PROBITY_MEANING Bv<D, 64> acquired(unsigned width, Bv<D, 64> address, State& state) {
  switch (width) {
    case 8: return zext<64>(state.template load_acquire<8>(address));
    case 16: return zext<64>(state.template load_acquire<16>(address));
    case 32: return zext<64>(state.template load_acquire<32>(address));
    default: return state.template load_acquire<64>(address);
  }
}

template <Domain D, typename State>
PROBITY_MEANING void released(unsigned width, Bv<D, 64> address, Bv<D, 64> value, State& state) {
  switch (width) {
    case 8: state.template store_release<8>(address, trunc<8>(value)); return;
    case 16: state.template store_release<16>(address, trunc<16>(value)); return;
    case 32: state.template store_release<32>(address, trunc<32>(value)); return;
    default: state.template store_release<64>(address, value); return;
  }
}

/// Section 5.5: r0 = big-endian load at a packet offset; outside the packet the program ends with
/// 0.
template <Domain D, typename State>
PROBITY_MEANING Next<D> packet_insn(const Row& r, Reg src, Bv<D, 32> imm, State& state) {
  const bool indirect = static_cast<PacketOp>(r.operation) == PacketOp::indirect;
  const Bv<D, 32> offset = indirect ? trunc<32>(state.reg(src)) + imm : imm;
  PacketRead<D> read;
  switch (r.width) {
    case 8: read = state.template load_packet<8>(offset); break;
    case 16: read = state.template load_packet<16>(offset); break;
    default: read = state.template load_packet<32>(offset); break;
  }
  state.set_reg(Reg::r0, ite(read.ok, read.value, Bv<D, 64>::lit(0)));
  return {Flow::exit_unless, read.ok, {}};
}

template <Domain D>
PROBITY_MEANING Flow call_flow(CallOp op) {
  switch (op) {
    case CallOp::helper: return Flow::call_helper;
    case CallOp::local: return Flow::call_local;
    case CallOp::kfunc: return Flow::call_kfunc;
    case CallOp::reg: return Flow::call_reg;
  }
  return Flow::exit;
}

template <Domain D, typename State>
PROBITY_MEANING Bool<D> branch_condition(const Row& r, Reg dst, Bv<D, 64> src, State& state) {
  const JmpOp op = static_cast<JmpOp>(r.operation);
  if (r.width == 64) return compare(op, state.reg(dst), src);
  return compare(op, trunc<32>(state.reg(dst)), trunc<32>(src));
}

constexpr bool takes_src_register(Operands operands) {
  return operands == Operands::dst_src || operands == Operands::dst_src_off;
}

}  // namespace detail

template <Domain D, typename State>
PROBITY_MEANING Next<D> meaning(Form form, Reg dst, Reg src, const Immediates<D>& k, State& state) {
  const Row& r = row(form);
  const Bv<D, 64> imm = sext<64>(k.imm);
  const Bv<D, 64> off = sext<64>(k.off);
  const auto operand = [&] {
    return detail::takes_src_register(r.operands) ? state.reg(src) : imm;
  };
  switch (r.meaning) {
    case Meaning::alu: detail::alu_insn<D>(r, dst, operand(), state); return {};
    case Meaning::movsx:
      state.set_reg(dst, detail::sign_extended<D>(form, r.width, state.reg(src)));
      return {};
    case Meaning::byte_swap:
      state.set_reg(dst,
                    detail::swapped<D>(static_cast<SwapOp>(r.operation), r.width, state.reg(dst)));
      return {};
    case Meaning::jump: return {Flow::jump, {}, r.width == 32 ? k.imm : sext<32>(k.off)};
    case Meaning::may_goto: return {Flow::branch, state.may_goto_exhausted(), sext<32>(k.off)};
    case Meaning::branch:
      return {Flow::branch, detail::branch_condition<D>(r, dst, operand(), state), sext<32>(k.off)};
    case Meaning::call: return {detail::call_flow<D>(static_cast<CallOp>(r.operation)), {}, k.imm};
    case Meaning::exit: return {Flow::exit, {}, {}};
    case Meaning::load_imm64: {
      const ImmOp op = static_cast<ImmOp>(r.operation);
      state.set_reg(dst, op == ImmOp::value ? concat(k.next_imm, k.imm)
                                            : state.address_of(op, k.imm, k.next_imm));
      return {};
    }
    case Meaning::load_packet: return detail::packet_insn<D>(r, src, k.imm, state);
    case Meaning::load:
      state.set_reg(dst, detail::loaded<D>(r.width, static_cast<MemOp>(r.operation),
                                           state.reg(src) + off, state));
      return {};
    case Meaning::store_imm:
      detail::stored<D>(r.width, state.reg(dst) + off, imm, state);
      return {};
    case Meaning::store_reg:
      detail::stored<D>(r.width, state.reg(dst) + off, state.reg(src), state);
      return {};
    case Meaning::atomic: {
      const AtomicOp op = static_cast<AtomicOp>(r.operation);
      const Bv<D, 64> address = state.reg(dst) + off;
      if (r.width == 64) detail::atomic_insn<64, D>(op, src, address, state);
      else detail::atomic_insn<32, D>(op, src, address, state);
      return {};
    }
    case Meaning::load_acquire:
      state.set_reg(dst, detail::acquired<D>(r.width, state.reg(src) + off, state));
      return {};
    case Meaning::store_release:
      detail::released<D>(r.width, state.reg(dst) + off, state.reg(src), state);
      return {};
  }
  return {Flow::exit, {}, {}};
}

}  // namespace probity::bpf

#undef PROBITY_MEANING
