// SPDX-License-Identifier: Apache-2.0
// A SAT solver assigns every variable it ever saw, so an engine that carries much more than the
// present questions need is replaced.
#include "solver/incremental.hpp"

#include <algorithm>

#include "solver/engine.hpp"
#include "solver/solve_until.hpp"
#include "term/checksum_lemmas.hpp"

namespace probity::solver {
namespace {

/// What most questions need at most; the others are looked at for checksums.
constexpr std::uint64_t easy_conflicts = 100;
/// Small: the profile for many questions is slow on a hard one.
constexpr std::uint64_t incremental_conflicts = 5'000;
constexpr std::uint64_t max_session_clauses = 3'000'000;
/// Rebuild when the variables assigned in vain since the last rebuild exceed this many per clause
/// to re-encode.
constexpr std::uint64_t waste_per_clause = 40;

/// Of what contradicts itself, the parts; the rest are lemmas, which hold always.
std::vector<term::Id> held_in(std::span<const term::Id> core, std::span<const term::Id> parts) {
  std::vector<term::Id> held;
  std::ranges::copy_if(core, std::back_inserter(held),
                       [&](term::Id a) { return std::ranges::find(parts, a) != parts.end(); });
  return held;
}

}  // namespace

Incremental::Incremental(term::Store& store, const Options& options)
    : store_(store), options_(options) {}

Incremental::~Incremental() = default;

void Incremental::count_waste(const Answer& answer) {
  const std::uint64_t needed = engine_->last_terms() * 8;  // about eight gates per term and bit
  const std::uint64_t held = std::uint64_t(engine_->variables());
  if (answer.status != Status::unsat && held > needed) waste_ += held - needed;
  if (waste_ > waste_per_clause * (needed + 2'000) || engine_->clauses() > max_session_clauses) {
    engine_.reset();
    waste_ = 0;
  }
}

Answer Incremental::check(std::span<const term::Id> parts, std::uint32_t wall_ms) {
  if (!engine_) {
    engine_ = std::make_unique<Engine>(
        store_, EngineOptions{"sat-session", Products::abstract, Profile::incremental,
                              options_.limits, Mutation::none});
  }
  const Limits& limits = options_.limits;
  const Deadline query(query_milliseconds(limits), wall_ms);
  const Deadline first(limits.wall_ms, wall_ms);
  Answer answer = engine_->check(parts, std::min(easy_conflicts, limits.conflicts), first);
  Stats spent;
  std::vector<term::Id> question(parts.begin(), parts.end());
  if (answer.status == Status::unknown) {
    add(spent, answer.stats);
    const std::vector<term::Id> lemmas = term::checksum_lemmas(store_, parts);
    question.insert(question.end(), lemmas.begin(), lemmas.end());
    answer = engine_->check(question, std::min(incremental_conflicts, limits.conflicts), first);
  }
  add(answer.stats, spent);
  core_ = held_in(engine_->core(), parts);
  count_waste(answer);
  if (answer.status != Status::unknown) return answer;
  spent = answer.stats;
  engine_.reset();
  answer = solve_until(store_, question, options_, query);
  add(answer.stats, spent);
  core_.assign(parts.begin(), parts.end());
  std::ranges::sort(core_);
  return answer;
}

}  // namespace probity::solver
