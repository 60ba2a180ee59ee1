// SPDX-License-Identifier: Apache-2.0
// Cheap answers first. `data + k > data_end` is the only use of the packet length in almost all
// programs. Such a condition mentions one variable and is a comparison of two sums, so it holds on
// a prefix or a suffix of the lengths: two evaluations at the ends of the path's interval and a
// binary search answer it without a solver. That is only done while no other condition of the path
// ties the length to other variables.
#include "symex/path_solver.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "solver/query.hpp"
#include "symex/repair.hpp"

namespace probity::symex {
namespace {

constexpr std::uint8_t has_length = 1;
constexpr std::uint8_t has_other = 2;
constexpr std::size_t max_recent = 8;
constexpr std::size_t contradictions_per_condition = 16;
constexpr std::size_t max_contradictions = 200'000;

/// What the leaves of `parts` are under a valuation.
term::Model leaves_under(Context& context, PathFacts& facts, Valuation& valuation,
                         std::span<const term::Id> parts) {
  term::Model model;
  for (const term::Id part : parts) {
    for (const term::Id leaf : facts.leaves(part).leaves) {
      if (context.store.kind(leaf) == term::Kind::var) {
        model.set(leaf, valuation(leaf));
        continue;
      }
      std::vector<term::Value> arguments;
      for (const term::Id argument : context.store.args(leaf)) {
        arguments.push_back(valuation(argument));
      }
      model.set_apply(context.store.function(leaf), arguments, valuation(leaf));
    }
  }
  return model;
}

}  // namespace

PathSolver::PathSolver(Context& context, term::Id length, const solver::Options& options,
                       const Shortcuts& shortcuts)
    : context_(context),
      length_(length),
      solver_(context.store, options),
      facts_(context, shortcuts.mutation),
      shortcuts_(shortcuts) {}

std::uint8_t PathSolver::variables_of(term::Id a) {
  while (variables_.size() <= a.index) {
    const term::Id next{static_cast<std::uint32_t>(variables_.size())};
    std::uint8_t bits = 0;
    if (next == length_) {
      bits = has_length;
    } else if (context_.store.kind(next) == term::Kind::var ||
               context_.store.kind(next) == term::Kind::apply) {
      bits = has_other;
    }
    for (const term::Id arg : context_.store.args(next)) bits |= variables_[arg.index];
    variables_.push_back(bits);
  }
  return variables_[a.index];
}

bool PathSolver::only_length(term::Id condition) {
  return variables_of(condition) == has_length;
}
bool PathSolver::mentions_length(term::Id condition) {
  return (variables_of(condition) & has_length) != 0;
}

std::shared_ptr<Valuation> PathSolver::with_length(const PathState& state, std::uint64_t length) {
  term::Model change;
  change.set(length_, length);
  return std::make_shared<Valuation>(context_.store, *state.valuation, std::move(change));
}

namespace {

/// A comparison of `sum` with a literal, under any number of negations.
struct Threshold {
  term::Id sum;
};

/// How often `length` occurs in a sum of literals and zero-extensions of it; nothing for any other
/// shape.
std::optional<unsigned> occurrences(const term::Store& store, term::Id a, term::Id length) {
  if (a == length) return 1;
  if (store.literal(a)) return 0;
  const auto args = store.args(a);
  if (store.kind(a) == term::Kind::concat && store.literal(args[0]) == term::Value{0}) {
    return occurrences(store, args[1], length);
  }
  if (store.kind(a) != term::Kind::add) return std::nullopt;
  const auto left = occurrences(store, args[0], length);
  const auto right = occurrences(store, args[1], length);
  if (!left || !right) return std::nullopt;
  return *left + *right;
}

std::optional<Threshold> threshold(const term::Store& store, term::Id a, term::Id length) {
  while (store.kind(a) == term::Kind::not_) a = store.args(a)[0];
  if (store.kind(a) != term::Kind::ult) return std::nullopt;
  const auto args = store.args(a);
  if (!store.literal(args[0]) == !store.literal(args[1])) return std::nullopt;
  const term::Id sum = store.literal(args[0]) ? args[1] : args[0];
  if (occurrences(store, sum, length) != 1u) return std::nullopt;
  return Threshold{sum};
}

}  // namespace

std::optional<Possibility> PathSolver::by_length(const PathState& state, term::Id condition) {
  if (state.length_mixed || !only_length(condition)) return std::nullopt;
  const auto shape = threshold(context_.store, condition, length_);
  if (!shape) return std::nullopt;
  term::Model model;
  const auto at = [&](term::Id a, std::uint64_t length) {
    model.set(length_, length);
    return term::Evaluator(context_.store, model)(a);
  };
  std::uint64_t low = state.length_low;
  std::uint64_t high = state.length_high;
  // The sum must not wrap between the bounds: then the comparison changes at most once.
  if (at(shape->sum, high) < at(shape->sum, low) ||
      at(shape->sum, high) - at(shape->sum, low) != high - low) {
    return std::nullopt;
  }
  const bool at_low = at(condition, low) != 0;
  Possibility result;
  result.answer = Answer::yes;
  result.valuation = state.valuation;
  if (at_low == (at(condition, high) != 0)) {
    if (!at_low) result = {};
    return result;
  }
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    ((at(condition, middle) != 0) == at_low ? low : high) = middle;
  }
  result.length = at_low ? std::pair{state.length_low, low} : std::pair{high, state.length_high};
  const auto mine = static_cast<std::uint64_t>((*state.valuation)(length_));
  if (mine < result.length->first || mine > result.length->second) {
    result.valuation = with_length(state, result.length->first);
  }
  return result;
}

void PathSolver::record(std::uint32_t slot, Path conjuncts, term::Id condition) {
  if (!recording_) return;
  Claim claim{slot, {conjuncts.begin(), conjuncts.end()}};
  claim.conjunction.push_back(condition);
  claims_.push_back(std::move(claim));
}

Possibility PathSolver::possible(const PathState& state, term::Id condition) {
  if (const auto value = context_.store.literal(condition)) {
    return {*value != 0 ? Answer::yes : Answer::no, state.valuation, {}, std::nullopt};
  }
  if (auto decided = by_length(state, condition)) {
    ++counts_.length;
    if (decided->answer == Answer::no) record(state.slot, state.condition, condition);
    return *std::move(decided);
  }
  if (state.valuation->holds(condition)) {
    ++counts_.valuation;
    return {Answer::yes, state.valuation, {}, std::nullopt};
  }
  return ask({state.condition, state.slot, condition}, state.valuation);
}

Possibility PathSolver::refuse(const Question& question, std::span<const term::Id> slice) {
  record(question.slot, slice, question.condition);
  return {};
}

Possibility PathSolver::ask(const Question& question, const std::shared_ptr<Valuation>& valuation) {
  const term::Id condition = question.condition;
  facts_.follow(question.path);
  const std::vector<term::Id> slice = shortcuts_.slices
                                          ? facts_.slice(condition)
                                          : solver::conjuncts(context_.store, question.path);
  if (shortcuts_.facts && facts_.decided(condition) == false) {
    ++counts_.facts;
    return refuse(question, slice);
  }
  if (shortcuts_.memory && contradicts(condition)) {
    ++counts_.contradiction;
    return refuse(question, slice);
  }
  const auto yes = [](std::shared_ptr<Valuation> shown) {
    return Possibility{Answer::yes, std::move(shown), {}, std::nullopt};
  };
  if (shortcuts_.memory) {
    if (auto found = recent(question, slice, *valuation)) {
      ++counts_.model;
      return yes(std::move(found));
    }
  }
  if (shortcuts_.repair) {
    if (auto found = repaired(context_, valuation, slice, condition)) {
      ++counts_.repair;
      return yes(remember(std::move(found)));
    }
  }
  if (shortcuts_.facts && facts_.refutes(condition)) {
    ++counts_.facts;
    return refuse(question, slice);
  }
  return ask_solver(question, slice, valuation);
}

std::optional<std::uint32_t> PathSolver::milliseconds_left() const {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  if (!deadline_) return static_cast<std::uint32_t>(most);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                        *deadline_ - std::chrono::steady_clock::now())
                        .count();
  if (left <= 0) return std::nullopt;
  return static_cast<std::uint32_t>(std::min<std::int64_t>(left, most));
}

Possibility PathSolver::ask_solver(const Question& question, std::span<const term::Id> slice,
                                   const std::shared_ptr<Valuation>& valuation) {
  const auto left = milliseconds_left();
  if (!left) return {Answer::unknown, nullptr, "the time ended", std::nullopt};
  ++counts_.solver;
  std::vector<term::Id> query(slice.begin(), slice.end());
  query.push_back(question.condition);
  query = solver::conjuncts(context_.store, query);
  const auto asked = std::chrono::steady_clock::now();
  const solver::Answer answer = solver_.check(query, *left);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - asked;
  worst_seconds_ = std::max(worst_seconds_, spent.count());
  switch (answer.status) {
    case solver::Status::unsat:
      if (shortcuts_.memory) remember_contradiction(question.condition);
      return refuse(question, slice);
    case solver::Status::sat: {
      auto shown = std::make_shared<Valuation>(context_.store, *valuation, answer.model);
      const auto holds = [](Valuation& candidate, std::span<const term::Id> parts) {
        return std::ranges::all_of(parts, [&](term::Id a) { return candidate.holds(a); });
      };
      if (!holds(*shown, query)) {  // the model means zeros where it says nothing
        Valuation bare(context_.store, answer.model);
        PROBITY_CHECK(holds(bare, query));
        shown = std::make_shared<Valuation>(context_.store, *valuation,
                                            leaves_under(context_, facts_, bare, query));
      }
      return {Answer::yes, remember(std::move(shown)), {}, std::nullopt};
    }
    case solver::Status::unknown: return {Answer::unknown, nullptr, answer.reason, std::nullopt};
  }
  return {Answer::unknown, nullptr, "solver gave no status", std::nullopt};
}

bool PathSolver::contradicts(term::Id condition) const {
  const auto known = contradictions_.find(condition.index);
  if (known == contradictions_.end()) return false;
  return std::ranges::any_of(known->second, [this](const std::vector<term::Id>& conjuncts) {
    return std::ranges::all_of(conjuncts, [this](term::Id a) { return facts_.contains(a); });
  });
}

void PathSolver::remember_contradiction(term::Id condition) {
  if (contradictions_held_ >= max_contradictions) {
    contradictions_.clear();
    contradictions_held_ = 0;
  }
  std::vector<term::Id> own = solver::conjuncts(context_.store, std::span(&condition, 1));
  std::vector<term::Id> others;
  for (const term::Id part : solver_.core()) {
    if (std::ranges::find(own, part) == own.end()) others.push_back(part);
  }
  std::deque<std::vector<term::Id>>& known = contradictions_[condition.index];
  known.push_front(std::move(others));
  ++contradictions_held_;
  if (known.size() <= contradictions_per_condition) return;
  known.pop_back();
  --contradictions_held_;
}

std::shared_ptr<Valuation> PathSolver::remember(std::shared_ptr<Valuation> valuation) {
  recent_.push_front(valuation);
  if (recent_.size() > max_recent) recent_.pop_back();
  return valuation;
}

std::shared_ptr<Valuation> PathSolver::recent(const Question& question,
                                              std::span<const term::Id> slice,
                                              const Valuation& base) {
  for (auto at = recent_.begin(); at != recent_.end(); ++at) {
    Valuation& candidate = **at;
    if (!candidate.holds(question.condition)) continue;
    if (!std::ranges::all_of(slice, [&](term::Id a) { return candidate.holds(a); })) continue;
    // What the slice needs of it; the path's own valuation satisfies the rest.
    std::vector<term::Id> parts(slice.begin(), slice.end());
    parts.push_back(question.condition);
    term::Model changes = leaves_under(context_, facts_, candidate, parts);
    std::rotate(recent_.begin(), at, at + 1);
    return std::make_shared<Valuation>(context_.store, base, std::move(changes));
  }
  return nullptr;
}

void PathSolver::assume(PathState& state, term::Id condition, const Possibility& shown) {
  if (context_.store.is_true(condition)) return;
  // A relation to other variables, or a bound that the interval does not carry.
  const bool mixes =
      !shown.length && mentions_length(condition) && !by_length(state, condition).has_value();
  state.condition.push_back(condition);
  if (shown.valuation) state.valuation = shown.valuation;
  if (shown.length) {
    state.length_low = shown.length->first;
    state.length_high = shown.length->second;
  } else if (mixes) {
    state.length_mixed = true;
  }
}

std::shared_ptr<Valuation> PathSolver::simplest(const PathState& state, const Possibility& shown,
                                                term::Id condition,
                                                std::span<const term::Id> wishes) {
  std::shared_ptr<Valuation> best = shown.valuation;
  const bool recording = std::exchange(recording_, false);  // no verdict rests on a wish
  std::vector<term::Id> kept = state.condition;
  if (!context_.store.is_true(condition)) kept.push_back(condition);
  /// Keeps `wish` if it can be met together with everything kept so far.
  const auto grant = [&](term::Id wish) {
    if (!context_.store.literal(wish) && !best->holds(wish)) {
      const Possibility met = ask({kept, state.slot, wish}, best);
      if (met.answer == Answer::yes) best = met.valuation;
    }
    const bool granted = best->holds(wish);
    if (granted && !context_.store.literal(wish)) kept.push_back(wish);
    return granted;
  };
  std::uint64_t low = state.length_low;
  std::uint64_t high = static_cast<std::uint64_t>((*best)(length_));
  constexpr int max_probes = 12;
  for (int i = 0; i < max_probes && low < high; ++i) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (grant(context_.store.bin(Op::ule, length_, context_.lit(16, middle)))) {
      high = static_cast<std::uint64_t>((*best)(length_));
    } else {
      low = middle + 1;
    }
  }
  for (const term::Id wish : wishes) grant(wish);
  recording_ = recording;
  return best;
}

}  // namespace probity::symex
