// SPDX-License-Identifier: Apache-2.0
// Session: what path exploration asks is mostly "the same conjunction and one more". In order:
// known models are evaluated (memoised per model, so only new terms cost), then Incremental is
// asked.
#include <algorithm>
#include <deque>

#include "solver/engine.hpp"
#include "solver/incremental.hpp"
#include "solver/query.hpp"
#include "solver/solve_until.hpp"
#include "solver/solver.hpp"
#include "solver/stopwatch.hpp"
#include "term/evaluation.hpp"

namespace probity::solver {
namespace {

using term::Id;

constexpr std::size_t max_models = 12;

struct KnownModel {
  KnownModel(const term::Store& store, term::Model values)
      : model(std::move(values)), leaves(model), evaluate(store, leaves) {}
  term::Model model;
  term::ModelAssignment leaves;    // refers to `model`
  term::SparseEvaluator evaluate;  // refers to `leaves`
};

}  // namespace

struct Session::Data {
  Data(term::Store& a_store, const Options& an_options)
      : store(a_store), options(an_options), engine(a_store, an_options) {}

  Answer decide(std::span<const Id> parts);
  const KnownModel* find_model(std::span<const Id> parts);

  term::Store& store;
  Options options;
  Incremental engine;
  std::deque<std::unique_ptr<KnownModel>> models;  // most recent first
  Stats total;
  std::uint64_t checks = 0;
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
  answer = engine.check(parts, options.limits.wall_ms);
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
  add(data_->total, answer.stats);
  return answer;
}

const Stats& Session::total() const {
  return data_->total;
}

std::uint64_t Session::checks() const {
  return data_->checks;
}

}  // namespace probity::solver
