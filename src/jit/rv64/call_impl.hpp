// SPDX-License-Identifier: Apache-2.0
// Calls, exit, addresses and the way to the assist stub (RFC 9669, section 4.3; context.hpp). A
// function is called with `jal s7` and returns with `jr s7`; its caller keeps r6..r10 and its own
// s7 on the stack, 48 bytes that keep sp aligned.
#pragma once

#include "jit/rv64/target.hpp"

namespace probity::jit::rv64 {

/// The number that the assist stub, or the helper's context, is given; below 2^31.
template <PathDomain D>
void Translator<D>::name_insn(Reg reg, const Input& in) {
  if (fits_signed<12>(in.insn))
    emit_.addi(reg, zero, trunc<12>(in.insn));
  else
    emit_.load_fixed(reg, in.insn);
}

/// The runtime executes this instruction; no eBPF register has changed yet.
template <PathDomain D>
void Translator<D>::assisted(const Input& in) {
  name_insn(number_reg, in);
  jump_far(in.labels.assist);
}

/// r1..r5 are the first five C arguments as they are; the sixth takes r0's register.
template <PathDomain D>
void Translator<D>::call_helper(const Input& in) {
  const Bv<D, 11> entry = concat(trunc<8>(in.immediates.imm), Bv<D, 3>::lit(0));
  name_insn(t1, in);
  emit_.sd(t1, context_offset::insn, context_reg);
  emit_.mv(a5, context_reg);
  emit_.ld(t1, context_offset::helpers, context_reg);
  emit_.load(64, bpf::MemOp::zero, t1, zext<12>(entry), t1);
  emit_.jalr(ra, t1);
  emit_.mv(machine_reg(bpf::Reg::r0), a0);
  emit_.ld(t1, context_offset::stop, context_reg);
  const Skip running = emit_.skip_if(Cond::eq, t1, zero);
  jump_far(in.labels.leave);
  emit_.land(running);
}

/// What a caller keeps, in this order from sp on.
inline constexpr std::array<Reg, 6> kept_registers = {s1, s2, s3, s4, s5, return_reg};
constexpr std::int32_t kept_bytes = 8 * static_cast<std::int32_t>(kept_registers.size());
static_assert(kept_bytes % 16 == 0);

/// What r10 points at in the host.
template <PathDomain D>
void Translator<D>::move_frame(std::int32_t bytes) {
  emit_.ld(t1, context_offset::frame, context_reg);
  emit_.addi(t1, t1, bytes);
  emit_.sd(t1, context_offset::frame, context_reg);
}

template <PathDomain D>
void Translator<D>::call_local(const Input& in) {
  const Reg frame = machine_reg(bpf::Reg::r10);
  emit_.ld(t1, context_offset::last_frame, context_reg);
  const Skip another = emit_.skip_if(Cond::ne, frame, t1);
  assisted(in);
  emit_.land(another);
  emit_.addi(sp, sp, -kept_bytes);
  for (std::int32_t i = 0; const Reg reg : kept_registers) emit_.sd(reg, 8 * i++, sp);
  if (is_checked()) {
    emit_.load_constant(t1, Bv<D, 64>::lit(checked_frame_stride), t2);
    emit_.add(frame, frame, t1);
    move_frame(frame_bytes);
  } else {
    emit_.addi(frame, frame, unchecked_frame_stride);
  }
  if (!emit_.jump_far(return_reg, distance(in.labels.target), return_reg)) reached_ = false;
  if (is_checked()) move_frame(-frame_bytes);
  for (std::int32_t i = 0; const Reg reg : kept_registers) emit_.ld(reg, 8 * i++, sp);
  emit_.addi(sp, sp, kept_bytes);
}

/// Enters element r3 of the prog_array whose handle is r2; whatever is in the way is assisted.
template <PathDomain D>
void Translator<D>::tail_call(const Input& in) {
  const Reg handle = machine_reg(bpf::Reg::r2);
  emit_.srli(t1, handle, 32);
  emit_.load_constant(t2, literal(first_map));
  emit_.sub(t1, t1, t2);
  emit_.ld(t2, context_offset::tail_table_count, context_reg);
  const Skip table = emit_.skip_if(Cond::ltu, t1, t2);
  const std::uint32_t refused = emit_.size();
  assisted(in);
  emit_.land(table);
  emit_.sext_w(t2, handle);
  emit_.branch_back(Cond::ne, t2, zero, refused);
  emit_.ld(t2, context_offset::tail_tables, context_reg);
  emit_.slli(t1, t1, 4);
  emit_.add(t1, t1, t2);
  emit_.ld(t2, offsetof(TailTable, count), t1);
  emit_.ld(t1, offsetof(TailTable, entries), t1);
  emit_.zext_w(t3, machine_reg(bpf::Reg::r3));
  emit_.branch_back(Cond::geu, t3, t2, refused);
  emit_.slli(t3, t3, 3);
  emit_.add(t1, t1, t3);
  emit_.ld(t1, 0, t1);
  emit_.branch_back(Cond::eq, t1, zero, refused);
  emit_.ld(t2, context_offset::tail_calls_left, context_reg);
  emit_.branch_back(Cond::eq, t2, zero, refused);
  emit_.addi(t2, t2, -1);
  emit_.sd(t2, context_offset::tail_calls_left, context_reg);
  emit_.jr(t1);
}

template <PathDomain D>
void Translator<D>::exit(const Input&) {
  emit_.jr(return_reg);
}

/// An address that the runtime has found, or finds now.
template <PathDomain D>
void Translator<D>::load_address(Reg dst, const Input& in) {
  emit_.ld(t2, context_offset::addresses, context_reg);
  emit_.ld_element(t1, t2, in.address_index);
  const Skip resolved = emit_.skip_if(Cond::ne, t1, zero);
  assisted(in);
  emit_.land(resolved);
  emit_.mv(dst, t1);
}

}  // namespace probity::jit::rv64
