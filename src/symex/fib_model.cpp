// SPDX-License-Identifier: Apache-2.0
// bpf_fib_lookup (net/core/filter.c of Linux 6.18): the routes and neighbours of the machine are
// one unknown function of what the program asks, so the same question gets the same answer, also
// from another program. Refusals for sizes, flags and families are runtime/fib_rule.hpp; struct
// bpf_fib_lookup changes only where a route was found, and never in the fields that only the
// program fills in.
#include <set>

#include <fmt/format.h>

#include "runtime/fib_rule.hpp"
#include "symex/explorer.hpp"
#include "symex/mentions.hpp"

namespace probity::symex {
namespace {

using runtime::fib_params_bytes;
namespace errno_of = runtime::errno_of;

}  // namespace

/// The question: sixteen words and the flags.
std::vector<term::Id> Explorer::fib_question(std::span<const term::Id> chunks, term::Id flags) {
  term::Store& store = context_.store;
  std::vector<term::Id> question;
  for (const term::Id chunk : chunks) {
    for (unsigned low = 0; low < store.width(chunk); low += 32) {
      question.push_back(store.extract(low, 32, chunk));
    }
  }
  question.push_back(store.extract(0, 32, flags));
  return question;
}

term::Id Explorer::fib_answer(std::string_view part, unsigned width,
                              std::span<const term::Id> question) {
  const std::vector<unsigned> widths(question.size(), 32);
  return context_.store.apply(
      context_.store.function(fmt::format("{}{}", fib_prefix, part), widths, width), question);
}

bool Explorer::call_fib_lookup(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const auto size = size_argument(state, 3);
  if (!size) return false;
  const Word params = argument(state, 2);
  const Word flags = argument(state, 4);
  if (!observable(state, flags, "the flags of a fib lookup")) return false;
  const auto chunks = read_chunks(state, params, *size);
  if (!chunks) return false;
  const auto place = access(state, params, *size, Access::write);
  if (!place) return false;
  clobber(state);
  term::Store& store = context_.store;
  const Value<8> family =
      Value<8>::of({*size == 0 ? context_.lit(8, 0) : store.extract(0, 8, chunks->front()), 0});
  const Value<64> refusal =
      runtime::fib_refusal(*size, Value<64>::of({as_number(flags), 0}), family);
  const term::Id good = (refusal == Value<64>::lit(0)).raw().term;
  if (store.is_false(good)) {
    set_result(state, refusal.raw().term);
    return true;
  }
  const std::span<const term::Id> asked(chunks->data(), fib_params_bytes / 8);
  const std::vector<term::Id> question = fib_question(asked, as_number(flags));
  const term::Id answer = store.zext(64, fib_answer("answer", 4, question));
  const term::Id routed = store.bin(Op::ule, answer, context_.lit(64, runtime::last_fib_answer));
  term::Id writes = store.false_();
  for (const std::uint64_t number : runtime::writing_fib_answers) {
    writes = store.or_(writes, store.eq(answer, context_.lit(64, number)));
  }
  writes = store.and_(writes, good);
  for (std::uint64_t at = 0; at < fib_params_bytes; ++at) {
    if (runtime::is_fib_input_only(at)) continue;
    const term::Id before = store.extract(static_cast<unsigned>(at % 8 * 8), 8, (*chunks)[at / 8]);
    const term::Id after = fib_answer(fmt::format("byte{}", at), 8, question);
    const term::Id offset = store.bin(Op::add, place->offset, context_.lit(64, at));
    write_memory(state, {place->region, place->object, offset}, 1,
                 {store.ite(writes, after, before), 0});
  }
  const term::Id found = store.ite(routed, answer, context_.lit64(errno_of::no_device));
  const term::Id result = store.ite(good, found, refusal.raw().term);
  state.free_results.emplace_back("fib_lookup", result);
  set_result(state, result);
  return true;
}

void Explorer::tell_routes(Witness& witness, Valuation& valuation,
                           std::span<const term::Id> leaves) {
  std::set<std::vector<std::uint64_t>> told;
  for (const term::Id leaf : leaves) {
    if (!leaf_name(context_.store, leaf).starts_with(fib_prefix)) continue;
    std::vector<std::uint64_t> words;
    for (const term::Id word : context_.store.args(leaf)) {
      words.push_back(static_cast<std::uint64_t>(valuation(word)));
    }
    if (told.insert(words).second) witness.input.routes.push_back(route_of(valuation, words));
  }
  if (!told.empty()) witness.not_replayable.emplace_back("a route that bpf_fib_lookup finds");
}

runtime::GivenRoute Explorer::route_of(Valuation& valuation, std::span<const std::uint64_t> words) {
  std::vector<term::Id> question;
  for (const std::uint64_t word : words) question.push_back(context_.lit(32, word));
  runtime::GivenRoute route;
  route.flags = static_cast<std::uint32_t>(words.back());
  route.answer = static_cast<std::uint32_t>(valuation(fib_answer("answer", 4, question)));
  for (std::uint64_t at = 0; at < fib_params_bytes; ++at) {
    const auto asked = static_cast<std::uint8_t>(words[at / 4] >> at % 4 * 8);
    const term::Id after = fib_answer(fmt::format("byte{}", at), 8, question);
    route.question.push_back(asked);
    route.after.push_back(
        runtime::is_fib_input_only(at) ? asked : static_cast<std::uint8_t>(valuation(after)));
  }
  return route;
}

}  // namespace probity::symex
