// SPDX-License-Identifier: Apache-2.0
// Dead code: what nobody can notice is left out. A plain load is as pure as arithmetic, as the
// program is safe; calls, atomics and what a loader patches stay, but for
// numbers.
#include "opt/barrier.hpp"
#include "opt/generators.hpp"
#include "opt/order.hpp"
#include "opt/reachable.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;

Change removal(std::string_view rule, std::uint32_t node) {
  return {std::string(rule), {{node, 1, {}}}};
}

bool is_dead_value(const Version& version, std::uint32_t node) {
  const bpf::Insn& insn = version.code[node].insn;
  const bool stays = is_fixed(version.code, version.facts, node);
  if (stays && !has_patched_number(version.code[node])) return false;
  const RegisterSet written = registers_written(insn);
  return written != 0 && (written & version.live.after(version.code, node).regs) == 0;
}

/// A store to a known place of this frame of which no byte is read behind it.
bool is_dead_store(const Version& version, std::uint32_t node) {
  const Node& store = version.code[node];
  const std::optional<Access> access = access_of(store.insn);
  if (store.patched || !access || !access->stores) return false;
  const Fact& base = version.facts.reg(node, access->base);
  if (base.kind != Kind::stack || !base.offset) return false;
  const std::int64_t start = *base.offset + access->off + static_cast<std::int64_t>(stack_bytes);
  if (start < 0 || start + access->bytes > static_cast<std::int64_t>(stack_bytes)) return false;
  const StackSet& live = version.live.after(version.code, node).stack;
  for (unsigned i = 0; i < access->bytes; ++i) {
    if (live[static_cast<std::size_t>(start) + i]) return false;
  }
  return true;
}

std::vector<Change> propose(const Version& version, const Aim&) {
  std::vector<Change> changes;
  const std::vector<bool> seen = reachable(version.code);
  for (std::uint32_t node = 0; node < version.code.size(); ++node) {
    if (!seen[node]) {
      changes.push_back(removal("unreachable code", node));
    } else if (!version.facts.reached(node)) {
      continue;
    } else if (is_dead_value(version, node)) {
      changes.push_back(removal("dead code", node));
    } else if (is_dead_store(version, node)) {
      changes.push_back(removal("dead store", node));
    }
  }
  return changes;
}

}  // namespace

Generator dead_code_generator() {
  return {"dead code", propose};
}

}  // namespace probity::opt
