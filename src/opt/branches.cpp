// SPDX-License-Identifier: Apache-2.0
// Branches: jumps to jumps are threaded, and so are jumps to a branch that what holds on the
// jump's own way decides; jumps to the next insn are left out, conditions that the facts decide
// folded, a branch around a jump turned over, a jump to an exit becomes the exit, and code that
// only one jump leads to moves to where the jump is.
#include <algorithm>
#include <optional>

#include "isa/bpf/codec.hpp"
#include "opt/barrier.hpp"
#include "opt/fact_rules.hpp"
#include "opt/generators.hpp"
#include "opt/known_orders.hpp"
#include "opt/order.hpp"
#include "opt/reachable.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::JmpOp;
using bpf::Meaning;

/// Insns that a jump is followed past.
constexpr unsigned way_limit = 16;

Meaning meaning_of(const Node& node) {
  return bpf::row(node.insn.form).meaning;
}
bool is_goto(const Node& node) {
  return meaning_of(node) == Meaning::jump;
}
bool is_branch(const Node& node) {
  return meaning_of(node) == Meaning::branch;
}
bool is_exit(const Node& node) {
  return meaning_of(node) == Meaning::exit;
}
bool stores(const bpf::Insn& insn) {
  const auto access = access_of(insn);
  return access && access->stores;
}

std::optional<JmpOp> opposite(JmpOp op) {
  switch (op) {
    case JmpOp::jeq: return JmpOp::jne;
    case JmpOp::jne: return JmpOp::jeq;
    case JmpOp::jgt: return JmpOp::jle;
    case JmpOp::jle: return JmpOp::jgt;
    case JmpOp::jge: return JmpOp::jlt;
    case JmpOp::jlt: return JmpOp::jge;
    case JmpOp::jsgt: return JmpOp::jsle;
    case JmpOp::jsle: return JmpOp::jsgt;
    case JmpOp::jsge: return JmpOp::jslt;
    case JmpOp::jslt: return JmpOp::jsge;
    case JmpOp::ja:
    case JmpOp::jset: return std::nullopt;
  }
  return std::nullopt;
}

/// The branch that is taken when this one is not, if there is one up to that level.
std::optional<Form> opposite(Form form, bpf::Cpu level) {
  const bpf::Row& row = bpf::row(form);
  const std::optional<JmpOp> op = opposite(static_cast<JmpOp>(row.operation));
  if (!op) return std::nullopt;
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const bpf::Row& other = bpf::rows[i];
    const bool same = other.meaning == row.meaning && other.width == row.width &&
                      other.operands == row.operands &&
                      other.operation == static_cast<std::uint8_t>(*op);
    if (same && (other.cpu <= level || other.cpu <= row.cpu)) return static_cast<Form>(i);
  }
  return std::nullopt;
}

class Branches {
 public:
  Branches(const Version& version, const Aim& aim)
      : version_(version), aim_(aim), code_(version.code), entries_(code_.size() + 1, 0) {
    for (std::uint32_t at = 0; at < code_.size(); ++at) {
      if (code_[at].target != no_node) ++entries_[code_[at].target];
    }
    for (const std::uint32_t start : code_.subprog_starts()) ++entries_[start];
    if (std::ranges::any_of(code_.nodes(), compares_registers)) {
      equals_ = EqualValues::of(code_, version.facts);
    }
    orders_ = KnownOrders::of(code_, version.facts, equals_);
  }

  std::vector<Change> all() {
    // Alone: nobody else may come to jump to code that moves.
    std::vector<bool> taken(code_.size(), false);
    for (std::uint32_t at = 0; at < code_.size(); ++at) {
      if (!version_.facts.reached(at) || !is_goto(code_[at]) || code_[at].patched) continue;
      const std::size_t before = changes_.size();
      move_target(at);
      if (changes_.size() > before && !take(changes_.back(), taken)) changes_.pop_back();
    }
    if (!changes_.empty()) return std::move(changes_);
    for (std::uint32_t at = 0; at < code_.size(); ++at) {
      if (!version_.facts.reached(at) || code_[at].patched) continue;
      const std::size_t before = changes_.size();
      if (is_branch(code_[at])) branch(at);
      if (is_goto(code_[at]) && changes_.size() == before) jump(at);
      // Changes near one another would count on each other's insns.
      if (changes_.size() > before) ++at;
    }
    return std::move(changes_);
  }

 private:
  /// False when a node of the change is another one's.
  static bool take(const Change& change, std::vector<bool>& taken) {
    const auto each = [&](const auto& with) {
      for (const Splice& splice : change.splices) {
        for (std::uint32_t i = 0; i < splice.count; ++i) with(splice.first + i);
      }
    };
    bool free = true;
    each([&](std::uint32_t node) { free = free && !taken[node]; });
    if (free) each([&](std::uint32_t node) { taken[node] = true; });
    return free;
  }

  void replace(std::string_view rule, std::uint32_t at, const bpf::Insn& insn,
               std::uint32_t target) {
    Node node = replaced(code_[at], insn);
    node.target = target;
    changes_.push_back({std::string(rule), {{at, 1, {node}}}});
  }
  void remove(std::string_view rule, std::uint32_t at) {
    changes_.push_back({std::string(rule), {{at, 1, {}}}});
  }

  void branch(std::uint32_t at) {
    const Node& node = code_[at];
    if (node.target == at + 1) return remove("branch to the next insn", at);
    const PointFacts& facts = version_.facts.before(at);
    const auto ordered = orders_.decided(code_, at, equals_);
    if (ordered == false || !along(code_, at, facts, true)) return remove("branch never taken", at);
    if (ordered == true || !along(code_, at, facts, false)) {
      return replace("branch always taken", at, bpf::Insn{.form = Form::ja}, node.target);
    }
    if (at + 1 < code_.size() && is_goto(code_[at + 1])) return branch_before_jump(at);
    thread(at);
  }

  void branch_before_jump(std::uint32_t at) {
    const Node &node = code_[at], &jump = code_[at + 1];
    if (jump.target == node.target) return remove("branch with one target", at);
    const bool around = node.target == at + 2 && entries_[at + 1] == 0 && !jump.patched;
    const std::optional<Form> form = opposite(node.insn.form, aim_.cpu);
    if (!around || !form) return thread(at);
    bpf::Insn insn = node.insn;
    insn.form = *form;
    Node turned = replaced(node, insn);
    turned.target = jump.target;
    changes_.push_back({"branch around a jump", {{at, 2, {turned}}}});
  }

  /// To where a jump at the target leads.
  void thread(std::uint32_t at) {
    const Node& node = code_[at];
    const Node& there = code_[node.target];
    if (is_goto(there) && !there.patched && there.target != node.target) {
      return replace("jump to a jump", at, node.insn, there.target);
    }
    const std::uint32_t end = past_decided(at);
    if (end != node.target) replace("jump to a decided branch", at, node.insn, end);
  }

  /// Where the way of a jump leads to, past branches that what holds on this way decides and past
  /// insns that nobody there asks for.
  std::uint32_t past_decided(std::uint32_t at) const {
    auto facts = along(code_, at, version_.facts.before(at), true);
    const PointFacts begin = facts.value_or(PointFacts{});
    std::uint32_t end = code_[at].target;
    std::uint32_t here = end;
    RegisterSet written = 0;
    for (unsigned step = 0; facts && step < way_limit; ++step) {
      const Node& node = code_[here];
      if (is_branch(node) && !node.patched) {
        auto taken = along(code_, here, *facts, true), on = along(code_, here, *facts, false);
        if (taken.has_value() == on.has_value()) break;
        here = taken ? node.target : here + 1;
        facts = taken ? std::move(taken) : std::move(on);
        if (same_for(here, written, begin, *facts)) end = here;
        continue;
      }
      if (is_goto(node) && !node.patched) {
        here = node.target;
        continue;
      }
      if (is_fixed(code_, version_.facts, here) || stores(node.insn)) break;
      written |= registers_written(node.insn);
      facts = after(code_, here, std::move(*facts), version_.program);
      ++here;
    }
    return end;
  }

  /// Registers that were written on the way there: are they as before to who is there?
  bool same_for(std::uint32_t there, RegisterSet written, const PointFacts& before,
                const PointFacts& behind) const {
    const RegisterSet asked = written & version_.live.before(there).regs;
    for (std::size_t reg = 0; reg < bpf::reg_count; ++reg) {
      if ((asked >> reg & 1) == 0) continue;
      const auto value = before.regs[reg].constant();
      if (!value || value != behind.regs[reg].constant()) return false;
    }
    return true;
  }

  /// A kernel's JIT restores registers at the first exit of a function and jumps there from the
  /// others: with an exit before it, whoever leaves there would take a jump that it did without.
  bool may_exit(std::uint32_t at) const {
    if (aim_.goal == Goal::size) return true;
    const std::uint32_t first = code_.subprog_starts()[code_.subprog_of(at)];
    return std::ranges::any_of(code_.nodes().subspan(first, at - first), is_exit);
  }

  void jump(std::uint32_t at) {
    const Node& node = code_[at];
    if (node.target == at + 1) return remove("jump to the next insn", at);
    const Node& there = code_[node.target];
    if (is_exit(there) && may_exit(at)) {
      changes_.push_back({"jump to an exit", {{at, 1, {replaced(node, there.insn)}}}});
      return;
    }
    thread(at);
  }

  /// Code behind a jump or an exit that only this jump leads to, up to its own end.
  void move_target(std::uint32_t at) {
    const std::uint32_t first = code_[at].target;
    if (entries_[first] != 1 || first == 0 || falls_through(first - 1)) return;
    std::uint32_t end = first;
    while (true) {
      if (end == at || (end > first && entries_[end] > 0)) return;
      if (!falls_through(end++)) break;
      if (end == code_.size()) return;
    }
    if (code_.subprog_of(first) != code_.subprog_of(at)) return;
    Splice in{at, 1, {}}, out{first, end - first, {}};
    for (std::uint32_t i = first; i < end; ++i) in.with.push_back(code_[i]);
    Change change{"code moved to its jump", {}};
    if (at < first)
      change.splices = {std::move(in), std::move(out)};
    else
      change.splices = {std::move(out), std::move(in)};
    changes_.push_back(std::move(change));
  }

  bool falls_through(std::uint32_t node) const {
    return !is_goto(code_[node]) && !is_exit(code_[node]);
  }

  const Version& version_;
  const Aim& aim_;
  const Code& code_;
  std::vector<std::uint32_t> entries_;  ///< by node: jumps that lead there
  EqualValues equals_;
  KnownOrders orders_;
  std::vector<Change> changes_;
};

std::vector<Change> propose(const Version& version, const Aim& aim) {
  std::vector<Change> changes = Branches(version, aim).all();
  for (Change& change : changes) {
    change = with_what_it_cuts_off(version.code, std::move(change));
  }
  return changes;
}

}  // namespace

Generator branch_generator() {
  return {"branches", propose};
}

}  // namespace probity::opt
