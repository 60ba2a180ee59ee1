// SPDX-License-Identifier: Apache-2.0
// See path_bounds.hpp.
#include "opt/path_bounds.hpp"

#include <algorithm>
#include <bit>

namespace probity::opt {
namespace {

using bpf::AluOp;
using term::Id;
using TermKind = term::Kind;

/// The largest value of `number` with which `claim` holds, if it compares it with a literal.
std::optional<term::Value> limit_in(const term::Store& store, Id claim, Id number) {
  const bool negated = store.kind(claim) == TermKind::not_;
  const Id relation = negated ? store.args(claim)[0] : claim;
  if (store.kind(relation) != TermKind::ult) return std::nullopt;
  // not (k < x), or x < k
  const auto literal = store.literal(store.args(relation)[negated ? 0 : 1]);
  if (!literal || store.args(relation)[negated ? 1 : 0] != number) return std::nullopt;
  if (negated) return *literal;
  return *literal == 0 ? 0 : *literal - 1;
}

/// By what else does an insn divide or multiply this register? 0: by no constant.
term::Value other_factor(const SymbolicRun& run, const term::Store& store, bpf::Reg reg) {
  const bpf::Insn& insn = run.node().insn;
  if (bpf::row(insn.form).operands == bpf::Operands::dst_imm) {
    return run.node().patched ? 0 : static_cast<std::uint32_t>(insn.imm);
  }
  const bpf::Reg other = reg == insn.dst ? insn.src : insn.dst;
  return store.literal(run.reg_term(static_cast<unsigned>(other))).value_or(0);
}

/// Products by smaller numbers are no divisions.
constexpr term::Value least_reciprocal = 0x100;

bool gains(AluOp operation, term::Value factor) {
  if (operation == AluOp::div || operation == AluOp::mod) return (factor & (factor - 1)) != 0;
  return operation == AluOp::mul && factor % 2 == 1 && factor >= least_reciprocal;
}

}  // namespace

Id narrowed(term::Store& store, Id value, std::span<const Id> path) {
  const bool extended = store.kind(value) == TermKind::concat &&
                        store.literal(store.args(value)[0]) == term::Value{0};
  const Id number = extended ? store.args(value)[1] : value;
  const unsigned width = store.width(number);
  unsigned bits = width;
  for (const Id claim : path) {
    const auto limit = limit_in(store, claim, number);
    if (!limit) continue;
    const auto high = static_cast<std::uint64_t>(*limit);
    bits = std::min(bits, std::max(64u - static_cast<unsigned>(std::countl_zero(high)), 1u));
  }
  return bits == width ? value : store.zext(store.width(value), store.extract(0, bits, number));
}

void narrow_operands(SymbolicRun* run, term::Store& store, std::span<const Id> path) {
  const bpf::Insn& insn = run->node().insn;
  const bpf::Row& row = bpf::row(insn.form);
  if (row.meaning != bpf::Meaning::alu || path.empty()) return;
  const bool by_register = row.operands == bpf::Operands::dst_src;
  for (const bpf::Reg reg : {insn.dst, by_register ? insn.src : insn.dst}) {
    if (!gains(static_cast<AluOp>(row.operation), other_factor(*run, store, reg))) continue;
    const auto index = static_cast<unsigned>(reg);
    run->set_reg_term(index, narrowed(store, run->reg_term(index), path));
  }
}

}  // namespace probity::opt
