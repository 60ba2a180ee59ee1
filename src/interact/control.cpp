// SPDX-License-Identifier: Apache-2.0
// For each branch, the blocks from each successor up the tree of post-dominators to the branch's
// own post-dominator depend on it.
#include "interact/control.hpp"

#include <vector>

#include "base/arena.hpp"
#include "isa/bpf/codec.hpp"
#include "program/cfg.hpp"
#include "program/flow.hpp"

namespace probity::interact {
namespace {

using program::Block;
using program::Cfg;
using program::no_block;
using Deciders = std::map<std::uint32_t, std::set<std::uint32_t>>;

void add_branch(const Cfg& cfg, const Block& branch, Deciders& deciders) {
  for (std::uint32_t at : branch.successors()) {
    for (; at != no_block && at != branch.postdominator; at = cfg.blocks[at].postdominator) {
      deciders[at].insert(branch.last_slot);
    }
  }
}

/// Hands what calls depend on down to the blocks of what is called, until nothing new comes.
Expected<void> add_calls(const program::View& view, const Cfg& cfg, Deciders& deciders) {
  struct Call {
    std::uint32_t from = 0;     // block
    std::uint32_t subprog = 0;  // callee
  };
  std::vector<Call> calls;
  for (std::uint32_t slot = 0; slot < view.slots.size();) {
    TRY(const bpf::Insn insn, bpf::decode(view.slots, slot));
    if (program::names_subprog(insn)) {
      const std::int64_t target = program::named_subprog_slot(insn, slot);
      for (std::uint32_t i = 0; i < view.subprogs.size(); ++i) {
        if (view.subprogs[i].first_slot == target) calls.push_back({cfg.block_of[slot], i});
      }
    }
    slot += insn.slot_count();
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (const Call& call : calls) {
      const std::set<std::uint32_t> above = deciders[call.from];
      for (std::uint32_t block = 0; block < cfg.blocks.size(); ++block) {
        if (cfg.blocks[block].subprog != call.subprog) continue;
        const std::size_t before = deciders[block].size();
        deciders[block].insert(above.begin(), above.end());
        grown = grown || deciders[block].size() != before;
      }
    }
  }
  return {};
}

}  // namespace

Expected<ControlDependence> ControlDependence::of(const program::View& view) {
  std::vector<std::byte> scratch(program::cfg_arena_bytes(view.slots.size(), view.subprogs.size()));
  Arena arena(scratch);
  TRY(const Cfg cfg, program::build_cfg(view, arena));
  ControlDependence result;
  for (std::uint32_t slot = 0; slot < cfg.block_of.size(); ++slot) {
    result.block_of_[slot] = cfg.block_of[slot];
  }
  for (const Block& block : cfg.blocks) {
    if (block.reachable && block.next != no_block && block.taken != no_block) {
      add_branch(cfg, block, result.deciders_);
    }
  }
  TRY(add_calls(view, cfg, result.deciders_));
  return result;
}

std::set<std::uint32_t> ControlDependence::direct(std::uint32_t slot) const {
  const auto block = block_of_.find(slot);
  if (block == block_of_.end()) return {};
  const auto found = deciders_.find(block->second);
  return found == deciders_.end() ? std::set<std::uint32_t>{} : found->second;
}

std::set<std::uint32_t> ControlDependence::transitive(std::uint32_t slot) const {
  std::set<std::uint32_t> all;
  std::vector<std::uint32_t> open{slot};
  while (!open.empty()) {
    const std::uint32_t next = open.back();
    open.pop_back();
    for (const std::uint32_t branch : direct(next)) {
      if (all.insert(branch).second) open.push_back(branch);
    }
  }
  return all;
}

}  // namespace probity::interact
