// SPDX-License-Identifier: Apache-2.0
// Available loads: inlined functions load the packet's pointers from ctx anew, each for itself.
// Where a register still has the one that is loaded, and nothing moved the packet since, it is
// copied. A kernel takes a pointer that was loaded anew for one of which no byte is checked; the
// copy has what was made sure of, so that the checks behind it fold.
#include <optional>

#include "opt/fact_rules.hpp"
#include "opt/generators.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Meaning;
using bpf::Reg;

bool is_packet_pointer(const Fact& fact) {
  return (fact.kind == Kind::packet || fact.kind == Kind::packet_end ||
          fact.kind == Kind::packet_meta) &&
         fact.offset == 0;
}

/// A register that has the same pointer: of those the one of which most bytes are checked.
std::optional<Reg> register_with(const Fact& pointer, const PointFacts& before) {
  std::optional<Reg> best;
  for (std::size_t reg = 0; reg < bpf::reg_count; ++reg) {
    const Fact& fact = before.regs[reg];
    if (fact.kind != pointer.kind || fact.offset != pointer.offset) continue;
    if (!best || fact.room > reg_of(before, *best).room) best = static_cast<Reg>(reg);
  }
  return best;
}

std::vector<Change> propose(const Version& version, const Aim&) {
  std::vector<Change> changes;
  for (std::uint32_t node = 0; node < version.code.size(); ++node) {
    const Node& load = version.code[node];
    const PointFacts& before = version.facts.before(node);
    if (!before.reached || load.patched || bpf::row(load.insn.form).meaning != Meaning::load) {
      continue;
    }
    if (reg_of(before, load.insn.src).kind != Kind::ctx) continue;
    const PointFacts behind = after(version.code, node, before, version.program);
    const Fact& loaded = reg_of(behind, load.insn.dst);
    if (!is_packet_pointer(loaded)) continue;
    const std::optional<Reg> holder = register_with(loaded, before);
    if (!holder) continue;
    bpf::Insn copy{Form::mov64_reg};
    copy.dst = load.insn.dst;
    copy.src = *holder;
    changes.push_back({"packet pointer at hand", {{node, 1, {replaced(load, copy)}}}});
  }
  return changes;
}

}  // namespace

Generator available_load_generator() {
  return {"available loads", propose};
}

}  // namespace probity::opt
