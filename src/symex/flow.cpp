// SPDX-License-Identifier: Apache-2.0
// Depth-first numbering per function, natural loops of its back edges, and backward liveness of
// registers (program/register_use.hpp).
#include "symex/flow.hpp"

#include <algorithm>

#include "isa/bpf/codec.hpp"
#include "isa/bpf/flow.hpp"
#include "program/register_use.hpp"

namespace probity::symex {
unsigned registers_used(const bpf::Insn& insn) {
  return program::register_use(insn).read;
}

unsigned registers_read(const bpf::Insn& insn) {
  return program::registers_read(insn);
}

std::vector<std::uint32_t> successors(std::span<const std::optional<bpf::Insn>> insns,
                                      std::uint32_t slot) {
  const bpf::Insn& insn = *insns[slot];
  const std::uint32_t next = slot + insn.slot_count();
  const auto meaning = bpf::row(insn.form).meaning;
  std::vector<std::uint32_t> result;
  const auto add = [&](std::uint32_t target) {
    if (target < insns.size() && insns[target]) result.push_back(target);
  };
  if (meaning == bpf::Meaning::exit) return result;
  if (meaning != bpf::Meaning::jump) add(next);
  if (meaning != bpf::Meaning::call) {
    if (const auto by = bpf::displacement(insn)) add(next + static_cast<std::uint32_t>(*by));
  }
  return result;
}

Flow::Flow(const program::View& program, std::span<const std::optional<bpf::Insn>> insns)
    : insns_(insns), points_(insns.size() + 1) {
  std::vector<std::uint32_t> entries;
  if (program.subprogs.empty()) entries.push_back(0);
  for (const program::Subprog& function : program.subprogs) entries.push_back(function.first_slot);
  for (const std::uint32_t entry : entries) {
    if (entry < insns_.size() && insns_[entry] && !points_[entry].reached) visit(entry);
  }
  find_live();
  if (!entries.empty()) count_paths(entries.front());
}

/// Numbers what is reached from a function's entry in reverse postorder.
void Flow::visit(std::uint32_t entry) {
  struct Open {
    std::uint32_t slot;
    std::vector<std::uint32_t> left;
  };
  std::vector<std::uint32_t> finished;
  std::vector<Open> stack;
  const auto enter = [&](std::uint32_t slot) {
    points_[slot].reached = true;
    stack.push_back({slot, successors(insns_, slot)});
    for (const std::uint32_t next : stack.back().left) ++points_[next].predecessors;
    // The last one is entered first; the way straight on comes last in reverse postorder then.
  };
  enter(entry);
  ++points_[entry].predecessors;
  while (!stack.empty()) {
    if (stack.back().left.empty()) {
      finished.push_back(stack.back().slot);
      stack.pop_back();
      continue;
    }
    const std::uint32_t next = stack.back().left.back();
    stack.back().left.pop_back();
    if (!points_[next].reached) enter(next);
  }
  std::ranges::reverse(finished);
  for (std::uint32_t i = 0; i < finished.size(); ++i) points_[finished[i]].order = i;
  find_loops(finished);
  sequence_.insert(sequence_.end(), finished.begin(), finished.end());
}

/// The natural loop of each header: what reaches a back edge without passing the header.
void Flow::find_loops(std::span<const std::uint32_t> order) {
  std::vector<std::vector<std::uint32_t>> before(insns_.size());
  std::vector<std::unique_ptr<Loop>> found;
  for (const std::uint32_t slot : order) {
    for (const std::uint32_t next : successors(insns_, slot)) {
      before[next].push_back(slot);
      if (points_[next].order > points_[slot].order) continue;
      const auto same = [next](const auto& loop) { return loop->header == next; };
      auto loop = std::ranges::find_if(found, same);
      if (loop == found.end()) {
        found.push_back(std::make_unique<Loop>(Loop{next, {}, std::vector<bool>(insns_.size())}));
        loop = std::prev(found.end());
      }
      (*loop)->back_edges.push_back(slot);
    }
  }
  for (const auto& loop : found) {
    std::vector<std::uint32_t> open = loop->back_edges;
    loop->body[loop->header] = true;
    while (!open.empty()) {
      const std::uint32_t slot = open.back();
      open.pop_back();
      if (loop->body[slot]) continue;
      loop->body[slot] = true;
      open.insert(open.end(), before[slot].begin(), before[slot].end());
    }
  }
  std::ranges::sort(found, {}, [this](const auto& loop) { return points_[loop->header].order; });
  for (const std::uint32_t slot : order) {
    for (const auto& loop : found) {
      if (loop->body[slot]) points_[slot].loops.push_back(loop.get());
    }
  }
  std::ranges::move(found, std::back_inserter(loops_));
}

void Flow::find_live() {
  for (bool changed = true; changed;) {
    changed = false;
    for (auto at = sequence_.rbegin(); at != sequence_.rend(); ++at) {
      unsigned after = 0;
      for (const std::uint32_t next : successors(insns_, *at)) after |= points_[next].live;
      const program::RegisterUse use = program::register_use(*insns_[*at]);
      const unsigned live = use.read | (after & ~use.written);
      changed = changed || live != points_[*at].live;
      points_[*at].live = static_cast<std::uint16_t>(live);
    }
  }
}

void Flow::count_paths(std::uint32_t entry) {
  std::vector<double> paths(points_.size(), 0);
  // Functions lie one after the other in `sequence_`; an edge back leads to what is counted later.
  for (auto at = sequence_.rbegin(); at != sequence_.rend(); ++at) {
    double sum = 0;
    const auto nexts = successors(insns_, *at);
    for (const std::uint32_t next : nexts) {
      if (points_[next].order > points_[*at].order) sum += paths[next];
    }
    const bool calls = insns_[*at]->form == bpf::Form::call_local;
    const std::uint32_t callee = *at + 1 + static_cast<std::uint32_t>(insns_[*at]->imm);
    double factor = calls && callee < paths.size() ? paths[callee] : 1;
    if (factor == 0) factor = 1;  // recursion, or a function that is counted later
    paths[*at] = (sum == 0 ? 1 : sum) * factor;
  }
  static_paths_ = paths[entry];
}

double static_paths(const program::View& program) {
  std::vector<std::optional<bpf::Insn>> insns(program.slots.size());
  for (std::size_t at = 0; at < program.slots.size();) {
    const auto insn = bpf::decode(program.slots, at);
    if (!insn) return 0;
    insns[at] = *insn;
    at += insn->slot_count();
  }
  return Flow(program, insns).static_paths();
}

}  // namespace probity::symex
