// SPDX-License-Identifier: Apache-2.0
// Loads, stores and atomics (RFC 9669, sections 5.1 to 5.3). With memory checked an address is a
// region number and an offset: the guard leaves the host address in t1, or goes to the assist stub
// before any eBPF register has changed; the frame needs no guard. Atomics are fully ordered, as
// Linux has them: .aqrl on the single instructions, .rl and a full fence around lr/sc; acquire and
// release use fences (RISC-V manual, volume I, table A.6: there are no ordered loads and stores).
#pragma once

#include "jit/rv64/target.hpp"

namespace probity::jit::rv64 {

using bpf::AtomicOp;
using bpf::MemOp;

/// The sets of a fence.
constexpr unsigned fence_reads = 2, fence_writes = 1, fence_all = 3;

/// Where base + off lies in the host: what the instruction adds itself is its 12-bit offset.
template <PathDomain D>
template <unsigned W, Access kind>
typename Translator<D>::Mem Translator<D>::access(Reg base, const Input& in) {
  const Bv<D, 32> off = sext<32>(in.immediates.off);
  if (is_checked() && base == machine_reg(bpf::Reg::r10)) {
    emit_.ld(t1, context_offset::frame, context_reg);
    return {t1, trunc<12>(off)};
  }
  if (is_checked()) {
    guard<W, kind>(base, in);
    return {t1, Bv<D, 12>::lit(0)};
  }
  if (fits_signed<12>(off)) return {base, trunc<12>(off)};
  emit_.lui(t1, upper_part(off));
  emit_.add(t1, t1, base);
  return {t1, trunc<12>(off)};
}

/// The same for instructions that have no offset.
template <PathDomain D>
template <unsigned W, Access kind>
Reg Translator<D>::single_register(Reg base, const Input& in) {
  const Mem mem = access<W, kind>(base, in);
  if (is_zero(mem.offset)) return mem.base;
  emit_.addi(t1, mem.base, mem.offset);
  return t1;
}

/// t1 = the host address of base + off, when the region table allows W bits there.
template <PathDomain D>
template <unsigned W, Access kind>
void Translator<D>::guard(Reg base, const Input& in) {
  constexpr unsigned bytes = W / 8;
  const Bv<D, 32> off = sext<32>(in.immediates.off);
  if (fits_signed<12>(off)) {
    emit_.addi(t1, base, trunc<12>(off));
  } else {
    emit_.load_fixed(t1, in.immediates.off);
    emit_.add(t1, t1, base);
  }
  emit_.srli(t2, t1, 32);
  emit_.ld(t3, context_offset::region_count, context_reg);
  const Skip known = emit_.skip_if(Cond::ltu, t2, t3);
  const std::uint32_t refused = emit_.size();
  assisted(in);
  emit_.land(known);
  emit_.ld(t3, context_offset::regions, context_reg);
  emit_.slli(t2, t2, region_layout::size_log2);
  emit_.add(t2, t2, t3);
  emit_.ld(t3, limit_field(kind, bytes), t2);
  emit_.zext_w(t1, t1);
  emit_.branch_back(Cond::geu, t1, t3, refused);
  if (is_ordered(kind) && bytes > 1) {
    emit_.andi(t4, t1, bytes - 1);
    emit_.branch_back(Cond::ne, t4, zero, refused);
  }
  emit_.ld(t2, region_layout::host, t2);
  emit_.add(t1, t1, t2);
}

template <PathDomain D>
template <MemOp op, unsigned W>
void Translator<D>::load(Reg dst, Reg src, const Input& in) {
  const Mem mem = access<W, Access::read>(src, in);
  emit_.load(W, op, dst, mem.offset, mem.base);
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::store_imm(Reg dst, const Input& in) {
  const Bv<D, 32> imm = in.immediates.imm;
  const Mem mem = access<W, Access::write>(dst, in);
  if (options_.blinding == Blinding::off && is_zero(imm)) {
    emit_.store(W, zero, mem.offset, mem.base);
    return;
  }
  load_imm(t5, imm, in);
  emit_.store(W, t5, mem.offset, mem.base);
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::store_reg(Reg dst, Reg src, const Input& in) {
  const Mem mem = access<W, Access::write>(dst, in);
  emit_.store(W, src, mem.offset, mem.base);
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::load_acquire(Reg dst, Reg src, const Input& in) {
  const Mem mem = access<W, Access::ordered_read>(src, in);
  emit_.load(W, MemOp::zero, dst, mem.offset, mem.base);
  emit_.fence(fence_reads, fence_all);
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::store_release(Reg dst, Reg src, const Input& in) {
  const Mem mem = access<W, Access::ordered_write>(dst, in);
  emit_.fence(fence_all, fence_writes);
  emit_.store(W, src, mem.offset, mem.base);
}

/// Fetching forms leave the old value in src; a word is sign-extended there.
template <PathDomain D>
template <AtomicOp op, unsigned W>
void Translator<D>::atomic(Reg dst, Reg src, const Input& in) {
  const Reg base = single_register<W, Access::ordered_write>(dst, in);
  if constexpr (op == AtomicOp::cmpxchg) {
    compare_exchange<W>(src, base);
  } else if constexpr (op == AtomicOp::add || op == AtomicOp::or_ || op == AtomicOp::and_ ||
                       op == AtomicOp::xor_) {
    update<op, W>(zero, src, base);
  } else {
    update<op, W>(src, src, base);
    if (W == 32) emit_.zext_w(src, src);
  }
}

template <PathDomain D>
template <AtomicOp op, unsigned W>
void Translator<D>::update(Reg old, Reg src, Reg base) {
  constexpr bool is64 = W == 64;
  constexpr Form form = [] {
    switch (op) {
      case AtomicOp::add:
      case AtomicOp::fetch_add: return is64 ? Form::amoadd_d : Form::amoadd_w;
      case AtomicOp::or_:
      case AtomicOp::fetch_or: return is64 ? Form::amoor_d : Form::amoor_w;
      case AtomicOp::and_:
      case AtomicOp::fetch_and: return is64 ? Form::amoand_d : Form::amoand_w;
      case AtomicOp::xor_:
      case AtomicOp::fetch_xor: return is64 ? Form::amoxor_d : Form::amoxor_w;
      case AtomicOp::xchg:
      case AtomicOp::cmpxchg: return is64 ? Form::amoswap_d : Form::amoswap_w;
    }
  }();
  emit_.template amo<form>(old, src, base, isa::Order::full);
}

/// r0 = the old value; it is compared with r0 and, when equal, src is stored. lr.w sign-extends, so
/// r0's low half is compared in that form.
template <PathDomain D>
template <unsigned W>
void Translator<D>::compare_exchange(Reg src, Reg base) {
  const Reg r0 = machine_reg(bpf::Reg::r0);
  if (W == 32) emit_.sext_w(t4, r0);
  const std::uint32_t retry = emit_.size();
  emit_.template load_reserved<W == 64 ? Form::lr_d : Form::lr_w>(t2, base, isa::Order::relaxed);
  const Skip different = emit_.skip_if(Cond::ne, t2, W == 32 ? t4 : r0);
  emit_.template amo<W == 64 ? Form::sc_d : Form::sc_w>(t3, src, base, isa::Order::release);
  emit_.branch_back(Cond::ne, t3, zero, retry);
  emit_.land(different);
  emit_.fence(fence_all, fence_all);
  if (W == 32)
    emit_.zext_w(r0, t2);
  else
    emit_.mv(r0, t2);
}

}  // namespace probity::jit::rv64
