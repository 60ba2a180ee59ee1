// SPDX-License-Identifier: Apache-2.0
// Sinking: where ways meet and a register holds what another one does, or a constant, whichever way
// control came, it is set there, once, and not on each way: a loop that keeps the result for each
// of its exits has one insn less to go round with.
#include <algorithm>
#include <optional>
#include <vector>

#include "opt/equal_values.hpp"
#include "opt/generators.hpp"
#include "opt/order.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Reg;

/// More places are not looked at in one round: each costs a walk over its subprogram.
constexpr unsigned most_candidates = 200;

bool is_in(RegisterSet set, Reg reg) {
  return (set & register_bit(reg)) != 0;
}

class Sinking {
 public:
  explicit Sinking(const Version& version)
      : version_(version),
        code_(version.code),
        equals_(EqualValues::of(version.code, version.facts)),
        ways_(version.code.size() + 1, 0) {
    for (std::uint32_t at = 0; at < code_.size(); ++at) {
      const Successors to = successors(code_, at);
      if (to.next != no_node) ++ways_[to.next];
      if (to.taken != no_node) ++ways_[to.taken];
    }
  }

  std::vector<Change> all() {
    for (std::uint32_t meet = 0; meet < code_.size(); ++meet) {
      const bool entry = std::ranges::binary_search(code_.subprog_starts(), meet);
      if (ways_[meet] < 2 || entry || !version_.facts.reached(meet)) continue;
      for (unsigned reg = 0; reg < 10; ++reg) sink(meet, static_cast<Reg>(reg));
    }
    return std::move(changes_);
  }

 private:
  /// What can be done at the meeting place so that the register has the value it has there.
  std::optional<bpf::Insn> setting(std::uint32_t meet, Reg reg) const {
    bpf::Insn insn{Form::mov64_reg};
    insn.dst = reg;
    const Equals& equals = equals_.before(meet);
    for (unsigned other = 0; other < 10; ++other) {
      const auto source = static_cast<Reg>(other);
      if (source == reg || !equals.are_equal(holder_of(reg), holder_of(source))) continue;
      insn.src = source;
      return insn;
    }
    const auto value = version_.facts.reg(meet, reg).constant();
    const auto number = static_cast<std::int32_t>(value.value_or(0));
    if (!value || static_cast<std::uint64_t>(std::int64_t{number}) != *value) return std::nullopt;
    insn.form = Form::mov64_imm;
    insn.imm = number;
    return insn;
  }

  void sink(std::uint32_t meet, Reg reg) {
    if (!is_in(version_.live.before(meet).regs, reg) || candidates_ == most_candidates) return;
    const std::optional<bpf::Insn> set = setting(meet, reg);
    if (!set) return;
    ++candidates_;
    const std::vector<std::uint32_t> dead = dead_without(meet, reg);
    if (dead.size() < 2) return;
    Change change{"set where ways meet", {}, {}};
    for (const std::uint32_t node : dead) change.splices.push_back({node, 1, {}});
    change.splices.push_back({meet, 1, {replaced(code_[meet], *set), code_[meet]}});
    std::ranges::sort(change.splices, {}, &Splice::first);
    changes_.push_back(std::move(change));
  }

  /// What only computes the register for the meeting place.
  std::vector<std::uint32_t> dead_without(std::uint32_t meet, Reg reg) const {
    const std::uint32_t subprog = code_.subprog_of(meet);
    const std::uint32_t first = code_.subprog_starts()[subprog];
    const std::uint32_t end = code_.subprog_starts()[subprog + 1];
    std::vector<bool> needed(end - first + 1, false);
    const auto needed_at = [&](std::uint32_t node) {
      return node != no_node && node != meet && needed[node - first];
    };
    const auto needed_behind = [&](std::uint32_t node) {
      const Successors to = successors(code_, node);
      return needed_at(to.next) || needed_at(to.taken);
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (std::uint32_t node = end; node-- > first;) {
        if (needed[node - first] || !is_in(version_.live.before(node).regs, reg)) continue;
        const bpf::Insn& insn = code_[node].insn;
        const bool needs = is_in(registers_read(insn), reg) ||
                           (!is_in(registers_written(insn), reg) && needed_behind(node));
        needed[node - first] = needs;
        changed = changed || needs;
      }
    }
    std::vector<std::uint32_t> result;
    for (std::uint32_t node = first; node < end; ++node) {
      const bool sets = registers_written(code_[node].insn) == register_bit(reg);
      if (!sets || node == meet || !version_.facts.reached(node)) continue;
      const bool dies = !needed_behind(node) && version_.live.is_live_after(code_, node, reg);
      if (dies && !is_fixed(code_, version_.facts, node)) result.push_back(node);
    }
    return result;
  }

  const Version& version_;
  const Code& code_;
  EqualValues equals_;
  std::vector<unsigned> ways_;
  unsigned candidates_ = 0;
  std::vector<Change> changes_;
};

std::vector<Change> propose(const Version& version, const Aim&) {
  return Sinking(version).all();
}

}  // namespace

Generator sinking_generator() {
  return {"sinking", propose};
}

}  // namespace probity::opt
