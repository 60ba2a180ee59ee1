// SPDX-License-Identifier: Apache-2.0
// See register_use.hpp.
#include "program/register_use.hpp"

#include "isa/bpf/flow.hpp"
#include "program/helper.hpp"

namespace probity::program {
namespace {

constexpr std::uint16_t bit(unsigned reg) {
  return static_cast<std::uint16_t>(1u << reg);
}
constexpr std::uint16_t bit(bpf::Reg reg) {
  return bit(static_cast<unsigned>(reg));
}
constexpr std::uint16_t arguments = bit(1) | bit(2) | bit(3) | bit(4) | bit(5);
constexpr std::uint16_t caller_saved = bit(0u) | arguments;

std::uint16_t helper_reads(std::uint32_t id) {
  const Helper* helper = find_helper(id);
  if (helper == nullptr || !helper->is_modelled()) return arguments;
  std::uint16_t read = 0;
  for (unsigned i = 0; i < 5; ++i) {
    if (helper->args[i] != ArgKind::none) read |= bit(i + 1);
  }
  return read;
}

std::uint16_t call_reads(const bpf::Insn& insn) {
  if (insn.form == bpf::Form::call_helper) {
    return helper_reads(static_cast<std::uint32_t>(insn.imm));
  }
  return insn.form == bpf::Form::callx ? arguments | bit(insn.dst) : arguments;
}

bool compares(const bpf::Insn& insn) {
  return insn.form == bpf::Form::atomic32_cmpxchg || insn.form == bpf::Form::atomic64_cmpxchg;
}

}  // namespace

RegisterUse register_use(const bpf::Insn& insn) {
  RegisterUse use{registers_read(insn), 0};
  const auto written = bpf::written_register(insn);
  if (written) use.written = bit(*written);
  switch (bpf::row(insn.form).meaning) {
    case bpf::Meaning::call: return {call_reads(insn), caller_saved};
    case bpf::Meaning::exit: return {bit(0u), 0};
    case bpf::Meaning::load_packet:
      return {static_cast<std::uint16_t>(use.read | bit(6)), caller_saved};
    case bpf::Meaning::atomic:
      if (compares(insn)) use.written |= bit(0u);
      return use;
    case bpf::Meaning::alu:
    case bpf::Meaning::movsx:
    case bpf::Meaning::byte_swap:
    case bpf::Meaning::jump:
    case bpf::Meaning::may_goto:
    case bpf::Meaning::branch:
    case bpf::Meaning::load_imm64:
    case bpf::Meaning::load:
    case bpf::Meaning::store_imm:
    case bpf::Meaning::store_reg:
    case bpf::Meaning::load_acquire:
    case bpf::Meaning::store_release: return use;
  }
  return use;
}

std::uint16_t registers_read(const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  const std::uint16_t dst = bit(insn.dst);
  const std::uint16_t src = bit(insn.src);
  const std::uint16_t both = dst | src;
  const bool from_register = row.operands == bpf::Operands::dst_src;
  switch (row.meaning) {
    case bpf::Meaning::alu: {
      const bool moves = static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov;
      return static_cast<std::uint16_t>((moves ? 0 : dst) | (from_register ? src : 0));
    }
    case bpf::Meaning::movsx:
    case bpf::Meaning::load:
    case bpf::Meaning::load_acquire: return src;
    case bpf::Meaning::byte_swap:
    case bpf::Meaning::store_imm: return dst;
    case bpf::Meaning::branch: return row.operands == bpf::Operands::dst_src_off ? both : dst;
    case bpf::Meaning::store_reg:
    case bpf::Meaning::store_release: return both;
    case bpf::Meaning::atomic:
      return static_cast<std::uint16_t>(both | (compares(insn) ? bit(0u) : 0));
    case bpf::Meaning::load_packet:
      return row.operands == bpf::Operands::src_imm ? src : std::uint16_t{0};
    case bpf::Meaning::jump:
    case bpf::Meaning::may_goto:
    case bpf::Meaning::call:
    case bpf::Meaning::exit:
    case bpf::Meaning::load_imm64: return 0;
  }
  return 0;
}

}  // namespace probity::program
