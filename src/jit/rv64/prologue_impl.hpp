// SPDX-License-Identifier: Apache-2.0
// One eBPF instruction by its row, and the four stubs around them (context.hpp): enter with the
// epilogue that main's exit comes back to, leave with its own copy, assist, and the end behind the
// last instruction.
#pragma once

#include "jit/rv64/target.hpp"

namespace probity::jit::rv64 {

/// The host's registers that Enter saves, in this order from sp on.
inline constexpr std::array<Reg, 8> host_registers = {ra, s1, s2,          s3,
                                                      s4, s5, context_reg, return_reg};
constexpr std::int32_t host_bytes = 8 * static_cast<std::int32_t>(host_registers.size());
static_assert(host_bytes % 16 == 0);

constexpr std::int32_t register_offset(std::size_t i) {
  return context_offset::registers + 8 * static_cast<std::int32_t>(i);
}

template <PathDomain D>
void Translator<D>::begin(const Labels<D>& labels) {
  here_ = labels.here;
  start_ = emit_.size();
  reached_ = true;
}

template <PathDomain D>
bool Translator<D>::insn(bpf::Form form, bpf::Reg dst, bpf::Reg src, const Input& in) {
  begin(in.labels);
  dispatch(*this, form, dst, src, in);
  return reached_;
}

template <PathDomain D>
void Translator<D>::load_registers() {
  for (std::size_t i = 0; i < register_map.size(); ++i) {
    emit_.ld(register_map[i], register_offset(i), context_reg);
  }
}

template <PathDomain D>
void Translator<D>::return_to_host() {
  emit_.mv(a0, machine_reg(bpf::Reg::r0));
  for (std::int32_t i = 0; const Reg reg : host_registers) emit_.ld(reg, 8 * i++, sp);
  emit_.addi(sp, sp, host_bytes);
  emit_.jr(ra);
}

/// uint64_t Enter(Context*, body)
template <PathDomain D>
void Translator<D>::enter(const Labels<D>& labels) {
  begin(labels);
  emit_.addi(sp, sp, -host_bytes);
  for (std::int32_t i = 0; const Reg reg : host_registers) emit_.sd(reg, 8 * i++, sp);
  emit_.sd(sp, context_offset::entry_sp, a0);
  emit_.mv(context_reg, a0);
  emit_.mv(t1, a1);
  for (const bpf::Reg reg :
       {bpf::Reg::r1, bpf::Reg::r2, bpf::Reg::r3, bpf::Reg::r4, bpf::Reg::r5, bpf::Reg::r10}) {
    emit_.ld(machine_reg(reg), register_offset(static_cast<std::size_t>(reg)), context_reg);
  }
  for (const bpf::Reg reg :
       {bpf::Reg::r0, bpf::Reg::r6, bpf::Reg::r7, bpf::Reg::r8, bpf::Reg::r9}) {
    emit_.load_constant(machine_reg(reg), literal(0));
  }
  emit_.jalr(return_reg, t1);
  return_to_host();
}

template <PathDomain D>
void Translator<D>::leave(const Labels<D>& labels) {
  begin(labels);
  emit_.ld(sp, context_offset::entry_sp, context_reg);
  return_to_host();
}

/// Any scratch register is dead here, t0 holds the instruction's number.
template <PathDomain D>
void Translator<D>::assist(const Labels<D>& labels) {
  begin(labels);
  for (std::size_t i = 0; i < register_map.size(); ++i) {
    emit_.sd(register_map[i], register_offset(i), context_reg);
  }
  emit_.mv(a0, context_reg);
  emit_.mv(a1, number_reg);
  emit_.ld(t1, context_offset::assist, context_reg);
  emit_.jalr(ra, t1);
  emit_.mv(t1, a0);
  load_registers();
  emit_.jr(t1);
}

template <PathDomain D>
void Translator<D>::end(const Input& in) {
  begin(in.labels);
  assisted(in);
}

}  // namespace probity::jit::rv64
