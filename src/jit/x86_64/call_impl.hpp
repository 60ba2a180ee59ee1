// SPDX-License-Identifier: Apache-2.0
// Calls, exits and addresses of objects (RFC 9669, sections 4.3 and 5.4; bpf_tail_call as in
// Linux). See context.hpp for the frame: every eBPF function runs with rsp at its return address,
// 16-byte aligned.
#pragma once

#include "jit/x86_64/target.hpp"

namespace probity::jit::x86_64 {

/// r6..r10, which a local call preserves. With the return address they are 48 bytes.
inline constexpr std::array<Reg, 5> frame_registers = {rbx, r13, r14, r15, rbp};

/// The number that the assist stub expects in r9.
template <PathDomain D>
void Translator<D>::name_insn(const Input& in) {
  emit<x86::Form::mov_r32_imm32>(r9, in.insn);
}

template <PathDomain D>
void Translator<D>::assisted(const Input& in) {
  name_insn(in);
  jump_far(in.labels.assist);
}

/// r1..r5 are where the ABI wants them; the context is the sixth argument.
template <PathDomain D>
void Translator<D>::call_helper(const Input& in) {
  using enum x86::Form;
  emit<mov_rm64_imm32>(context(context_offset::insn), in.insn);
  emit<mov_rm64_r64>(r9, context_reg);
  emit<mov_r64_rm64>(r11, context(context_offset::helpers));
  emit<call_rm64>(Mem<D>{r11, shl(in.immediates.imm, literal(3))});
  emit<cmp_rm64_imm8>(context(context_offset::stop), Bv<D, 8>::lit(0));
  jump_far_if(Cond::ne, in.labels.leave);
}

template <PathDomain D>
void Translator<D>::call_local(const Input& in) {
  using enum x86::Form;
  emit<cmp_r64_rm64>(rbp, context(context_offset::last_frame));
  jump_far_if(Cond::e, go_cold(in));
  for (const Reg reg : frame_registers) emit<push_r64>(reg);
  if (is_checked()) {
    emit<mov_r64_imm64>(r11, Bv<D, 64>::lit(checked_frame_stride));
    emit<add_rm64_r64>(rbp, r11);
    emit<add_rm64_imm32>(context(context_offset::frame), literal(frame_bytes));
  } else {
    emit<add_rm64_imm32>(rbp, literal(unchecked_frame_stride));
  }
  emit<call_rel32>(in.labels.target - (position() + literal(5)));
  if (is_checked()) emit<sub_rm64_imm32>(context(context_offset::frame), literal(frame_bytes));
  for (std::size_t i = frame_registers.size(); i-- > 0;) emit<pop_r64>(frame_registers[i]);
}

template <PathDomain D>
void Translator<D>::exit(const Input&) {
  emit<x86::Form::ret>();
}

/// r2 is the handle of a map, (first_map + i) << 32, and r3 the index. Rotated, a handle has i +
/// first_map in its low half; whatever is no handle is out of range as a 64-bit number.
template <PathDomain D>
void Translator<D>::tail_call(const Input& in) {
  using enum x86::Form;
  move<64>(r10, machine_reg(bpf::Reg::r2));
  emit<rol_rm64_imm8>(r10, Bv<D, 8>::lit(32));
  emit<sub_rm64_imm32>(r10, literal(first_map));
  emit<cmp_r64_rm64>(r10, context(context_offset::tail_table_count));
  jump_far_if(Cond::ae, go_cold(in));
  emit<shl_rm64_imm8>(r10, Bv<D, 8>::lit(4));
  emit<add_r64_rm64>(r10, context(context_offset::tail_tables));
  move<32>(r11, machine_reg(bpf::Reg::r3));
  emit<cmp_r64_rm64>(r11, Mem<D>{r10, literal(offsetof(TailTable, count))});
  jump_far_if(Cond::ae, go_cold(in));
  emit<mov_r64_rm64>(r10, Mem<D>{r10, literal(offsetof(TailTable, entries))});
  emit<mov_r64_rm64>(r10, Mem<D>{.base = r10, .index = r11, .scale_log2 = 3});
  emit<test_rm64_r64>(r10, r10);
  jump_far_if(Cond::e, go_cold(in));
  emit<mov_r64_rm64>(r11, context(context_offset::tail_calls_left));
  emit<sub_rm64_imm8>(r11, Bv<D, 8>::lit(1));
  jump_far_if(Cond::b, go_cold(in));
  emit<mov_rm64_r64>(context(context_offset::tail_calls_left), r11);
  emit<jmp_rm64>(r10);
}

/// What the runtime resolved; 0 until it has.
template <PathDomain D>
void Translator<D>::load_address(Reg dst, const Input& in) {
  using enum x86::Form;
  emit<mov_r64_rm64>(r11, context(context_offset::addresses));
  emit<mov_r64_rm64>(r11, Mem<D>{r11, shl(in.address_index, literal(3))});
  emit<test_rm64_r64>(r11, r11);
  jump_far_if(Cond::e, go_cold(in));
  move<64>(dst, r11);
}

}  // namespace probity::jit::x86_64
