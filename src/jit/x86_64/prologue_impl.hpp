// SPDX-License-Identifier: Apache-2.0
// The stubs of an image: in from the host, out to it, and to the runtime's assist and back. The
// System V ABI: rdi, rsi are the arguments of Enter; rbx, rbp, r12..r15 belong to the host; rsp is
// 16-byte aligned at a call.
#pragma once

#include "jit/x86_64/target.hpp"

namespace probity::jit::x86_64 {

/// The host's registers; with the return address they are 56 bytes, so that the body's own return
/// address aligns the stack again.
inline constexpr std::array<Reg, 6> host_registers = {rbx, rbp, r12, r13, r14, r15};

constexpr std::int32_t saved_register(std::size_t i) {
  return context_offset::registers + 8 * static_cast<std::int32_t>(i);
}

template <PathDomain D>
bool Translator<D>::insn(bpf::Form form, bpf::Reg dst, bpf::Reg src, const Input& in) {
  begin(in.labels.here);
  has_cold_ = false;
  dispatch(*this, form, dst, src, in);
  return true;
}

/// The label to jump to when something is rare.
template <PathDomain D>
Bv<D, 32> Translator<D>::go_cold(const Input& in) {
  has_cold_ = true;
  return in.labels.cold;
}

/// An access is made there as well; all else that is rare is left to the runtime.
template <PathDomain D>
void Translator<D>::cold(bpf::Form form, bpf::Reg dst, bpf::Reg src, const Input& in) {
  begin(in.labels.cold);
  if (bpf::row(form).meaning < bpf::Meaning::load) return assisted(in);
  part_ = Part::cold;
  dispatch(*this, form, dst, src, in);
  part_ = Part::hot;
  jump_far(in.labels.next);
}

template <PathDomain D>
void Translator<D>::begin(Bv<D, 32> here) {
  here_ = here;
  start_ = code_.size();
}

template <PathDomain D>
void Translator<D>::enter(const Labels<D>& labels) {
  using enum x86::Form;
  begin(labels.here);
  for (const Reg reg : host_registers) emit<push_r64>(reg);
  emit<mov_rm64_r64>(context_reg, rdi);
  emit<mov_rm64_r64>(r11, rsi);
  emit<mov_rm64_r64>(context(context_offset::entry_sp), rsp);
  for (const std::size_t i : {1, 2, 3, 4, 5, 10}) {
    emit<mov_r64_rm64>(register_map[i], context(saved_register(i)));
  }
  for (const std::size_t i : {0, 6, 7, 8, 9}) {
    emit<xor_rm32_r32>(register_map[i], register_map[i]);
  }
  emit<call_rm64>(r11);
  return_to_host();
}

/// From any depth: r0 is the result.
template <PathDomain D>
void Translator<D>::leave(const Labels<D>& labels) {
  begin(labels.here);
  emit<x86::Form::mov_r64_rm64>(rsp, context(context_offset::entry_sp));
  return_to_host();
}

template <PathDomain D>
void Translator<D>::return_to_host() {
  for (std::size_t i = host_registers.size(); i-- > 0;) emit<x86::Form::pop_r64>(host_registers[i]);
  emit<x86::Form::ret>();
}

/// r9 is the number of the instruction; see context.hpp.
template <PathDomain D>
void Translator<D>::assist(const Labels<D>& labels) {
  using enum x86::Form;
  begin(labels.here);
  for (std::size_t i = 0; i < bpf::reg_count; ++i) {
    emit<mov_rm64_r64>(context(saved_register(i)), register_map[i]);
  }
  emit<mov_rm64_r64>(rdi, context_reg);
  emit<mov_rm32_r32>(rsi, r9);
  emit<call_rm64>(context(context_offset::assist));
  emit<mov_rm64_r64>(r11, rax);
  for (std::size_t i = 0; i < bpf::reg_count; ++i) {
    emit<mov_r64_rm64>(register_map[i], context(saved_register(i)));
  }
  emit<jmp_rm64>(r11);
}

/// In the long forms of nop: 0F 1F with an address of 8, 7, 5, 4 or 3 bytes in all.
template <PathDomain D>
void Translator<D>::pad(unsigned count) {
  using enum x86::Form;
  for (; count >= 8; count -= 8) emit<nop_rm32>(Mem<D>{rax, literal(256), rax});
  if (count == 7) return emit<nop_rm32>(Mem<D>{rax, literal(256)});
  if (count >= 5) emit<nop_rm32>(Mem<D>{rax, literal(1), rax}), count -= 5;
  if (count == 4) return emit<nop_rm32>(Mem<D>{rax, literal(1)});
  if (count == 3) return emit<nop_rm32>(Mem<D>{rax});
  for (; count > 0; --count) emit<nop>();
}

template <PathDomain D>
void Translator<D>::end(const Input& in) {
  begin(in.labels.here);
  assisted(in);
}

}  // namespace probity::jit::x86_64
