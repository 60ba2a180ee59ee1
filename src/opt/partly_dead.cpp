// SPDX-License-Identifier: Apache-2.0
// Partly dead: what is stored in the frame, or only computed, before a branch and needed on one of
// its ways alone goes there. Compilers leave stores where the source has them: the key of a lookup
// and a zeroed structure are written before the checks that most packets do not pass. The number
// of insns stays, so this is for -Ospeed; which way is taken how often is the cost's business.
#include <algorithm>
#include <optional>
#include <vector>

#include "opt/generators.hpp"
#include "opt/order.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;

/// What is read from a place on.
struct Needs {
  RegisterSet regs = 0;
  StackSet stack;
};

class Branch {
 public:
  Branch(const Version& version, const std::vector<unsigned>& ways, std::uint32_t branch)
      : version_(version), code_(version.code), ways_(ways), branch_(branch) {}

  std::optional<Change> change(std::uint32_t first) {
    const Successors to = successors(code_, branch_);
    for (const auto& [way, other] : {std::pair{to.next, to.taken}, std::pair{to.taken, to.next}}) {
      if (way == other || way <= first || ways_[way] != 1) continue;
      if (way <= branch_ && way >= first) continue;
      std::vector<std::uint32_t> moved = nodes_for(first, way, other);
      if (!moved.empty()) return moving(moved, way);
    }
    return std::nullopt;
  }

 private:
  Needs needs_at(std::uint32_t node) const {
    const LivePoint& live = version_.live.before(node);
    return {live.regs, live.stack};
  }

  /// From the branch upwards: what nobody needs but that way, and those that go there.
  std::vector<std::uint32_t> nodes_for(std::uint32_t first, std::uint32_t way,
                                       std::uint32_t other) const {
    Needs wanted = needs_at(way);
    const Needs elsewhere = needs_at(other);
    std::vector<std::uint32_t> moved;
    std::vector<std::uint32_t> kept{branch_};
    for (std::uint32_t at = branch_; at-- > first;) {
      const bool goes = can_go(at, kept) && is_needed(at, wanted) && !is_needed(at, elsewhere);
      if (!goes) {
        kept.push_back(at);
        continue;
      }
      wanted.regs |= registers_read(code_[at].insn);
      moved.push_back(at);
    }
    // A value alone is not worth it: its register would have been used later anyway.
    const bool stores =
        std::ranges::any_of(moved, [&](std::uint32_t at) { return bytes_of(at).has_value(); });
    if (!stores) return {};
    std::ranges::reverse(moved);
    return moved;
  }

  bool can_go(std::uint32_t at, const std::vector<std::uint32_t>& kept) const {
    const Node& node = code_[at];
    if (node.patched || node.target != no_node || is_fixed(code_, version_.facts, at)) return false;
    const Meaning meaning = bpf::row(node.insn.form).meaning;
    const bool computes = meaning == Meaning::alu && registers_written(node.insn) != 0;
    if (!computes && !bytes_of(at)) return false;
    return std::ranges::all_of(kept, [&](std::uint32_t later) {
      if (later == branch_)
        return (registers_read(code_[branch_].insn) & registers_written(node.insn)) == 0;
      return commute(code_, version_.facts, at, later);
    });
  }

  /// The bytes of the frame that a store of known place writes.
  std::optional<std::pair<std::size_t, std::size_t>> bytes_of(std::uint32_t at) const {
    const std::optional<Access> access = access_of(code_[at].insn);
    if (!access || !access->stores) return std::nullopt;
    const Fact& base = version_.facts.reg(at, access->base);
    if (base.kind != Kind::stack || !base.offset) return std::nullopt;
    const std::int64_t low = *base.offset + access->off + static_cast<std::int64_t>(stack_bytes);
    if (low < 0 || low + access->bytes > static_cast<std::int64_t>(stack_bytes))
      return std::nullopt;
    return std::pair{static_cast<std::size_t>(low), static_cast<std::size_t>(low) + access->bytes};
  }

  bool is_needed(std::uint32_t at, const Needs& needs) const {
    const auto bytes = bytes_of(at);
    if (!bytes) return (registers_written(code_[at].insn) & needs.regs) != 0;
    for (std::size_t i = bytes->first; i < bytes->second; ++i)
      if (needs.stack[i]) return true;
    return false;
  }

  Change moving(const std::vector<std::uint32_t>& moved, std::uint32_t way) const {
    Change change{"partly dead", {}, {}};
    std::vector<Node> there;
    for (const std::uint32_t at : moved) {
      change.splices.push_back({at, 1, {}});
      there.push_back(code_[at]);
    }
    there.push_back(code_[way]);
    change.splices.push_back({way, 1, std::move(there)});
    std::ranges::sort(change.splices, {}, &Splice::first);
    return change;
  }

  const Version& version_;
  const Code& code_;
  const std::vector<unsigned>& ways_;
  std::uint32_t branch_;
};

std::vector<Change> propose(const Version& version, const Aim& aim) {
  std::vector<Change> changes;
  if (aim.goal != Goal::speed) return changes;
  const Code& code = version.code;
  const std::vector<bool> starts = block_starts(code);
  std::vector<unsigned> ways(code.size() + 1, 0);
  for (const std::uint32_t start : code.subprog_starts()) ++ways[start];
  for (std::uint32_t at = 0; at < code.size(); ++at) {
    const Successors to = successors(code, at);
    if (to.next != no_node) ++ways[to.next];
    if (to.taken != no_node) ++ways[to.taken];
  }
  std::uint32_t first = 0;
  for (std::uint32_t at = 0; at < code.size(); ++at) {
    if (starts[at]) first = at;
    if (bpf::row(code[at].insn.form).meaning != Meaning::branch || !version.facts.reached(at))
      continue;
    if (auto change = Branch(version, ways, at).change(first))
      changes.push_back(*std::move(change));
  }
  return changes;
}

}  // namespace

Generator partly_dead_generator() {
  return {"partly dead", propose};
}

}  // namespace probity::opt
