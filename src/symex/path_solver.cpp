// SPDX-License-Identifier: Apache-2.0
// `data + k > data_end` is the only use of the packet length in almost all programs. Such a
// condition mentions one variable and is a comparison of two sums, so it holds on a prefix or a
// suffix of the lengths: two evaluations at the ends of the path's interval and a binary search
// answer it without a solver. That is only done while no other condition of the path ties the
// length to other variables.
#include "symex/path_solver.hpp"

namespace probity::symex {
namespace {

constexpr std::uint8_t has_length = 1;
constexpr std::uint8_t has_other = 2;

}  // namespace

PathSolver::PathSolver(Context& context, term::Id length, const solver::Options& options)
    : context_(context), length_(length), session_(context.store, options) {}

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
  term::Model model = state.valuation->model();
  model.set(length_, length);
  return std::make_shared<Valuation>(context_.store, std::move(model));
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

void PathSolver::record(const PathState& state, term::Id condition) {
  if (!recording_) return;
  Claim claim{state.slot, state.condition};
  claim.conjunction.push_back(condition);
  claims_.push_back(std::move(claim));
}

Possibility PathSolver::possible(const PathState& state, term::Id condition) {
  if (const auto value = context_.store.literal(condition)) {
    return {*value != 0 ? Answer::yes : Answer::no, state.valuation, {}, std::nullopt};
  }
  if (auto decided = by_length(state, condition)) {
    if (decided->answer == Answer::no) record(state, condition);
    return *std::move(decided);
  }
  if (state.valuation->holds(condition)) return {Answer::yes, state.valuation, {}, std::nullopt};
  std::vector<term::Id> query = state.condition;
  query.push_back(condition);
  const solver::Answer answer = session_.check(query);
  switch (answer.status) {
    case solver::Status::unsat: record(state, condition); return {};
    case solver::Status::sat:
      return {
          Answer::yes, std::make_shared<Valuation>(context_.store, answer.model), {}, std::nullopt};
    case solver::Status::unknown: return {Answer::unknown, nullptr, answer.reason, std::nullopt};
  }
  return {Answer::unknown, nullptr, "solver gave no status", std::nullopt};
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
  std::vector<term::Id> query = state.condition;
  query.push_back(condition);
  /// Keeps `wish` if it can be met together with everything kept so far.
  const auto grant = [&](term::Id wish) {
    query.push_back(wish);
    if (best->holds(wish)) return true;
    const solver::Answer answer = session_.check(query);
    if (answer.status == solver::Status::sat) {
      best = std::make_shared<Valuation>(context_.store, answer.model);
      return true;
    }
    query.pop_back();
    return false;
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
  return best;
}

}  // namespace probity::symex
