// SPDX-License-Identifier: Apache-2.0
// Division: `R /= d` becomes `R *= M; R >>= s` where what is known of R allows it. A register to
// spare holds M when that is no immediate. `R %= d` becomes `wT = M; T *= R; T >>= s; T *= d; R -=
// T`. With R + 1 in place of R where M is rounded down, and `wR = wR` in front where a 32-bit
// division has to cut R first. More insns that take less time, hence with -Ospeed only. M and s:
// term/reciprocal.hpp, by which the proof sees the division.
#include <bit>
#include <limits>

#include "opt/generators.hpp"
#include "opt/order.hpp"
#include "term/reciprocal.hpp"

namespace probity::opt {
namespace {

using bpf::AluOp;
using bpf::Form;
using bpf::Insn;
using bpf::Reg;
using term::Reciprocal;

constexpr std::uint64_t largest_word = 0xffff'ffff;
constexpr std::uint64_t largest_immediate = 0x7fff'ffff;

struct Division {
  Reg reg = Reg::r0;
  bool remainder = false;
  bool cuts = false;  ///< a 32-bit division of more than 32 bits
  std::uint64_t divisor = 0;
  Reciprocal reciprocal;
};

/// All ones up to the highest bit that a number of at most `high` can have. A proof knows no more
/// where the number comes from another block.
std::uint64_t rounded_up(std::uint64_t high) {
  return high == 0 ? 0 : ~std::uint64_t{0} >> std::countl_zero(high);
}

std::optional<Division> division_at(const Version& version, std::uint32_t at) {
  const Node& node = version.code[at];
  const bpf::Row& row = bpf::row(node.insn.form);
  const bool computes = row.meaning == bpf::Meaning::alu && row.operands == bpf::Operands::dst_imm;
  if (!computes || node.patched || !version.facts.reached(at)) return std::nullopt;
  const auto operation = static_cast<AluOp>(row.operation);
  if (operation != AluOp::div && operation != AluOp::mod) return std::nullopt;
  const Fact& fact = version.facts.reg(at, node.insn.dst);
  if (fact.kind != Kind::number || node.insn.imm == 0) return std::nullopt;
  const auto known = static_cast<std::uint64_t>(fact.bits.high);
  Division division{node.insn.dst, operation == AluOp::mod, false, 0, {}};
  division.cuts = row.width == 32 && known > largest_word;
  division.divisor = row.width == 32 ? static_cast<std::uint32_t>(node.insn.imm)
                                     : static_cast<std::uint64_t>(std::int64_t{node.insn.imm});
  const std::uint64_t high = division.cuts ? largest_word : rounded_up(known);
  if (division.divisor > high) return std::nullopt;
  const auto found = term::reciprocal_of(division.divisor, high, 64, largest_word);
  if (!found) return std::nullopt;
  division.reciprocal = *found;
  return division;
}

/// A register that holds nothing there. Those that calls keep are only taken where the subprogram
/// writes them anyway: else a JIT saves one more.
std::optional<Reg> spare_register(const Version& version, std::uint32_t at, Reg taken) {
  const RegisterSet live = version.live.after(version.code, at).regs;
  const auto starts = version.code.subprog_starts();
  const std::uint32_t subprog = version.code.subprog_of(at);
  RegisterSet written = 0x3f;
  for (std::uint32_t i = starts[subprog]; i < starts[subprog + 1]; ++i) {
    written |= registers_written(version.code[i].insn);
  }
  for (unsigned reg = 0; reg < 10; ++reg) {
    const bool free = ((live >> reg | ~(written >> reg)) & 1) == 0;
    if (free && static_cast<Reg>(reg) != taken) return static_cast<Reg>(reg);
  }
  return std::nullopt;
}

Insn with_immediate(Form form, Reg dst, std::uint64_t imm) {
  Insn insn;
  insn.form = form;
  insn.dst = dst;
  insn.imm = static_cast<std::int32_t>(static_cast<std::uint32_t>(imm));
  return insn;
}
Insn with_register(Form form, Reg dst, Reg src) {
  Insn insn;
  insn.form = form;
  insn.dst = dst;
  insn.src = src;
  return insn;
}

Insn add(Reg dst, std::int32_t number) {
  return with_immediate(Form::add64_imm, dst, static_cast<std::uint32_t>(number));
}

std::vector<Insn> quotient(const Division& division, std::optional<Reg> spare) {
  const Reciprocal& by = division.reciprocal;
  const auto factor = static_cast<std::uint64_t>(by.factor);
  std::vector<Insn> insns;
  if (by.rounded == Reciprocal::Rounded::down) insns.push_back(add(division.reg, 1));
  if (factor <= largest_immediate) {
    insns.push_back(with_immediate(Form::mul64_imm, division.reg, factor));
  } else {
    if (!spare) return {};
    insns.push_back(with_immediate(Form::mov32_imm, *spare, factor));
    insns.push_back(with_register(Form::mul64_reg, division.reg, *spare));
  }
  insns.push_back(with_immediate(Form::rsh64_imm, division.reg, by.shift));
  return insns;
}

std::vector<Insn> remainder(const Division& division, std::optional<Reg> spare) {
  if (!spare || division.divisor > largest_immediate) return {};
  const Reciprocal& by = division.reciprocal;
  const bool down = by.rounded == Reciprocal::Rounded::down;
  std::vector<Insn> insns;
  if (down) insns.push_back(add(division.reg, 1));
  insns.push_back(with_immediate(Form::mov32_imm, *spare, static_cast<std::uint64_t>(by.factor)));
  insns.push_back(with_register(Form::mul64_reg, *spare, division.reg));
  insns.push_back(with_immediate(Form::rsh64_imm, *spare, by.shift));
  insns.push_back(with_immediate(Form::mul64_imm, *spare, division.divisor));
  if (down) insns.push_back(add(division.reg, -1));
  insns.push_back(with_register(Form::sub64_reg, division.reg, *spare));
  return insns;
}

std::optional<Change> product_for(const Version& version, std::uint32_t at) {
  const auto division = division_at(version, at);
  if (!division) return std::nullopt;
  const auto spare = spare_register(version, at, division->reg);
  std::vector<Insn> insns =
      division->remainder ? remainder(*division, spare) : quotient(*division, spare);
  if (insns.empty()) return std::nullopt;
  if (division->cuts) {
    insns.insert(insns.begin(), with_register(Form::mov32_reg, division->reg, division->reg));
  }
  // The last one gives what the division gave.
  std::vector<Node> nodes;
  for (const Insn& insn : insns) nodes.push_back(inserted(insn));
  nodes.back() = replaced(version.code[at], insns.back());
  return Change{"division by product", {{at, 1, std::move(nodes)}}};
}

std::vector<Change> propose(const Version& version, const Aim& aim) {
  std::vector<Change> changes;
  if (aim.goal != Goal::speed) return changes;
  for (std::uint32_t at = 0; at < version.code.size(); ++at) {
    if (auto change = product_for(version, at)) changes.push_back(*std::move(change));
  }
  return changes;
}

}  // namespace

Generator division_generator() {
  return {"division", propose};
}

}  // namespace probity::opt
