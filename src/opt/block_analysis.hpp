// SPDX-License-Identifier: Apache-2.0
// The fixed point of a forward analysis that begins with "everything holds" where no control has
// come yet: blocks are worked off until nothing holds less any more. What holds, what a node does
// to it and what is kept where ways meet are the analysis' own.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "opt/code.hpp"
#include "opt/facts.hpp"

namespace probity::opt {

/// What holds right before each node. An Analysis has `State in_both(a, b)`, `void step(State&,
/// node)`, and `State along(State, node, taken)`: what holds behind the last node of a block on one
/// of the ways from it. Subprograms begin with `State()`, as does what is not reached.
template <typename State, typename Analysis>
class BlockAnalysis {
 public:
  BlockAnalysis(const Code& code, const Facts& facts, const Analysis& analysis)
      : code_(code),
        facts_(facts),
        analysis_(analysis),
        starts_(block_starts(code)),
        entries_(code.size()) {}

  std::vector<State> run() {
    for (std::size_t i = 0; i + 1 < code_.subprog_starts().size(); ++i) {
      enter(code_.subprog_starts()[i], State());
    }
    while (!waiting_.empty()) {
      const std::uint32_t first = *waiting_.begin();
      waiting_.erase(waiting_.begin());
      walk(first, [](std::uint32_t, const State&) {});
    }
    std::vector<State> points(code_.size());
    for (std::uint32_t node = 0; node < code_.size(); ++node) {
      const bool known = starts_[node] && entries_[node].has_value();
      if (known) walk(node, [&](std::uint32_t at, const State& state) { points[at] = state; });
    }
    return points;
  }

 private:
  void enter(std::uint32_t node, const State& state) {
    if (node == no_node || !facts_.reached(node)) return;
    std::optional<State>& entry = entries_[node];
    const State joined = entry ? analysis_.in_both(*entry, state) : state;
    if (entry == joined) return;
    entry = joined;
    waiting_.insert(node);
  }

  template <typename Visit>
  void walk(std::uint32_t first, Visit visit) {
    State state = *entries_[first];
    for (std::uint32_t node = first; node < code_.size(); ++node) {
      visit(node, state);
      analysis_.step(state, node);
      if (starts_[node + 1]) return leave(node, state);
    }
  }

  void leave(std::uint32_t node, const State& state) {
    const Successors to = successors(code_, node);
    if (to.next != no_node) enter(to.next, analysis_.along(state, node, false));
    if (to.taken != no_node) enter(to.taken, analysis_.along(state, node, true));
  }

  const Code& code_;
  const Facts& facts_;
  const Analysis& analysis_;
  std::vector<bool> starts_;
  std::vector<std::optional<State>> entries_;  ///< by node where a block starts
  std::set<std::uint32_t> waiting_;
};

}  // namespace probity::opt
