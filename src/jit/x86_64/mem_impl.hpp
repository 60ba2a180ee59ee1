// SPDX-License-Identifier: Apache-2.0
// Loads, stores and atomics (RFC 9669, sections 5.1 to 5.3; load-acquire and store-release as in
// Linux). With checked memory a guard turns the guest address into one of the host and leaves all
// eBPF registers alone, so that the runtime can still execute the instruction when it refuses. The
// cold part is the whole instruction again, with a guard that looks the region up. x86-64 loads
// acquire and stores release; locked instructions are full barriers.
#pragma once

#include "jit/x86_64/target.hpp"

namespace probity::jit::x86_64 {

using bpf::AtomicOp;
using bpf::MemOp;

/// Where the context keeps the region that a register named last.
template <PathDomain D>
Mem<D> Translator<D>::known(Reg base, std::size_t field) const {
  constexpr std::array<std::uint8_t, 16> number = [] {
    std::array<std::uint8_t, 16> inverse{};
    for (std::size_t i = 0; i < register_map.size(); ++i)
      inverse[static_cast<std::size_t>(register_map[i])] = static_cast<std::uint8_t>(i);
    return inverse;
  }();
  const std::size_t at = number[static_cast<std::size_t>(base)] * sizeof(KnownRegion) + field;
  return context(context_offset::known + static_cast<std::int32_t>(at));
}

/// The operand for base + off. With memory checked that is r11 (the region's host memory) + r10
/// (the offset in it), where base names the same region as before; if not, the cold part tells.
template <PathDomain D>
template <unsigned W, Access kind>
Mem<D> Translator<D>::access(Reg base, const Input& in) {
  const Mem<D> guest{base, sext<32>(in.immediates.off)};
  if (!is_checked()) return guest;
  if (base == machine_reg(bpf::Reg::r10)) {
    emit<x86::Form::mov_r64_rm64>(r11, context(context_offset::frame));
    return {r11, guest.disp};
  }
  const Bv<D, 32> refused = part_ == Part::cold ? in.labels.assist : go_cold(in);
  if (part_ == Part::cold) {
    find_region(guest, in);
  } else {
    emit<x86::Form::mov_r64_rm64>(r10, known(base, offsetof(KnownRegion, negative_base)));
    emit<x86::Form::mov_r64_rm64>(r11, known(base, offsetof(KnownRegion, region)));
  }
  add_effective(r10, guest);
  if constexpr (is_ordered(kind) && W > 8) {
    emit<x86::Form::test_rm8_imm8>(r10, Bv<D, 8>::lit(W / 8 - 1));
    jump_far_if(Cond::ne, refused);
  }
  emit<x86::Form::cmp_r64_rm64>(r10, Mem<D>{r11, literal(limit_field(kind, W / 8))});
  jump_far_if(Cond::ae, refused);
  emit<x86::Form::mov_r64_rm64>(r11, Mem<D>{r11, literal(region_layout::host)});
  return {.base = r11, .disp = literal(0), .index = r10};
}

/// r11 = the entry of the region that `guest` names, r10 = the negative of the region's address;
/// the context remembers both.
template <PathDomain D>
void Translator<D>::find_region(const Mem<D>& guest, const Input& in) {
  using enum x86::Form;
  name_insn(in);
  load_effective(r11, guest);
  emit<shr_rm64_imm8>(r11, Bv<D, 8>::lit(32));
  emit<cmp_r64_rm64>(r11, context(context_offset::region_count));
  jump_far_if(Cond::ae, in.labels.assist);
  emit<mov_rm64_r64>(r10, r11);
  emit<shl_rm64_imm8>(r10, Bv<D, 8>::lit(32));
  emit<neg_rm64>(r10);
  emit<mov_rm64_r64>(known(guest.base, offsetof(KnownRegion, negative_base)), r10);
  emit<shl_rm64_imm8>(r11, Bv<D, 8>::lit(region_layout::size_log2));
  emit<add_r64_rm64>(r11, context(context_offset::regions));
  emit<mov_rm64_r64>(known(guest.base, offsetof(KnownRegion, region)), r11);
}

/// dst += the address of `mem`.
template <PathDomain D>
void Translator<D>::add_effective(Reg dst, const Mem<D>& mem) {
  if (decide(mem.disp == literal(0)))
    emit<x86::Form::add_rm64_r64>(dst, mem.base);
  else
    emit<x86::Form::lea_r64_m>(dst, Mem<D>{.base = dst, .disp = mem.disp, .index = mem.base});
}

/// dst = the address of `mem`.
template <PathDomain D>
void Translator<D>::load_effective(Reg dst, const Mem<D>& mem) {
  if (decide(mem.disp == literal(0)))
    move<64>(dst, mem.base);
  else
    emit<x86::Form::lea_r64_m>(dst, mem);
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::read(Reg dst, const Mem<D>& mem) {
  using enum x86::Form;
  if constexpr (W == 8)
    emit<movzx_r32_rm8>(dst, mem);
  else if constexpr (W == 16)
    emit<movzx_r32_rm16>(dst, mem);
  else
    emit<W, mov_r32_rm32, mov_r64_rm64>(dst, mem);
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::write(const Mem<D>& mem, Reg src) {
  using enum x86::Form;
  if constexpr (W == 8)
    emit<mov_rm8_r8>(mem, src);
  else if constexpr (W == 16)
    emit<mov_rm16_r16>(mem, src);
  else
    emit<W, mov_rm32_r32, mov_rm64_r64>(mem, src);
}

template <PathDomain D>
template <MemOp op, unsigned W>
void Translator<D>::load(Reg dst, Reg src, const Input& in) {
  using enum x86::Form;
  const Mem<D> mem = access<W, Access::read>(src, in);
  if constexpr (op == MemOp::zero)
    read<W>(dst, mem);
  else if constexpr (W == 8)
    emit<movsx_r64_rm8>(dst, mem);
  else if constexpr (W == 16)
    emit<movsx_r64_rm16>(dst, mem);
  else
    emit<movsxd_r64_rm32>(dst, mem);
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::store_imm(Reg dst, const Input& in) {
  using enum x86::Form;
  const Bv<D, 32> imm = in.immediates.imm;
  const Mem<D> mem = access<W, Access::write>(dst, in);
  if (options_.blinding == Blinding::on) {
    load_blinded(r9, in);
    write<W>(mem, r9);
  } else if constexpr (W == 8) {
    emit<mov_rm8_imm8>(mem, trunc<8>(imm));
  } else if constexpr (W == 16) {
    emit<mov_rm16_imm16>(mem, trunc<16>(imm));
  } else {
    emit<W, mov_rm32_imm32, mov_rm64_imm32>(mem, imm);
  }
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::store_reg(Reg dst, Reg src, const Input& in) {
  write<W>(access<W, Access::write>(dst, in), src);
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::load_acquire(Reg dst, Reg src, const Input& in) {
  read<W>(dst, access<W, Access::ordered_read>(src, in));
}

template <PathDomain D>
template <unsigned W>
void Translator<D>::store_release(Reg dst, Reg src, const Input& in) {
  write<W>(access<W, Access::ordered_write>(dst, in), src);
}

template <PathDomain D>
template <AtomicOp op, unsigned W>
void Translator<D>::atomic(Reg dst, Reg src, const Input& in) {
  using enum x86::Form;
  const Mem<D> mem = access<W, Access::ordered_write>(dst, in);
  if constexpr (op == AtomicOp::add) {
    emit<W, lock_add_rm32_r32, lock_add_rm64_r64>(mem, src);
  } else if constexpr (op == AtomicOp::or_) {
    emit<W, lock_or_rm32_r32, lock_or_rm64_r64>(mem, src);
  } else if constexpr (op == AtomicOp::and_) {
    emit<W, lock_and_rm32_r32, lock_and_rm64_r64>(mem, src);
  } else if constexpr (op == AtomicOp::xor_) {
    emit<W, lock_xor_rm32_r32, lock_xor_rm64_r64>(mem, src);
  } else if constexpr (op == AtomicOp::fetch_add) {
    emit<W, lock_xadd_rm32_r32, lock_xadd_rm64_r64>(mem, src);
  } else if constexpr (op == AtomicOp::xchg) {
    emit<W, xchg_rm32_r32, xchg_rm64_r64>(mem, src);  // locked by itself
  } else if constexpr (op == AtomicOp::cmpxchg) {
    emit<W, lock_cmpxchg_rm32_r32, lock_cmpxchg_rm64_r64>(mem, src);
    if (W == 32) move<32>(rax, rax);  // not written when the values were equal
  } else {
    fetch_loop<op, W>(mem, src);
  }
}

/// src = the old value of a read-modify-write that the machine only has without a result: cmpxchg
/// until nobody came between, re-reading each time. It works in rax, so r10 keeps r0, which may be
/// the address or the operand.
template <PathDomain D>
template <AtomicOp op, unsigned W>
void Translator<D>::fetch_loop(const Mem<D>& mem, Reg src) {
  using enum x86::Form;
  constexpr AluOp update = op == AtomicOp::fetch_or    ? AluOp::or_
                           : op == AtomicOp::fetch_and ? AluOp::and_
                                                       : AluOp::xor_;
  static_assert(op == AtomicOp::fetch_or || op == AtomicOp::fetch_and || op == AtomicOp::fetch_xor);
  constexpr ArithmeticForms forms = arithmetic_forms(update);
  Mem<D> word = mem;
  if (mem.index) {
    emit<lea_r64_m>(r11, mem);
    word = {r11, literal(0)};
  } else if (mem.base == rax) {
    word.base = r10;
  }
  move<64>(r10, rax);
  const std::uint32_t retry = code_.size();
  read<W>(rax, word);
  move<W>(r9, rax);
  emit<W, forms.reg32, forms.reg64>(r9, src == rax ? r10 : src);
  emit<W, lock_cmpxchg_rm32_r32, lock_cmpxchg_rm64_r64>(word, r9);
  emit<jcc_rel8>(Cond::ne, Bv<D, 8>::lit(retry - (code_.size() + 2)));
  if (src == rax) return;
  move<W>(src, rax);
  move<64>(rax, r10);
}

}  // namespace probity::jit::x86_64
