// SPDX-License-Identifier: Apache-2.0
// The four plans. Products are split and distributed first (pair multiplications of 32-bit targets
// collapse), then nothing is rewritten (identities that normalisation hides), then sums only, and
// last everything exactly.
#include "solver/stage.hpp"

#include <array>

namespace probity::solver {
namespace {

constexpr term::RewriteOptions no_rewrites{.linear_sums = false,
                                           .split_products = false,
                                           .distribute = false,
                                           .difference_equality = false,
                                           .local = false};

/// An engine with more clauses is not kept for the next round: four of them would not fit in 1 GiB.
constexpr std::uint64_t max_kept_clauses = 1'500'000;

constexpr std::array<StagePlan, 4> plans{{
    {"sat-abstract",
     {.linear_sums = true,
      .split_products = true,
      .distribute = true,
      .difference_equality = true,
      .local = true},
     Products::abstract},
    {"sat-plain", no_rewrites, Products::abstract},
    {"sat-linear",
     {.linear_sums = true,
      .split_products = false,
      .distribute = false,
      .difference_equality = true,
      .local = true},
     Products::abstract},
    {"sat-exact", no_rewrites, Products::exact},
}};

}  // namespace

std::span<const StagePlan> builtin_stages() {
  return plans;
}

Stage::Stage(const StagePlan& plan, const term::Store& store, std::span<const term::Id> assertions,
             const Leaves& leaves, const Limits& limits)
    : plan_(plan), store_(store), assertions_(assertions), leaves_(leaves), limits_(limits) {}

/// Operands first, so that the clock is looked at between terms.
bool Stage::import_query(const Deadline& deadline) {
  copy_.emplace(plan_.rewrites);
  Patience patience(&deadline);
  for (const term::Id part : cone_of(store_, assertions_)) {
    if (patience.ended()) return false;
    copy_->import(store_, part, copy_of_);
  }
  for (const term::Id assertion : assertions_) {
    copies_.push_back(copy_->import(store_, assertion, copy_of_));
    if (copy_->is_false(copies_.back())) refuted_by_rewriting_ = true;
  }
  return true;
}

void Stage::make_engine(const Deadline& deadline) {
  engine_ = std::make_unique<Engine>(
      *copy_, EngineOptions{plan_.name, plan_.products, Profile::once, limits_, Mutation::none});
  for (const term::Id copy : copies_) engine_->require(copy, deadline);
}

Answer Stage::run(std::uint64_t conflicts, const Deadline& query) {
  const Deadline deadline(limits_.wall_ms, query.left_ms());
  if (!copy_ && !import_query(deadline)) {
    can_continue_ = false;
    Answer late;
    late.reason = std::string(time_guard) + " while rewriting";
    late.engine = plan_.name;
    return late;
  }
  Answer answer;
  if (refuted_by_rewriting_) {
    answer.status = Status::unsat;
    answer.engine = "rewrite";
    return answer;
  }
  if (!engine_) make_engine(deadline);
  answer = engine_->check({}, conflicts, deadline);
  can_continue_ = answer.status == Status::unknown && answer.reason.starts_with("conflict limit");
  spent_conflicts_ += conflicts;
  if (can_continue_) answer.reason = "conflict limit " + std::to_string(spent_conflicts_);
  if (!can_continue_ || engine_->clauses() > max_kept_clauses) engine_.reset();
  if (answer.status != Status::sat) return answer;
  answer.model = carried_back(store_, leaves_, *copy_, copy_of_, answer.model);
  if (satisfies(store_, answer.model, assertions_)) return answer;
  answer.status = Status::unknown;
  answer.model = {};
  answer.reason = "model of " + answer.engine + " does not satisfy the query";
  return answer;
}

}  // namespace probity::solver
