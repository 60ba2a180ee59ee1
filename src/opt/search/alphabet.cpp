// SPDX-License-Identifier: Apache-2.0
// See alphabet.hpp.
#include "opt/search/alphabet.hpp"

#include <bit>
#include <set>

#include "isa/bpf/codec.hpp"
#include "opt/computation.hpp"

namespace probity::opt::search {
namespace {

using bpf::AluOp;
using bpf::Form;
using bpf::Meaning;
using bpf::Operands;

std::vector<std::int32_t> constants_of(const Problem& problem) {
  std::set<std::int32_t> set = {0, 1, -1, 8, 16, 24, 32, 48, 56, 0xff, 0xffff};
  for (const bpf::Insn& insn : problem.insns) {
    const std::int64_t imm = insn.imm;
    if (bpf::row(insn.form).operands != Operands::dst_imm) continue;
    for (const std::int64_t near : {imm, -imm, ~imm, imm + 1, imm - 1, 32 - imm, 64 - imm}) {
      if (near == static_cast<std::int32_t>(near)) set.insert(static_cast<std::int32_t>(near));
    }
    const auto word = static_cast<std::uint32_t>(insn.imm);
    if (std::has_single_bit(word)) set.insert(std::countr_zero(word));
    if (insn.imm >= 0 && insn.imm < 31) set.insert(static_cast<std::int32_t>(1u << insn.imm));
  }
  std::vector<std::int32_t> own;
  for (const bpf::Insn& insn : problem.insns) {
    if (bpf::row(insn.form).operands == Operands::dst_imm) own.push_back(insn.imm);
  }
  for (const std::int64_t a : own) {
    for (const std::int64_t b : own) {
      for (const std::int64_t both : {a + b, a - b, a & b}) {
        if (both == static_cast<std::int32_t>(both)) set.insert(static_cast<std::int32_t>(both));
      }
    }
  }
  return {set.begin(), set.end()};
}

bool divides(AluOp op) {
  return op == AluOp::div || op == AluOp::sdiv || op == AluOp::mod || op == AluOp::smod;
}

}  // namespace

Alphabet::Alphabet(const Problem& problem, bpf::Cpu cpu) : by_dst_(bpf::reg_count) {
  for (unsigned reg = 0; reg < problem.registers(); ++reg) {
    if (problem.is_writable(reg)) writable_.push_back(reg);
  }
  add_forms(problem, cpu, constants_of(problem));
}

void Alphabet::add_forms(const Problem& problem, bpf::Cpu cpu,
                         const std::vector<std::int32_t>& constants) {
  const auto add = [&](bpf::Insn insn) {
    if (!has_legal_immediate(insn)) return;
    by_dst_[static_cast<std::size_t>(insn.dst)].push_back(insn);
    all_.push_back(insn);
  };
  bool has_division = false;  // expensive: only where the problem has one
  for (const bpf::Insn& insn : problem.insns) {
    const bpf::Row& row = bpf::row(insn.form);
    if (row.meaning == Meaning::alu) has_division |= divides(static_cast<AluOp>(row.operation));
  }
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const auto form = static_cast<Form>(i);
    const bpf::Row& row = bpf::row(form);
    const bool pure = row.meaning == Meaning::alu || row.meaning == Meaning::movsx ||
                      row.meaning == Meaning::byte_swap;
    if (!pure || row.cpu > cpu) continue;
    if (row.meaning == Meaning::alu && divides(static_cast<AluOp>(row.operation)) && !has_division)
      continue;
    if (row.operands == Operands::dst_imm && row.meaning == Meaning::alu) {
      immediate_forms_.push_back(form);
    }
    for (const unsigned dst : writable_) {
      bpf::Insn insn{form, static_cast<bpf::Reg>(dst)};
      if (row.operands == Operands::dst) add(insn);
      if (row.operands == Operands::dst_src) {
        for (unsigned src = 0; src < problem.registers(); ++src) {
          insn.src = static_cast<bpf::Reg>(src);
          add(insn);
        }
      }
      if (row.operands == Operands::dst_imm) {
        for (const std::int32_t constant : constants) {
          insn.imm = constant;
          add(insn);
        }
      }
    }
  }
}

std::optional<bpf::Insn> Alphabet::fitting(Form form, unsigned dst, const Lane& before,
                                           const Lane& after) {
  const bpf::Row& row = bpf::row(form);
  const std::uint64_t was = before[0];
  const std::uint64_t is = after[0];
  std::uint64_t imm = 0;
  switch (static_cast<AluOp>(row.operation)) {
    case AluOp::add: imm = is - was; break;
    case AluOp::sub: imm = was - is; break;
    case AluOp::xor_: imm = was ^ is; break;
    case AluOp::mov: imm = is; break;
    case AluOp::or_:
      for (std::size_t i = 0; i < lane_count; ++i) imm |= after[i] & ~before[i];
      break;
    case AluOp::and_:
      for (std::size_t i = 0; i < lane_count; ++i) imm |= after[i];
      break;
    case AluOp::mul:
    case AluOp::div:
    case AluOp::sdiv:
    case AluOp::lsh:
    case AluOp::rsh:
    case AluOp::neg:
    case AluOp::mod:
    case AluOp::smod:
    case AluOp::arsh: return std::nullopt;  // their constants are in the alphabet
  }
  const auto word = static_cast<std::int32_t>(imm);
  if (row.width == 64 && static_cast<std::uint64_t>(std::int64_t{word}) != imm) return std::nullopt;
  return bpf::Insn{form, static_cast<bpf::Reg>(dst), bpf::Reg::r0, 0, word, 0};
}

}  // namespace probity::opt::search
