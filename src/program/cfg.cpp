// SPDX-License-Identifier: Apache-2.0
// Building the CFG: leaders, blocks, edges, then two depth-first walks - forward for reachability
// and back edges, backward from the virtual exit for the order in which post-dominators converge
// fast. All recursion is explicit.
#include "program/cfg.hpp"

#include "isa/bpf/codec.hpp"
#include "program/flow.hpp"
#include "program/message.hpp"

namespace probity::program {

namespace {

using bpf::Insn;

class Builder {
 public:
  Builder(const View& view, Arena& arena) : view_(view), arena_(arena) {}

  Expected<Cfg> run() {
    TRY(find_leaders());
    TRY(make_blocks());
    TRY(connect());
    TRY(walk_forward());
    TRY(find_postdominators());
    return cfg_;
  }

 private:
  Expected<void> find_leaders();
  Expected<void> make_blocks();
  Expected<void> connect();
  Expected<void> walk_forward();
  Expected<void> list_predecessors();
  Expected<void> walk_backward();
  Expected<void> find_postdominators();
  std::uint32_t meet(std::uint32_t a, std::uint32_t b) const;

  template <typename T>
  Expected<std::span<T>> take(std::size_t count) {
    const std::span<T> result = arena_.take<T>(count);
    if (result.size() == count) return result;
    return Message("no scratch memory for the CFG of ")
        .number(view_.slots.size())
        .text(" slots")
        .limit();
  }

  const View& view_;
  Arena& arena_;
  Cfg cfg_;
  std::span<std::uint8_t> leader_;       // by slot
  std::span<std::uint32_t> first_pred_;  // by block + 1: where its predecessors start
  std::span<std::uint32_t> preds_;
  std::span<std::uint32_t> exits_first_;  // blocks in reverse postorder of the reversed graph
  std::span<std::uint32_t> rank_;         // position in exits_first_; the virtual exit precedes all
};

bool ends_block(const InsnFlow& flow) {
  return !flow.falls_through || flow.jumps || flow.may_end;
}

Expected<void> Builder::find_leaders() {
  const std::size_t slot_count = view_.slots.size();
  if (slot_count == 0 || slot_count > slot_count_limit) {
    return Message("program has ")
        .number(slot_count)
        .text(" slots (1..")
        .number(slot_count_limit)
        .text(")")
        .bad_input();
  }
  TRY(leader_, take<std::uint8_t>(slot_count));
  for (const Subprog& subprog : view_.subprogs) {
    if (subprog.first_slot < slot_count) leader_[subprog.first_slot] = 1;
  }
  leader_[0] = 1;
  for (std::uint32_t slot = 0; slot < slot_count;) {
    TRY(const Insn insn, bpf::decode(view_.slots, slot));
    const InsnFlow flow = flow_of(insn, slot);
    const std::uint32_t end = slot + insn.slot_count();
    if (ends_block(flow) && end < slot_count) leader_[end] = 1;
    if (flow.jumps) {
      if (flow.target < 0 || flow.target >= static_cast<std::int64_t>(slot_count)) {
        return at_slot(slot, insn)
            .text(" to slot ")
            .signed_number(flow.target)
            .text(", outside the program's ")
            .number(slot_count)
            .text(" slots")
            .bad_input();
      }
      leader_[static_cast<std::size_t>(flow.target)] = 1;
    }
    slot = end;
  }
  return {};
}

Expected<void> Builder::make_blocks() {
  const std::uint32_t slot_count = static_cast<std::uint32_t>(view_.slots.size());
  std::size_t count = 0;
  for (const std::uint8_t leader : leader_) count += leader;
  TRY(cfg_.blocks, take<Block>(count));
  TRY(const std::span<std::uint32_t> block_of, take<std::uint32_t>(slot_count));
  std::uint32_t n = 0;
  std::uint32_t subprog = 0;
  for (std::uint32_t slot = 0; slot < slot_count;) {
    TRY(const Insn insn, bpf::decode(view_.slots, slot));
    if (leader_[slot] != 0) {
      while (subprog + 1 < view_.subprogs.size() &&
             view_.subprogs[subprog + 1].first_slot <= slot) {
        ++subprog;
      }
      cfg_.blocks[n].first_slot = slot;
      cfg_.blocks[n].subprog = subprog;
      ++n;
    }
    const std::uint32_t end = slot + insn.slot_count();
    cfg_.blocks[n - 1].last_slot = slot;
    cfg_.blocks[n - 1].end_slot = end;
    for (; slot < end; ++slot) block_of[slot] = n - 1;
  }
  cfg_.blocks = cfg_.blocks.first(n);  // a leader inside lddw starts no block
  cfg_.block_of = block_of;
  TRY(const std::span<std::uint32_t> entries, take<std::uint32_t>(view_.subprogs.size()));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::uint32_t first = view_.subprogs[i].first_slot;
    entries[i] = first < slot_count ? block_of[first] : no_block;
  }
  cfg_.entry_block = entries;
  return {};
}

Expected<void> Builder::connect() {
  for (Block& block : cfg_.blocks) {
    TRY(const Insn insn, bpf::decode(view_.slots, block.last_slot));
    const InsnFlow flow = flow_of(insn, block.last_slot);
    block.may_end = flow.may_end;
    const auto block_in_subprog = [&](std::uint32_t slot) {
      const std::uint32_t to = cfg_.block_of[slot];
      return cfg_.blocks[to].subprog == block.subprog ? to : no_block;
    };
    if (flow.falls_through && block.end_slot < view_.slots.size()) {
      block.next = block_in_subprog(block.end_slot);
    }
    if (flow.jumps) block.taken = block_in_subprog(static_cast<std::uint32_t>(flow.target));
  }
  return {};
}

/// Depth-first from each subprogram: an edge to a block still on the stack is a back edge.
Expected<void> Builder::walk_forward() {
  struct Visit {
    std::uint32_t block;
    std::uint32_t next_edge;
  };
  const std::size_t count = cfg_.blocks.size();
  TRY(const std::span<Visit> stack, take<Visit>(count));
  TRY(const std::span<std::uint8_t> on_stack, take<std::uint8_t>(count));
  TRY(const std::span<BackEdge> back_edges, take<BackEdge>(2 * count));
  std::size_t back_edge_count = 0;
  for (const std::uint32_t entry : cfg_.entry_block) {
    if (entry == no_block || cfg_.blocks[entry].reachable) continue;
    std::size_t depth = 0;
    const auto enter = [&](std::uint32_t block) {
      cfg_.blocks[block].reachable = true;
      on_stack[block] = 1;
      stack[depth++] = {block, 0};
    };
    enter(entry);
    while (depth != 0) {
      Visit& visit = stack[depth - 1];
      if (visit.next_edge == 2) {
        on_stack[visit.block] = 0;
        --depth;
        continue;
      }
      const std::uint32_t to = cfg_.blocks[visit.block].successors()[visit.next_edge++];
      if (to == no_block) continue;
      if (on_stack[to] != 0) {
        back_edges[back_edge_count++] = {visit.block, to};
        cfg_.blocks[to].loop_head = true;
      } else if (!cfg_.blocks[to].reachable) {
        enter(to);
      }
    }
  }
  cfg_.back_edges = back_edges.first(back_edge_count);
  return {};
}

Expected<void> Builder::list_predecessors() {
  const std::size_t count = cfg_.blocks.size();
  TRY(first_pred_, take<std::uint32_t>(count + 1));
  TRY(preds_, take<std::uint32_t>(2 * count));
  for (const Block& block : cfg_.blocks) {
    for (const std::uint32_t to : block.successors()) {
      if (to != no_block) ++first_pred_[to + 1];
    }
  }
  for (std::size_t i = 0; i < count; ++i) first_pred_[i + 1] += first_pred_[i];
  TRY(const std::span<std::uint32_t> filled, take<std::uint32_t>(count));
  for (std::uint32_t from = 0; from < count; ++from) {
    for (const std::uint32_t to : cfg_.blocks[from].successors()) {
      if (to != no_block) preds_[first_pred_[to] + filled[to]++] = from;
    }
  }
  return {};
}

/// Depth-first from the virtual exit along predecessors; fills exits_first_ and rank_.
Expected<void> Builder::walk_backward() {
  struct Visit {
    std::uint32_t block;
    std::uint32_t next_pred;
  };
  const std::size_t count = cfg_.blocks.size();
  TRY(const std::span<Visit> stack, take<Visit>(count));
  TRY(exits_first_, take<std::uint32_t>(count));
  TRY(rank_, take<std::uint32_t>(count));
  std::size_t left = count;  // postorder is filled from the back
  for (std::uint32_t end = 0; end < count; ++end) {
    if (!cfg_.blocks[end].may_end || cfg_.blocks[end].reaches_end) continue;
    std::size_t depth = 0;
    const auto enter = [&](std::uint32_t block) {
      cfg_.blocks[block].reaches_end = true;
      stack[depth++] = {block, first_pred_[block]};
    };
    enter(end);
    while (depth != 0) {
      Visit& visit = stack[depth - 1];
      if (visit.next_pred == first_pred_[visit.block + 1]) {
        exits_first_[--left] = visit.block;
        --depth;
        continue;
      }
      const std::uint32_t from = preds_[visit.next_pred++];
      if (!cfg_.blocks[from].reaches_end) enter(from);
    }
  }
  exits_first_ = exits_first_.subspan(left);
  for (std::uint32_t i = 0; i < exits_first_.size(); ++i) rank_[exits_first_[i]] = i;
  return {};
}

/// The nearest common post-dominator; no_block stands for the virtual exit.
std::uint32_t Builder::meet(std::uint32_t a, std::uint32_t b) const {
  while (a != b) {
    if (a == no_block || b == no_block) return no_block;
    if (rank_[a] > rank_[b])
      a = cfg_.blocks[a].postdominator;
    else
      b = cfg_.blocks[b].postdominator;
  }
  return a;
}

/// Sweeps in exits_first_ order until nothing changes; `known_` marks blocks that have a first
/// answer.
Expected<void> Builder::find_postdominators() {
  TRY(list_predecessors());
  TRY(walk_backward());
  TRY(const std::span<std::uint8_t> known, take<std::uint8_t>(cfg_.blocks.size()));
  bool changed = true;
  while (changed) {
    changed = false;
    for (const std::uint32_t b : exits_first_) {
      Block& block = cfg_.blocks[b];
      bool any = block.may_end;
      std::uint32_t best = no_block;
      for (const std::uint32_t to : block.successors()) {
        if (to == no_block || known[to] == 0) continue;
        best = any ? meet(best, to) : to;
        any = true;
      }
      if (known[b] != 0 && best == block.postdominator) continue;
      known[b] = 1;
      block.postdominator = best;
      changed = true;
    }
  }
  return {};
}

}  // namespace

Expected<Cfg> build_cfg(const View& view, Arena& arena) {
  return Builder(view, arena).run();
}

}  // namespace probity::program
