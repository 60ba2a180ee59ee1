// SPDX-License-Identifier: Apache-2.0
// Early exit: compilers give a function one return, `rX = r0; …; r0 = rX; exit`. A way that has
// its answer at hand leaves where it is: `rX = r0` before the return becomes an exit of its own,
// and `rX = i; goto return` becomes `r0 = i; exit`. No insn is added; what is left of the common
// return is often a constant then.
#include "isa/bpf/flow.hpp"
#include "opt/generators.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Meaning;
using bpf::Reg;

/// The register that a return hands over, where `at` is one: `r0 = rX; exit`.
std::optional<Reg> returned_at(const Code& code, std::uint32_t at) {
  if (at + 1 >= code.size()) return std::nullopt;
  const bpf::Insn& copy = code[at].insn;
  const bool copies = copy.form == Form::mov64_reg || copy.form == Form::mov32_reg;
  if (!copies || copy.dst != Reg::r0 || copy.src == Reg::r0) return std::nullopt;
  if (code[at + 1].insn.form != Form::exit) return std::nullopt;
  return copy.src;
}

Node exit_in_place_of(const Node& node) {
  return replaced(node, bpf::Insn{Form::exit});
}

/// `rX = r0` right before the return, or before a jump to it.
bool hands_over_r0(const Node& node, Reg result) {
  return node.insn.form == Form::mov64_reg && node.insn.dst == result && node.insn.src == Reg::r0;
}

/// An insn that computes the result without reading it.
std::optional<bpf::Insn> computed_into_r0(const Node& node, Reg result) {
  const bpf::Row& row = bpf::row(node.insn.form);
  const bool moves =
      (row.meaning == Meaning::alu && static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov) ||
      row.meaning == Meaning::load;
  if (!moves || node.patched || node.insn.dst != result) return std::nullopt;
  bpf::Insn insn = node.insn;
  insn.dst = Reg::r0;
  return insn;
}

std::vector<Change> propose(const Version& version, const Aim& aim) {
  // The kernel's JIT restores registers at the first exit of the code and jumps there from all
  // others: where that is a seldom one, the ways to it get longer (2.5 % on ten programs).
  if (aim.goal == Goal::speed) return {};
  const Code& code = version.code;
  const std::vector<bool> starts = block_starts(code);
  std::vector<Change> changes;
  for (std::uint32_t at = 0; at + 1 < code.size(); ++at) {
    if (starts[at + 1] && code[at + 1].target == no_node) {  // falls into what others jump to
      const auto result = returned_at(code, at + 1);
      if (!result || !hands_over_r0(code[at], *result)) continue;
      changes.push_back({"early exit", {{at, 1, {exit_in_place_of(code[at])}}}});
      continue;
    }
    const Node& jump = code[at + 1];
    if (bpf::row(jump.insn.form).meaning != Meaning::jump || starts[at + 1]) continue;
    const auto result = returned_at(code, jump.target);
    if (!result) continue;
    if (hands_over_r0(code[at], *result)) {
      changes.push_back({"early exit", {{at, 2, {exit_in_place_of(jump)}}}});
    } else if (const auto insn = computed_into_r0(code[at], *result)) {
      changes.push_back(
          {"early exit", {{at, 2, {replaced(code[at], *insn), exit_in_place_of(jump)}}}});
    }
  }
  return changes;
}

}  // namespace

Generator early_exit_generator() {
  return {"early exit", propose};
}

}  // namespace probity::opt
