// SPDX-License-Identifier: Apache-2.0
// Choice store: `A = i; if c goto L; A = j; L: *(P + o) = A` with A dead behind it becomes two
// stores of constants, `*(P + o) = i; if c goto L; *(P + o) = j; L:`.
#include <algorithm>
#include <limits>

#include "opt/barrier.hpp"
#include "opt/generators.hpp"
#include "program/register_use.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Meaning;
using bpf::Reg;

bool uses(const Node& node, Reg reg) {
  const auto use = program::register_use(node.insn);
  return ((use.read | use.written) >> static_cast<unsigned>(reg) & 1) != 0;
}
bool writes(const Node& node, Reg reg) {
  return (program::register_use(node.insn).written >> static_cast<unsigned>(reg) & 1) != 0;
}

/// The constant that `node` gives `reg`, if that is all it does.
std::optional<std::int32_t> constant_into(const Node& node, Reg reg) {
  const bool moves = node.insn.form == Form::mov64_imm || node.insn.form == Form::mov32_imm;
  if (!moves || node.insn.dst != reg || node.patched) return std::nullopt;
  const bool wide_differs = node.insn.form == Form::mov32_imm && node.insn.imm < 0;
  if (wide_differs) return std::nullopt;
  return node.insn.imm;
}

std::optional<Form> immediate_store(Form form) {
  switch (form) {
    case Form::stxb: return Form::stb;
    case Form::stxh: return Form::sth;
    case Form::stxw: return Form::stw;
    case Form::stxdw: return Form::stdw;
    default: return std::nullopt;
  }
}

unsigned ways_to(const Code& code, std::uint32_t node) {
  unsigned ways = 0;
  for (std::uint32_t at = 0; at < code.size(); ++at) {
    const Successors to = successors(code, at);
    ways += (to.next == node) + (to.taken == node);
  }
  return ways;
}

/// The choice whose store is at `at`.
std::optional<Change> choice_before(const Version& version, std::uint32_t at) {
  const Code& code = version.code;
  const Node& store = code[at];
  const auto form = immediate_store(store.insn.form);
  if (!form || at < 3 || store.patched || ways_to(code, at) != 2) return std::nullopt;
  const Reg value = store.insn.src;
  const Node& branch = code[at - 2];
  const auto otherwise = constant_into(code[at - 1], value);
  if (!otherwise || bpf::row(branch.insn.form).meaning != Meaning::branch) return std::nullopt;
  if (branch.target != at || uses(branch, value) || ways_to(code, at - 1) != 1) return std::nullopt;
  if (version.live.is_live_after(code, at, value) || value == store.insn.dst) return std::nullopt;
  const std::vector<bool> starts = block_starts(code);
  for (std::uint32_t def = at - 2; def-- > 0;) {
    if (starts[def + 1]) return std::nullopt;
    if (const auto first = constant_into(code[def], value)) {
      bpf::Insn st = store.insn;
      st.form = *form;
      st.src = Reg::r0;
      st.imm = *first;
      Change change{"choice store", {{def, 1, {replaced(code[def], st)}}}};
      st.imm = *otherwise;
      change.splices.push_back({at - 1, 1, {replaced(code[at - 1], st)}});
      change.splices.push_back({at, 1, {}});
      return change;
    }
    const Meaning meaning = bpf::row(code[def].insn.form).meaning;
    const bool touches_memory = meaning != Meaning::alu && meaning != Meaning::movsx &&
                                meaning != Meaning::byte_swap && meaning != Meaning::load_imm64;
    if (touches_memory && meaning != Meaning::load) return std::nullopt;
    if (uses(code[def], value) || writes(code[def], store.insn.dst)) return std::nullopt;
  }
  return std::nullopt;
}

std::vector<Change> propose(const Version& version, const Aim&) {
  std::vector<Change> changes;
  for (std::uint32_t at = 0; at < version.code.size(); ++at) {
    if (auto change = choice_before(version, at)) changes.push_back(*std::move(change));
  }
  return changes;
}

}  // namespace

Generator choice_store_generator() {
  return {"choice store", propose};
}

}  // namespace probity::opt
