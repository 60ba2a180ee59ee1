// SPDX-License-Identifier: Apache-2.0
// See upper_halves.hpp for the argument; here are the facts of each form.
#include "jit/upper_halves.hpp"

#include <algorithm>

namespace probity::jit {

namespace {

using bpf::Meaning;
using bpf::Operands;

bool takes_src(Operands operands) {
  return operands == Operands::dst_src || operands == Operands::dst_src_off;
}

/// ALU: dst is an operand but for mov. A 32-bit operation reads lower halves only.
Halves alu_reads(const bpf::Insn& insn, const bpf::Row& r) {
  if (r.width == 32) return 0;
  const bool dst_is_read = static_cast<bpf::AluOp>(r.operation) != bpf::AluOp::mov;
  return static_cast<Halves>((dst_is_read ? half_of(insn.dst) : 0) |
                             (takes_src(r.operands) ? half_of(insn.src) : 0));
}

Halves whole_value(bpf::Reg reg, unsigned width) {
  return width == 64 ? half_of(reg) : Halves{0};
}

Halves union_of_successors(const Plan& plan, std::span<const Halves> need, std::uint32_t slot) {
  const PlannedInsn& planned = plan.insns[slot];
  const Meaning meaning = bpf::row(planned.insn.form).meaning;
  Halves result = 0;
  if (planned.reach == Reach::jump) result = need[planned.target];
  if (meaning != Meaning::jump && meaning != Meaning::exit) {
    result = static_cast<Halves>(result | need[slot + planned.insn.slot_count()]);
  }
  return result;
}

Halves required(const Plan& plan, std::span<const Halves> need, std::uint32_t slot) {
  const PlannedInsn& planned = plan.insns[slot];
  if (planned.always_assist) return all_halves;
  const Halves after = union_of_successors(plan, need, slot);
  const int passed = after & ~upper_writes(planned.insn);
  return static_cast<Halves>(upper_reads(planned.insn) | passed);
}

}  // namespace

Halves upper_reads(const bpf::Insn& insn) {
  const bpf::Row& r = bpf::row(insn.form);
  switch (r.meaning) {
    case Meaning::alu: return alu_reads(insn, r);
    case Meaning::movsx: return 0;  // at most the lower half of src
    case Meaning::byte_swap: return whole_value(insn.dst, r.width);
    case Meaning::branch:
      return static_cast<Halves>(whole_value(insn.dst, r.width) |
                                 (takes_src(r.operands) ? whole_value(insn.src, r.width) : 0));
    case Meaning::jump:
    case Meaning::load_imm64: return 0;
    case Meaning::load:
    case Meaning::load_acquire: return half_of(insn.src);
    case Meaning::store_imm: return half_of(insn.dst);
    case Meaning::store_reg:
    case Meaning::store_release:
      return static_cast<Halves>(half_of(insn.dst) | whole_value(insn.src, r.width));
    case Meaning::atomic:  // cmpxchg compares r0
      return static_cast<Halves>(half_of(insn.dst) | whole_value(insn.src, r.width) |
                                 whole_value(bpf::Reg::r0, r.width));
    case Meaning::call:
    case Meaning::exit:
    case Meaning::may_goto:
    case Meaning::load_packet: return all_halves;
  }
  return all_halves;
}

Halves upper_writes(const bpf::Insn& insn) {
  switch (bpf::row(insn.form).meaning) {
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::load_imm64:
    case Meaning::load:
    case Meaning::load_acquire: return half_of(insn.dst);
    case Meaning::jump:
    case Meaning::branch:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::store_release:
    case Meaning::atomic:
    case Meaning::call:
    case Meaning::exit:
    case Meaning::may_goto:
    case Meaning::load_packet: return 0;
  }
  return 0;
}

void find_upper_halves(const Plan& plan, std::span<Halves> need) {
  const auto count = static_cast<std::uint32_t>(plan.insns.size());
  for (Halves& set : need) set = 0;
  need[count] = all_halves;  // the runtime continues there
  bool grew = true;
  for (unsigned pass = 0; grew; ++pass) {
    if (pass == upper_halves_pass_limit) {
      std::ranges::fill(need, all_halves);
      return;
    }
    grew = false;
    for (std::uint32_t slot = count; slot-- > 0;) {
      if (plan.insns[slot].reach == Reach::second) continue;
      const auto next = static_cast<Halves>(need[slot] | required(plan, need, slot));
      grew = grew || next != need[slot];
      need[slot] = next;
    }
  }
}

bool upper_halves_hold(const Plan& plan, std::span<const Halves> need) {
  const auto count = static_cast<std::uint32_t>(plan.insns.size());
  if (need.size() != count + 1u || need[count] != all_halves) return false;
  for (std::uint32_t slot = 0; slot < count; ++slot) {
    if (plan.insns[slot].reach == Reach::second) continue;
    if ((required(plan, need, slot) & ~need[slot]) != 0) return false;
  }
  return true;
}

bool is_upper_dead(const Plan& plan, std::span<const Halves> need, std::uint32_t slot) {
  const bpf::Insn& insn = plan.insns[slot].insn;
  return (upper_writes(insn) & half_of(insn.dst)) != 0 &&
         (union_of_successors(plan, need, slot) & half_of(insn.dst)) == 0;
}

}  // namespace probity::jit
