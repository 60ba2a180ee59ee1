// SPDX-License-Identifier: Apache-2.0
// The staged strategy. Every builtin stage first gets a small conflict budget, since what one stage
// proves at once another may not prove at all; then a short look by cvc5's integer encoding; then
// all stages with their full budget.
#include "solver/solver.hpp"

#include <algorithm>
#include <limits>

#include "solver/external.hpp"
#include "solver/query.hpp"
#include "solver/solve_until.hpp"
#include "solver/stage.hpp"
#include "solver/stopwatch.hpp"

namespace probity::solver {
namespace {

using term::Id;

constexpr std::uint64_t first_conflicts = 1'000, second_conflicts = 4'000;
constexpr std::uint32_t first_external_ms = 2'000;
/// The guards that a query may use up one after the other, of its stages and of external solvers.
constexpr std::uint32_t guards_per_query = 6;

/// Bumped whenever a change could turn one answer into another: cached verdicts depend on it.
constexpr const char* encoding_version = "2";

/// `sat` or `unsat` without any search, if the assertions show it.
std::optional<Answer> answer_by_rewriting(const term::Store& store, std::span<const Id> parts) {
  Answer answer;
  answer.engine = "rewrite";
  if (parts.empty()) {
    answer.status = Status::sat;
    return answer;
  }
  std::vector<Id> sorted(parts.begin(), parts.end());
  std::ranges::sort(sorted);
  const bool contradiction = std::ranges::any_of(sorted, [&](Id part) {
    if (store.is_false(part)) return true;
    return store.kind(part) == term::Kind::not_ &&
           std::ranges::binary_search(sorted, store.args(part)[0]);
  });
  if (!contradiction) return std::nullopt;
  answer.status = Status::unsat;
  return answer;
}

/// Runs stages and collects the reasons of those that did not know.
class Strategy {
 public:
  Strategy(term::Store& store, std::span<const Id> assertions, const Options& options,
           const Deadline& deadline)
      : store_(store),
        deadline_(deadline),
        parts_(conjuncts(store, assertions)),
        leaves_(leaves_of(store, assertions)),
        options_(options) {}

  Answer run() {
    const CpuClock clock;
    Answer answer = decide();
    answer.stats = stats_;
    answer.stats.cpu_seconds = std::max(clock.seconds(), stats_.cpu_seconds);
    if (answer.status == Status::sat) answer.model = completed(answer.model, leaves_.variables);
    return answer;
  }

 private:
  Answer decide() {
    if (auto answer = answer_by_rewriting(store_, parts_)) return *std::move(answer);
    if (auto model = guess_model(store_, parts_, leaves_)) {
      return {Status::sat, *std::move(model), {}, "sample", {}};
    }
    for (const StagePlan& plan : builtin_stages()) {
      stages_.push_back(std::make_unique<Stage>(plan, store_, parts_, leaves_, options_.limits));
    }
    std::uint64_t left = options_.limits.conflicts;
    for (const std::uint64_t wanted : {first_conflicts, second_conflicts}) {
      const std::uint64_t conflicts = std::min(wanted, left);
      left -= conflicts;
      if (auto answer = run_stages(conflicts)) return *std::move(answer);
    }
    const std::uint32_t short_ms = std::min(first_external_ms, options_.limits.wall_ms);
    if (auto answer = ask_external(short_ms, {"cvc5-int"})) return *std::move(answer);
    if (auto answer = run_stages(left)) return *std::move(answer);
    if (auto answer = ask_external(options_.limits.wall_ms, {"cvc5-int", "z3", "cvc5"})) {
      return *std::move(answer);
    }
    Answer answer;
    answer.engine = "builtin";
    if (deadline_.passed()) answer.reason = "the time of this query ended";
    for (const auto& [engine, reason] : reasons_) {
      answer.reason += (answer.reason.empty() ? "" : "; ") + engine + ": " + reason;
    }
    return answer;
  }

  std::optional<Answer> run_stages(std::uint64_t conflicts) {
    if (conflicts == 0) return std::nullopt;
    for (const std::unique_ptr<Stage>& stage : stages_) {
      if (!stage->can_continue()) continue;
      if (deadline_.passed()) return std::nullopt;
      Answer answer = stage->run(conflicts, deadline_);
      add(stats_, answer.stats);
      if (answer.status != Status::unknown) return answer;
      note(answer);
    }
    return std::nullopt;
  }

  std::optional<Answer> ask_external(std::uint32_t wall_ms,
                                     std::initializer_list<std::string_view> engines) {
    if (options_.external == External::none) return std::nullopt;
    for (const std::string_view engine : engines) {
      if (!is_available(engine)) continue;
      const std::uint32_t left = std::min(wall_ms, deadline_.left_ms());
      if (left == 0) return std::nullopt;
      Answer answer = ask(engine, store_, parts_, leaves_, left);
      add(stats_, answer.stats);
      if (answer.status != Status::unknown) return answer;
      note(answer);
    }
    return std::nullopt;
  }

  /// Keeps the latest reason of each engine.
  void note(const Answer& answer) {
    const auto known = std::ranges::find(reasons_, answer.engine, &Reason::first);
    if (known != reasons_.end())
      known->second = answer.reason;
    else
      reasons_.emplace_back(answer.engine, answer.reason);
  }

  using Reason = std::pair<std::string, std::string>;
  term::Store& store_;
  const Deadline& deadline_;
  std::vector<Id> parts_;
  Leaves leaves_;
  Options options_;
  Stats stats_;
  std::vector<Reason> reasons_;
  std::vector<std::unique_ptr<Stage>> stages_;
};

}  // namespace

void add(Stats& total, const Stats& part) {
  total.clauses += part.clauses;
  total.conflicts += part.conflicts;
  total.cpu_seconds += part.cpu_seconds;
}

std::uint32_t query_milliseconds(const Limits& limits) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  return std::uint32_t(std::min(most, std::uint64_t{limits.wall_ms} * guards_per_query));
}

Answer solve_until(term::Store& store, std::span<const Id> assertions, const Options& options,
                   const Deadline& deadline) {
  return Strategy(store, assertions, options, deadline).run();
}

Answer solve(term::Store& store, std::span<const Id> assertions, const Options& options) {
  const std::uint32_t most = query_milliseconds(options.limits);
  return solve_until(store, assertions, options,
                     Deadline(most, std::numeric_limits<std::uint32_t>::max()));
}

Answer solve_with(std::string_view engine, term::Store& store, std::span<const Id> assertions,
                  const Options& options) {
  if (engine == "builtin") {
    return solve(store, assertions, Options{options.limits, External::none});
  }
  Answer answer;
  if (!is_known(engine)) {
    answer.reason = "no engine is called " + std::string(engine);
  } else if (!is_available(engine)) {
    answer.reason = std::string(engine) + " is not installed";
  } else {
    const Leaves leaves = leaves_of(store, assertions);
    answer = ask(engine, store, assertions, leaves, options.limits.wall_ms);
    if (answer.status == Status::sat) answer.model = completed(answer.model, leaves.variables);
  }
  answer.engine = engine;
  return answer;
}

std::string version() {
  std::string text = std::string("probity-solver ") + encoding_version + ", " + Sat::version();
  for (const std::string& engine : available_external()) {
    text += ", " + engine + " " + external_version(engine);
  }
  return text;
}

}  // namespace probity::solver
