// SPDX-License-Identifier: Apache-2.0
// PathFacts: what a path's condition says without a solver: the conjuncts themselves, bounds and
// known bits of terms that follow from them, and which conjuncts have anything to do with a
// question (independence slicing). It follows one path at a time on a trail: going on along a path
// adds to it, going to another path takes back what the two do not share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "symex/context.hpp"
#include "term/id_table.hpp"
#include "term/knowledge.hpp"
#include "term/leaf_sets.hpp"
#include "term/remainder_sums.hpp"

namespace probity::symex {

/// Deliberate faults, so that tests can show that they do not pass.
enum class FactsMutation : std::uint8_t {
  none,
  keeps_facts,       ///< those of a path that was left
  narrow_slice,      ///< overlooks what is related by way of a third conjunct
  forgets_anywhere,  ///< takes f(x) and f(3) for unrelated
  tight_bound        ///< bounds one too low
};

class PathFacts {
 public:
  explicit PathFacts(Context& context, FactsMutation mutation = FactsMutation::none)
      : context_(context),
        mutation_(mutation),
        leaves_(context.store),
        remainders_(context.store) {}

  /// From now on the facts are those of the path with this condition.
  void follow(std::span<const term::Id> condition);
  /// Is it one of the conjuncts of the path?
  bool contains(term::Id conjunct) const;
  /// The value that a condition has on the whole path, if bounds and bits tell.
  std::optional<bool> decided(term::Id condition);
  /// Does adding `condition` lead bounds and bits into a contradiction?
  bool refutes(term::Id condition);
  /// The conjuncts that share leaves with `condition`, directly or by way of other conjuncts, in
  /// the order they joined the path. The rest of the path can be satisfied apart from them.
  std::vector<term::Id> slice(term::Id condition);
  /// What is known of the values of `a` on this path.
  term::Knowledge knowledge(term::Id a);

  const term::LeafSets::Set& leaves(term::Id a) { return leaves_.of(a); }

 private:
  using Memo = term::IdTable<term::Knowledge>;
  struct Change {
    term::Id term;
    std::optional<term::Knowledge> before;
  };
  /// One condition of the path and what it added.
  struct Step {
    term::Id condition;
    std::size_t conjuncts = 0;  ///< sizes before it
    std::size_t changes = 0;
  };

  void push(term::Id condition);
  void pop();
  void add_conjunct(term::Id conjunct);
  void remove_last_conjunct();
  /// `a` has a value in `known`. False: it has none left.
  bool learn(term::Id a, const term::Knowledge& known);
  bool propagate(term::Id a);
  bool pass_down(term::Id a);
  void take_back(std::size_t changes);
  term::Knowledge of(term::Id a) const;
  std::vector<std::uint32_t> neighbours(term::Id condition);

  Context& context_;
  FactsMutation mutation_;
  term::LeafSets leaves_;
  term::RemainderSums remainders_;
  std::vector<Step> steps_;
  std::vector<term::Id> conjuncts_;
  term::IdTable<std::uint8_t> present_;   ///< 1: a conjunct of the path
  term::IdTable<term::Knowledge> facts_;  ///< what conjuncts say beyond the terms' structure
  std::vector<Change> changes_;
  std::vector<term::Id> pending_;  ///< terms whose operands are to hear of a new fact
  Memo memo_;                      ///< knowledge() under facts_
  Memo other_memo_;                ///< of the path, while a question is tried out
  unsigned budget_ = 0;            ///< terms that may still be looked at

  // By leaf and by function: the numbers of the conjuncts that mention it.
  term::IdTable<std::vector<std::uint32_t>> by_leaf_;
  struct Uses {
    std::vector<std::uint32_t> all;
    std::vector<std::uint32_t> anywhere;  ///< at an argument that is no literal
  };
  std::vector<Uses> by_function_;
};

}  // namespace probity::symex
