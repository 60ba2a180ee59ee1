// SPDX-License-Identifier: Apache-2.0
// Everything here is about one store; the memo is what workers share.
#include "proof/conclusion.hpp"

#include <algorithm>
#include <optional>

#include "proof/answer_bytes.hpp"
#include "proof/cache.hpp"
#include "solver/product_symbols.hpp"

namespace probity::proof {
namespace {

using solver::Answer;
using solver::Status;
using term::Id;

bool all_true(const term::Store& store, const term::Model& model, std::span<const Id> assertions) {
  term::Evaluator evaluate(store, model);
  return std::ranges::all_of(assertions, [&](Id a) { return evaluate(a) == 1; });
}

std::string word(Status status) {
  switch (status) {
    case Status::sat: return "sat";
    case Status::unsat: return "unsat";
    case Status::unknown: return "unknown";
  }
  return {};
}

constexpr std::uint32_t first_look_ms = 2'000;

/// The first external solver that knows, each within `wall_ms`; else the last one's reason.
Answer ask_external(term::Store& store, std::span<const Id> assertions, std::uint32_t wall_ms) {
  const std::vector<std::string> present = solver::available_external();
  Answer answer;
  answer.reason = "no external solver on PATH";
  answer.engine = "none";
  solver::Options limited;
  limited.limits.wall_ms = wall_ms;
  for (const std::string_view engine : {"z3", "cvc5-int", "cvc5"}) {
    if (std::ranges::find(present, engine) == present.end()) continue;
    answer = solver::solve_with(engine, store, assertions, limited);
    if (answer.status != Status::unknown) return answer;
  }
  return answer;
}

/// The weaker query without multiplication; believed only for `unsat`.
Answer ask_about_symbols(const term::Store& store, std::span<const Id> assertions,
                         std::uint32_t wall_ms) {
  std::optional<solver::WeakerQuery> weaker = solver::products_as_symbols(store, assertions);
  if (!weaker) return {};
  Answer answer = ask_external(weaker->store, weaker->assertions, wall_ms);
  if (answer.status != Status::unsat) return {};
  answer.engine += " (products as symbols)";
  return answer;
}

/// Another engine than the one that answered: an external one for ours, ours for an external one.
Answer ask_another(std::string_view first, term::Store& store, std::span<const Id> assertions,
                   const solver::Options& options) {
  const std::vector<std::string> external = solver::available_external();
  if (std::ranges::find(external, first) != external.end()) {
    return solver::solve_with("builtin", store, assertions, options);
  }
  // What takes one of them minutes is often at once clear to another.
  const std::uint32_t first_ms = std::min(first_look_ms, options.limits.wall_ms);
  Answer answer = ask_external(store, assertions, first_ms);
  if (answer.status != Status::unknown) return answer;
  answer = ask_about_symbols(store, assertions, first_ms);
  if (answer.status != Status::unknown) return answer;
  return ask_external(store, assertions, options.limits.wall_ms);
}

}  // namespace

Conclusions::Conclusions(term::Store& store, std::span<const Id> assume, const Setting& setting)
    : store_(store),
      setting_(setting),
      assume_(assume.begin(), assume.end()),
      slicer_(store, assume),
      canonicalise_(store) {}

Conclusions::Reply Conclusions::refute(Id conclusion, std::span<const Id> given) {
  const Id negation = store_.not_(conclusion);
  if (!std::ranges::equal(given, last_given_)) {
    last_given_.assign(given.begin(), given.end());
    slicer_.replace_from(assume_.size(), given);
  }
  std::vector<Id> parts = slicer_.relevant(negation);
  const bool whole = parts.size() == assume_.size() + given.size();
  parts.push_back(negation);
  Reply reply = ask(parts);
  if (whole || reply.settled.status != Status::sat) return reply;
  parts = assume_;
  parts.insert(parts.end(), given.begin(), given.end());
  parts.push_back(negation);
  return ask(parts);
}

Conclusions::Reply Conclusions::ask(std::span<const Id> parts) {
  const CanonicalQuery query = canonicalise_(parts);
  const Hash128 key = query_key(query, setting_.context);
  Reply reply;
  if (auto known = setting_.memo.find_or_reserve(key)) {
    reply.settled = *std::move(known);
    reply.shared = true;
  } else {
    Memo::Claim claim(setting_.memo, key);
    reply.settled = settle(parts, query);
    claim.settle(reply.settled);
  }
  if (reply.settled.status != Status::sat) return reply;
  auto answer = read_answer(query, reply.settled.answer);
  if (answer && all_true(store_, answer->model, parts)) {
    reply.model = std::move(answer->model);
    return reply;
  }
  reply.settled.status = Status::unknown;
  reply.settled.our_bug = true;
  reply.settled.reason = "a model of " + reply.settled.engine + " does not fit an equal query";
  return reply;
}

Settled Conclusions::settle(std::span<const Id> parts, const CanonicalQuery& query) {
  Cache* const cache = setting_.options.cache;
  Settled settled;
  std::optional<Answer> answer;
  if (cache != nullptr) {
    answer = cache->find(query, setting_.context);
    if (answer && answer->status == Status::sat && !all_true(store_, answer->model, parts)) {
      answer.reset();
    }
  }
  settled.from_disk = answer.has_value();
  if (!answer) {
    answer = solve(parts);
    if (cache != nullptr) cache->remember(query, setting_.context, *answer);
  }
  settled.status = answer->status;
  settled.engine = answer->engine;
  settled.reason = answer->reason;
  settled.our_bug = answer->reason.find("does not satisfy the query") != std::string::npos;
  if (answer->status == Status::unknown) return settled;
  settled.answer = write_answer(query, *answer);
  if (setting_.options.cross_check == CrossCheck::yes) cross_check(parts, settled);
  return settled;
}

Answer Conclusions::solve(std::span<const Id> parts) {
  const Options& options = setting_.options;
  Answer answer = options.engine ? options.engine(store_, parts, options.solver)
                                 : solver::solve(store_, parts, options.solver);
  stats_.clauses += answer.stats.clauses;
  stats_.conflicts += answer.stats.conflicts;
  stats_.cpu_seconds += answer.stats.cpu_seconds;
  if (answer.status == Status::sat && !all_true(store_, answer.model, parts)) {
    answer.status = Status::unknown;
    answer.reason = "model of " + answer.engine + " does not satisfy the query";
  }
  return answer;
}

void Conclusions::cross_check(std::span<const Id> parts, Settled& settled) {
  const Options& options = setting_.options;
  const Answer second = options.second_engine
                            ? options.second_engine(store_, parts, options.solver)
                            : ask_another(settled.engine, store_, parts, options.solver);
  if (second.status == Status::unknown) {
    settled.cross_checked = "not cross-checked: " + second.engine + ": " + second.reason;
    return;
  }
  if (second.status == settled.status) {
    settled.cross_checked = second.engine;
    return;
  }
  settled.our_bug = true;
  settled.reason = "engines disagree: " + settled.engine + " says " + word(settled.status) + ", " +
                   second.engine + " says " + word(second.status) + " (our bug)";
  settled.status = Status::unknown;
}

}  // namespace probity::proof
