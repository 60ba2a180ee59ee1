// SPDX-License-Identifier: Apache-2.0
// The scheduler: workers take the next obligation by an atomic counter, each with a store of its
// own; results go to fixed places, so their order does not depend on timing.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "proof/cache.hpp"
#include "proof/canonical.hpp"
#include "proof/proof.hpp"
#include "term/symbolic.hpp"

namespace probity::proof {
namespace {

using solver::Answer;
using solver::Status;
using term::Id;

bool all_true(const term::Store& store, const term::Model& model, std::span<const Id> assertions) {
  term::Evaluator evaluate(store, model);
  return std::ranges::all_of(assertions, [&](Id a) { return evaluate(a) == 1; });
}

std::string_view word(Status status) {
  switch (status) {
    case Status::sat: return "sat";
    case Status::unsat: return "unsat";
    case Status::unknown: return "unknown";
  }
  return {};
}

/// Another engine than the one that answered: an external one for ours, ours for an external one.
Answer ask_another(std::string_view first, term::Store& store, std::span<const Id> assertions,
                   const solver::Options& options) {
  const std::vector<std::string> external = solver::available_external();
  if (std::ranges::find(external, first) != external.end()) {
    return solver::solve_with("builtin", store, assertions, options);
  }
  Answer answer;
  answer.reason = "no external solver on PATH";
  answer.engine = "none";
  for (const std::string_view engine : {"z3", "cvc5", "cvc5-int"}) {
    if (std::ranges::find(external, engine) == external.end()) continue;
    answer = solver::solve_with(engine, store, assertions, options);
    if (answer.status != Status::unknown) return answer;
  }
  return answer;
}

/// One obligation on its way to a result.
class Discharge {
 public:
  Discharge(const Obligation& obligation, const Options& options, std::string_view context)
      : obligation_(obligation), options_(options), context_(context) {
    result_.name = obligation.name;
    result_.provenance = obligation.provenance;
    result_.verdict = Unknown{"not discharged"};
  }

  Result run() {
    const term::StoreScope scope(store_);
    assertions_ = negation(obligation_.build(store_));
    Answer answer = find_answer();
    result_.stats = answer.stats;
    if (options_.cross_check == CrossCheck::yes && answer.status != Status::unknown) {
      if (!agrees_with_another(answer)) return std::move(result_);
    }
    conclude(answer);
    return std::move(result_);
  }

 private:
  /// The assumptions, and that not all of the conclusions hold.
  std::vector<Id> negation(const Query& query) {
    std::vector<Id> assertions = query.assume;
    assertions.push_back(store_.not_(store_.conjunction(query.show)));
    return assertions;
  }

  Answer find_answer() {
    const bool cached = options_.cache != nullptr;
    const CanonicalQuery canonical =
        cached ? canonical_query(store_, assertions_) : CanonicalQuery{};
    if (cached) {
      std::optional<Answer> known = options_.cache->find(canonical, context_);
      const bool usable =
          known && (known->status == Status::unsat || all_true(store_, known->model, assertions_));
      if (usable) {
        result_.from_cache = true;
        return *std::move(known);
      }
    }
    Answer answer = options_.engine ? options_.engine(store_, assertions_, options_.solver)
                                    : solver::solve(store_, assertions_, options_.solver);
    if (answer.status == Status::sat && !all_true(store_, answer.model, assertions_)) {
      answer.status = Status::unknown;
      answer.reason = "model of " + answer.engine + " does not satisfy the query";
    }
    if (answer.reason.find("does not satisfy the query") != std::string::npos) {
      result_.our_bug = true;
    }
    if (cached) options_.cache->remember(canonical, context_, answer);
    return answer;
  }

  bool agrees_with_another(const Answer& answer) {
    const Answer second = options_.second_engine
                              ? options_.second_engine(store_, assertions_, options_.solver)
                              : ask_another(answer.engine, store_, assertions_, options_.solver);
    if (second.status == Status::unknown) {
      result_.cross_checked = "not cross-checked: " + second.engine + ": " + second.reason;
      return true;
    }
    if (second.status == answer.status) {
      result_.cross_checked = second.engine;
      return true;
    }
    result_.our_bug = true;
    result_.verdict =
        Unknown{"engines disagree: " + answer.engine + " says " + std::string(word(answer.status)) +
                ", " + second.engine + " says " + std::string(word(second.status)) + " (our bug)"};
    return false;
  }

  void conclude(const Answer& answer) {
    switch (answer.status) {
      case Status::unsat: result_.verdict = Proved{answer.engine, {}}; return;
      case Status::unknown: result_.verdict = Unknown{answer.reason}; return;
      case Status::sat: refute(answer); return;
    }
  }

  void refute(const Answer& answer) {
    Refuted refuted;
    refuted.engine = answer.engine;
    for (const auto& [variable, value] : answer.model.variables()) {
      refuted.variables.emplace_back(store_.name(variable), value);
    }
    if (obligation_.replay) {
      ReplayResult replay = obligation_.replay(store_, answer.model);
      if (replay.reproduced == Reproduced::no) {
        result_.our_bug = true;
        result_.verdict = Unknown{"counterexample does not replay (our bug): " + replay.text};
        return;
      }
      refuted.replay = std::move(replay.text);
    }
    result_.verdict = std::move(refuted);
  }

  const Obligation& obligation_;
  const Options& options_;
  std::string_view context_;
  term::Store store_;
  std::vector<Id> assertions_;
  Result result_;
};

}  // namespace

std::vector<Result> discharge(std::span<const Obligation> obligations, const Options& options) {
  const std::string context =
      options.cache != nullptr ? cache_context(options.solver) : std::string();
  std::vector<Result> results(obligations.size());
  std::atomic<std::size_t> next = 0;
  std::size_t done = 0;  // guarded by `progress`
  std::mutex progress;
  const auto work = [&] {
    for (std::size_t i = next++; i < obligations.size(); i = next++) {
      results[i] = Discharge(obligations[i], options, context).run();
      const std::lock_guard lock(progress);
      ++done;
      if (options.on_progress) options.on_progress(done, obligations.size(), results[i]);
    }
  };
  const std::size_t wanted =
      options.workers != 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> workers;
  for (std::size_t i = 1; i < std::min(wanted, obligations.size()); ++i) workers.emplace_back(work);
  work();
  workers.clear();  // joins
  return results;
}

}  // namespace probity::proof
