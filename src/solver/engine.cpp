// SPDX-License-Identifier: Apache-2.0
// The refinement loop. A model is tried on the terms themselves before anything is refined:
// abstraction often guesses right, and evaluation is what makes `sat` trustworthy anyway.
#include "solver/engine.hpp"

#include <algorithm>
#include <chrono>

#include "solver/query.hpp"
#include "solver/stopwatch.hpp"
#include "term/evaluation.hpp"

namespace probity::solver {
namespace {

using term::Id;
using term::Kind;
using term::Model;

constexpr unsigned max_refinements = 1000;

void sort_unique(auto& items) {
  std::ranges::sort(items);
  const auto rest = std::ranges::unique(items);
  items.erase(rest.begin(), rest.end());
}

}  // namespace

Engine::Engine(const term::Store& store, const EngineOptions& options)
    : store_(store),
      options_(options),
      sat_(options.profile),
      gates_(sat_, options.limits.clauses, options.mutation),
      blaster_(store, gates_, options.products) {}

void Engine::require(Id assertion, const Deadline& deadline) {
  blaster_.limit(&deadline);
  for (const Id part : conjuncts(store_, std::span(&assertion, 1))) {
    const BitsView bits = blaster_.blast(part);
    if (bits.empty()) {
      complete_ = false;  // check() reports it
      break;
    }
    gates_.clause({bits[0]});
    required_.push_back(part);
  }
  blaster_.limit(nullptr);
}

Answer Engine::unknown(std::string reason) const {
  Answer answer;
  answer.reason = std::move(reason);
  answer.engine = options_.name;
  return answer;
}

std::string Engine::limit_met() const {
  if (gates_.exhausted()) return "clause limit " + std::to_string(gates_.clause_limit());
  return std::string(time_guard);
}

Answer Engine::check(std::span<const Id> assumptions, std::uint64_t conflicts,
                     const Deadline& deadline) {
  const CpuClock clock;
  const std::uint64_t conflicts_before = sat_.conflicts();
  std::vector<Id> roots = conjuncts(store_, assumptions);
  Bits literals;
  bool contradiction = false;
  bool complete = complete_;
  core_.clear();
  blaster_.limit(&deadline);
  for (const Id root : roots) {
    const BitsView bits = blaster_.blast(root);
    if (bits.empty()) {
      complete = false;
      break;
    }
    if (bits[0] == false_lit) core_.assign(1, root);
    contradiction = contradiction || bits[0] == false_lit;
    literals.push_back(bits[0]);
  }
  Answer answer;
  blaster_.limit(nullptr);
  if (!complete || gates_.exhausted()) {
    answer = unknown(limit_met());
  } else if (contradiction) {
    answer.status = Status::unsat;
  } else {
    std::vector<Id> all = roots;
    all.insert(all.end(), required_.begin(), required_.end());
    answer = solve_and_refine(all, literals, conflicts, deadline);
    if (answer.status == Status::unsat) find_core(roots, literals);
  }
  answer.engine = options_.name;
  answer.stats.clauses = gates_.clauses() - reported_clauses_;
  reported_clauses_ = gates_.clauses();
  answer.stats.conflicts = sat_.conflicts() - conflicts_before;
  answer.stats.cpu_seconds = clock.seconds();
  return answer;
}

Answer Engine::solve_and_refine(std::span<const Id> roots, std::span<const Lit> literals,
                                std::uint64_t conflicts, const Deadline& deadline) {
  std::vector<Id> variables;
  std::vector<std::size_t> calls;
  last_terms_ = 0;
  for (const Id root : roots) {
    const BitBlaster::Support& support = blaster_.support(root);
    variables.insert(variables.end(), support.variables.begin(), support.variables.end());
    calls.insert(calls.end(), support.calls.begin(), support.calls.end());
    last_terms_ += support.terms;
  }
  sort_unique(variables);
  sort_unique(calls);
  const std::uint64_t last_conflict = sat_.conflicts() + conflicts;
  for (unsigned round = 0; round < max_refinements; ++round) {
    const std::uint64_t budget = last_conflict - std::min(last_conflict, sat_.conflicts());
    if (deadline.passed()) return unknown(limit_met());
    for (const Lit literal : literals) sat_.assume(literal);
    Answer answer;
    switch (sat_.solve(budget, deadline)) {
      case SatResult::unsat: answer.status = Status::unsat; return answer;
      case SatResult::conflict_limit: return unknown("conflict limit " + std::to_string(conflicts));
      case SatResult::time_limit: return unknown(limit_met());
      case SatResult::sat: break;
    }
    answer.model = build_model(variables, calls);
    if (satisfies(answer.model, roots)) {
      answer.status = Status::sat;
      return answer;
    }
    if (blaster_.abstraction().refine(sat_, calls) == 0) {
      return unknown("model of " + std::string(options_.name) + " does not satisfy the query");
    }
    if (gates_.exhausted()) return unknown(limit_met());
  }
  return unknown("refinement limit " + std::to_string(max_refinements));
}

void Engine::find_core(std::span<const Id> roots, std::span<const Lit> literals) {
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (sat_.failed(literals[i])) core_.push_back(roots[i]);
  }
  std::ranges::sort(core_);
}

Model Engine::build_model(std::span<const Id> variables, std::span<const std::size_t> calls) {
  Model model;
  for (const Id variable : variables) model.set(variable, sat_.value(blaster_.bits(variable)));
  for (const std::size_t index : calls) {
    const Abstraction::Call& call = blaster_.abstraction().call(index);
    if (call.kind != CallKind::function) continue;
    std::vector<term::Value> arguments;
    for (const Bits& argument : call.arguments) arguments.push_back(sat_.value(argument));
    model.set_apply(term::Function{call.function}, arguments, sat_.value(call.result));
  }
  return model;
}

bool Engine::satisfies(const Model& model, std::span<const Id> roots) const {
  const term::ModelAssignment leaves(model);
  term::SparseEvaluator evaluate(store_, leaves);
  return std::ranges::all_of(roots, [&](Id root) { return evaluate(root) == 1; });
}

}  // namespace probity::solver
