// SPDX-License-Identifier: Apache-2.0
// Session: what path exploration asks is mostly "the same conjunction and one more". In order:
// known models are evaluated (memoised per model, so only new terms cost), then one incremental
// engine is asked under assumptions, then, where its budget ends, solve(). A SAT solver assigns
// every variable it ever saw, so an engine that carries much more than the present questions need
// is replaced.
#include <algorithm>
#include <deque>

#include "solver/engine.hpp"
#include "solver/query.hpp"
#include "solver/solver.hpp"
#include "solver/stopwatch.hpp"

namespace probity::solver {
namespace {

using term::Id;

constexpr std::size_t max_models = 12;
constexpr std::uint64_t incremental_conflicts = 20'000;
constexpr std::uint64_t max_session_clauses = 3'000'000;
/// Rebuild when the variables assigned in vain since the last rebuild exceed this many per clause
/// to re-encode.
constexpr std::uint64_t waste_per_clause = 40;

struct KnownModel {
  KnownModel(const term::Store& store, term::Model values)
      : model(std::move(values)), evaluate(store, model) {}
  term::Model model;
  term::Evaluator evaluate;  // refers to `model`
};

}  // namespace

struct Session::Data {
  Data(term::Store& a_store, const Options& an_options) : store(a_store), options(an_options) {}

  Answer decide(std::span<const Id> parts);
  const KnownModel* find_model(std::span<const Id> parts);
  Answer ask_engine(std::span<const Id> parts);
  void count_waste(const Answer& answer);

  term::Store& store;
  Options options;
  std::unique_ptr<Engine> engine;
  std::deque<std::unique_ptr<KnownModel>> models;  // most recent first
  Stats total;
  std::uint64_t checks = 0;
  std::uint64_t waste = 0;
};

const KnownModel* Session::Data::find_model(std::span<const Id> parts) {
  for (auto known = models.begin(); known != models.end(); ++known) {
    KnownModel& candidate = **known;
    // The last part is what is new; older ones hold more often.
    if (!std::all_of(parts.rbegin(), parts.rend(),
                     [&](Id part) { return candidate.evaluate(part) == 1; })) {
      continue;
    }
    std::rotate(models.begin(), known, known + 1);
    return models.front().get();
  }
  return nullptr;
}

void Session::Data::count_waste(const Answer& answer) {
  const std::uint64_t needed = engine->last_terms() * 8;  // about eight gates per term and bit
  const std::uint64_t held = std::uint64_t(engine->variables());
  if (answer.status != Status::unsat && held > needed) waste += held - needed;
  if (waste > waste_per_clause * (needed + 2'000) || engine->clauses() > max_session_clauses) {
    engine.reset();
    waste = 0;
  }
}

Answer Session::Data::ask_engine(std::span<const Id> parts) {
  if (!engine) {
    engine = std::make_unique<Engine>(
        store, EngineOptions{"sat-session", Products::abstract, Profile::incremental,
                             options.limits, Mutation::none});
  }
  Answer answer = engine->check(parts, std::min(incremental_conflicts, options.limits.conflicts));
  count_waste(answer);
  return answer;
}

Answer Session::Data::decide(std::span<const Id> parts) {
  Answer answer;
  if (parts.empty()) {
    answer.status = Status::sat;
    answer.engine = "rewrite";
    return answer;
  }
  if (std::ranges::any_of(parts, [&](Id part) { return store.is_false(part); })) {
    answer.status = Status::unsat;
    answer.engine = "rewrite";
    return answer;
  }
  if (const KnownModel* known = find_model(parts)) {
    answer.status = Status::sat;
    answer.engine = "known-model";
    answer.model = known->model;
    return answer;
  }
  answer = ask_engine(parts);
  if (answer.status == Status::unknown) {
    const Stats spent = answer.stats;
    engine.reset();
    answer = solve(store, parts, options);
    answer.stats.clauses += spent.clauses;
    answer.stats.conflicts += spent.conflicts;
  }
  if (answer.status == Status::sat) {
    models.push_front(std::make_unique<KnownModel>(store, answer.model));
    if (models.size() > max_models) models.pop_back();
  }
  return answer;
}

Session::Session(term::Store& store, const Options& options)
    : data_(std::make_unique<Data>(store, options)) {}

Session::~Session() = default;

Answer Session::check(std::span<const Id> assumptions) {
  const CpuClock clock;
  ++data_->checks;
  const std::vector<Id> parts = conjuncts(data_->store, assumptions);
  Answer answer = data_->decide(parts);
  if (answer.status == Status::sat) {
    answer.model = completed(answer.model, leaves_of(data_->store, assumptions).variables);
  }
  answer.stats.cpu_seconds = clock.seconds();
  data_->total.clauses += answer.stats.clauses;
  data_->total.conflicts += answer.stats.conflicts;
  data_->total.cpu_seconds += answer.stats.cpu_seconds;
  return answer;
}

const Stats& Session::total() const {
  return data_->total;
}

std::uint64_t Session::checks() const {
  return data_->checks;
}

}  // namespace probity::solver
