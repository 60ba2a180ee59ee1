// SPDX-License-Identifier: Apache-2.0
// What an insn may be that only computes: a register from registers and immediates, as the search
// and rules outside the table replace it. And which immediates such an insn may have, for a kernel.
#pragma once

#include "isa/bpf/insn.hpp"

namespace probity::opt {

constexpr bool is_computation(bpf::Form form) {
  switch (bpf::row(form).meaning) {
    case bpf::Meaning::alu:
    case bpf::Meaning::movsx:
    case bpf::Meaning::byte_swap: return true;
    case bpf::Meaning::load_imm64: return form == bpf::Form::lddw;
    case bpf::Meaning::jump:
    case bpf::Meaning::may_goto:
    case bpf::Meaning::branch:
    case bpf::Meaning::call:
    case bpf::Meaning::exit:
    case bpf::Meaning::load_packet:
    case bpf::Meaning::load:
    case bpf::Meaning::store_imm:
    case bpf::Meaning::store_reg:
    case bpf::Meaning::atomic:
    case bpf::Meaning::load_acquire:
    case bpf::Meaning::store_release: return false;
  }
  return false;
}

/// Are shift counts below the width, and no divisor a constant 0? A kernel asks for both.
constexpr bool has_legal_immediate(const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  if (row.meaning != bpf::Meaning::alu || row.operands != bpf::Operands::dst_imm) return true;
  switch (static_cast<bpf::AluOp>(row.operation)) {
    case bpf::AluOp::lsh:
    case bpf::AluOp::rsh:
    case bpf::AluOp::arsh: return insn.imm >= 0 && insn.imm < row.width;
    case bpf::AluOp::div:
    case bpf::AluOp::sdiv:
    case bpf::AluOp::mod:
    case bpf::AluOp::smod: return insn.imm != 0;
    case bpf::AluOp::mov:
    case bpf::AluOp::mul:
    case bpf::AluOp::neg:
    case bpf::AluOp::add:
    case bpf::AluOp::sub:
    case bpf::AluOp::or_:
    case bpf::AluOp::and_:
    case bpf::AluOp::xor_: return true;
  }
  return true;
}

}  // namespace probity::opt
