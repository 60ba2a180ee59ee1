// SPDX-License-Identifier: Apache-2.0
// Facts go down from a conjunct to its parts (term::backward) and come up again when a term is
// asked for (term::forward). Every value that is dropped is impossible on the path, so a
// contradiction is a proof; the budget bounds the work, and what is left undone costs precision
// only.
#include "symex/path_facts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "solver/query.hpp"

namespace probity::symex {
namespace {

using term::Id;
using term::Kind;
using term::Knowledge;

constexpr unsigned terms_per_question = 4000;
constexpr unsigned terms_per_step = 400;
constexpr std::size_t max_neighbours = 64;
constexpr int propagation_rounds = 3;

}  // namespace

void PathFacts::follow(std::span<const Id> condition) {
  std::size_t shared = 0;
  while (shared < steps_.size() && shared < condition.size() &&
         steps_[shared].condition == condition[shared]) {
    ++shared;
  }
  while (steps_.size() > shared) pop();
  for (const Id next : condition.subspan(shared)) push(next);
}

bool PathFacts::contains(Id conjunct) const {
  const std::uint8_t* const here = present_.find(conjunct);
  return here != nullptr && *here != 0;
}

void PathFacts::add_conjunct(Id conjunct) {
  const auto number = static_cast<std::uint32_t>(conjuncts_.size());
  conjuncts_.push_back(conjunct);
  present_[conjunct] = 1;
  const term::LeafSets::Set& set = leaves_.of(conjunct);
  for (const Id leaf : set.leaves) {
    by_leaf_[leaf].push_back(number);
    if (context_.store.kind(leaf) != Kind::apply) continue;
    const std::size_t function = context_.store.function(leaf).index;
    if (by_function_.size() <= function) by_function_.resize(function + 1);
    std::vector<std::uint32_t>& users = by_function_[function].all;
    if (users.empty() || users.back() != number) users.push_back(number);
  }
  for (const term::Function function : set.anywhere) {
    by_function_[function.index].anywhere.push_back(number);
  }
}

void PathFacts::remove_last_conjunct() {
  const Id conjunct = conjuncts_.back();
  conjuncts_.pop_back();
  present_[conjunct] = 0;
  const auto number = static_cast<std::uint32_t>(conjuncts_.size());
  const term::LeafSets::Set& set = leaves_.of(conjunct);
  for (const Id leaf : set.leaves) {
    by_leaf_[leaf].pop_back();
    if (context_.store.kind(leaf) != Kind::apply) continue;
    std::vector<std::uint32_t>& users = by_function_[context_.store.function(leaf).index].all;
    if (!users.empty() && users.back() == number) users.pop_back();
  }
  for (const term::Function function : set.anywhere)
    by_function_[function.index].anywhere.pop_back();
}

void PathFacts::push(Id condition) {
  steps_.push_back({condition, conjuncts_.size(), changes_.size()});
  memo_.clear();
  budget_ = terms_per_step;
  for (const Id part : solver::conjuncts(context_.store, std::span(&condition, 1))) {
    if (contains(part)) continue;
    add_conjunct(part);
    // A contradiction would mean that the path is infeasible; whoever asks next will hear of it.
    if (learn(part, Knowledge::exactly(1, 1))) propagate(part);
  }
  memo_.clear();
}

void PathFacts::pop() {
  const Step step = steps_.back();
  steps_.pop_back();
  if (mutation_ != FactsMutation::keeps_facts) take_back(step.changes);
  while (conjuncts_.size() > step.conjuncts) remove_last_conjunct();
  memo_.clear();
}

void PathFacts::take_back(std::size_t changes) {
  while (changes_.size() > changes) {
    const Change& last = changes_.back();
    const unsigned width = context_.store.width(last.term);
    facts_[last.term] = last.before ? *last.before : Knowledge::anything(width);
    changes_.pop_back();
  }
}

Knowledge PathFacts::of(Id a) const {
  if (const Knowledge* const known = memo_.find(a)) return *known;
  return Knowledge::anything(context_.store.width(a));
}

Knowledge PathFacts::knowledge(Id a) {
  std::vector<Id> stack{a};
  std::vector<Knowledge> operands;
  while (!stack.empty()) {
    const Id top = stack.back();
    if (memo_.find(top) != nullptr) {
      stack.pop_back();
      continue;
    }
    const std::size_t before = stack.size();
    const bool deeper = budget_ != 0 && context_.store.kind(top) != Kind::apply;
    for (const Id operand : context_.store.args(top)) {
      if (deeper && memo_.find(operand) == nullptr) stack.push_back(operand);
    }
    if (stack.size() != before) {
      --budget_;
      continue;
    }
    operands.clear();
    for (const Id operand : context_.store.args(top)) operands.push_back(of(operand));
    const unsigned width = context_.store.width(top);
    const term::Interval always = context_.intervals(top);
    Knowledge result = meet(forward(context_.store, top, operands),
                            Knowledge::between(width, always.low, always.high), width);
    if (const term::RemainderSum* const sum = remainders_.of(top)) {
      const auto known = [this](Id atom) { return of(atom); };
      result = meet(result, knowledge_of(*sum, width, known), width);
    }
    if (const Knowledge* const fact = facts_.find(top)) result = meet(result, *fact, width);
    if (mutation_ == FactsMutation::tight_bound && result.low < result.high) --result.high;
    memo_[top] = result;
    stack.pop_back();
  }
  return of(a);
}

bool PathFacts::learn(Id a, const Knowledge& known) {
  if (context_.store.literal(a)) {
    return !meet(known, knowledge(a), context_.store.width(a)).impossible();
  }
  const unsigned width = context_.store.width(a);
  const Knowledge before = knowledge(a);
  const Knowledge after = meet(before, known, width);
  if (after == before) return !after.impossible();
  Knowledge* const fact = facts_.find(a);
  changes_.push_back({a, fact == nullptr ? std::nullopt : std::optional(*fact)});
  facts_[a] = after;
  memo_[a] = after;
  pending_.push_back(a);
  return !after.impossible();
}

bool PathFacts::pass_down(Id a) {
  const auto args = context_.store.args(a);
  if (context_.store.kind(a) == Kind::apply || args.empty()) return true;
  std::array<Knowledge, 3> operands;
  for (std::size_t i = 0; i < args.size(); ++i) operands[i] = knowledge(args[i]);
  for (unsigned i = 0; i < args.size(); ++i) {
    const Knowledge hint =
        backward(context_.store, a, knowledge(a), std::span(operands).first(args.size()), i);
    if (!learn(args[i], hint)) return false;
    operands[i] = knowledge(args[i]);
  }
  return true;
}

bool PathFacts::propagate(Id a) {
  pending_.push_back(a);
  bool possible = true;
  while (!pending_.empty()) {
    const Id next = pending_.back();
    pending_.pop_back();
    if (!possible || budget_ == 0) continue;
    --budget_;
    possible = pass_down(next);
  }
  return possible;
}

std::optional<bool> PathFacts::decided(Id condition) {
  if (contains(condition)) return true;
  budget_ = terms_per_question;
  const Knowledge known = knowledge(condition);
  if (known.impossible()) return std::nullopt;
  const auto value = known.value();
  return value ? std::optional(*value != 0) : std::nullopt;
}

std::vector<std::uint32_t> PathFacts::neighbours(Id condition) {
  std::vector<std::uint32_t> result;
  for (const Id leaf : leaves_.of(condition).leaves) {
    if (const auto* const users = by_leaf_.find(leaf)) {
      result.insert(result.end(), users->begin(), users->end());
    }
  }
  std::ranges::sort(result);
  const auto rest = std::ranges::unique(result);
  result.erase(rest.begin(), rest.end());
  if (result.size() > max_neighbours) {
    result.erase(result.begin(), result.end() - max_neighbours);
  }
  return result;
}

bool PathFacts::refutes(Id condition) {
  const std::size_t changes = changes_.size();
  budget_ = terms_per_question;
  std::swap(memo_, other_memo_);
  memo_.clear();
  bool possible = true;
  for (const Id part : solver::conjuncts(context_.store, std::span(&condition, 1))) {
    possible = possible && learn(part, Knowledge::exactly(1, 1)) && propagate(part);
  }
  const std::vector<std::uint32_t> around = neighbours(condition);
  for (int round = 0; possible && round < propagation_rounds; ++round) {
    const std::size_t learnt = changes_.size();
    memo_.clear();  // facts have changed below what was remembered
    for (const std::uint32_t number : around) {
      if (!possible || budget_ == 0) break;
      const Id conjunct = conjuncts_[number];
      possible = learn(conjunct, Knowledge::exactly(1, 1)) && propagate(conjunct);
    }
    if (changes_.size() == learnt) break;
  }
  pending_.clear();
  take_back(changes);
  std::swap(memo_, other_memo_);
  return !possible;
}

std::vector<Id> PathFacts::slice(Id condition) {
  std::vector<bool> taken(conjuncts_.size(), false);
  std::vector<std::uint32_t> found;
  const auto take = [&](const std::vector<std::uint32_t>& numbers) {
    for (const std::uint32_t number : numbers) {
      if (taken[number]) continue;
      taken[number] = true;
      found.push_back(number);
    }
  };
  const auto visit = [&](Id conjunct) {
    const term::LeafSets::Set& set = leaves_.of(conjunct);
    for (const Id leaf : set.leaves) {
      if (const auto* const users = by_leaf_.find(leaf)) take(*users);
      if (context_.store.kind(leaf) != Kind::apply) continue;
      const std::size_t function = context_.store.function(leaf).index;
      if (mutation_ == FactsMutation::forgets_anywhere) continue;
      if (function < by_function_.size()) take(by_function_[function].anywhere);
    }
    for (const term::Function function : set.anywhere) {
      if (mutation_ == FactsMutation::forgets_anywhere) continue;
      if (function.index < by_function_.size()) take(by_function_[function.index].all);
    }
  };
  visit(condition);
  if (mutation_ != FactsMutation::narrow_slice) {
    for (std::size_t i = 0; i < found.size(); ++i) visit(conjuncts_[found[i]]);
  }
  std::ranges::sort(found);
  std::vector<Id> result;
  for (const std::uint32_t number : found) result.push_back(conjuncts_[number]);
  return result;
}

}  // namespace probity::symex
