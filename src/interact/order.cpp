// SPDX-License-Identifier: Apache-2.0
// The stages are A, B, B, A; the second and the fourth go on with what the one before left. A chain
// is then looked at as one ending: that of its last stage, with the verdict and the output of both.
#include "interact/order.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "symex/compare.hpp"

namespace probity::interact {
namespace {

using symex::Demand;
using symex::Ending;
using symex::Explorer;
using symex::TraceEvent;
using term::Id;

// enum bpf_func_id.
constexpr std::uint32_t trace_printk = 6;
constexpr std::uint32_t clone_redirect = 13;
constexpr std::uint32_t redirects[] = {23, 51, 152, 155};

constexpr std::uint32_t xdp_redirect = 4;
constexpr std::uint32_t tc_act_redirect = 7;

bool is_redirect(const TraceEvent& event) {
  return std::ranges::find(redirects, event.helper) != std::end(redirects);
}

/// Where the event goes: events of one channel keep their order.
std::pair<std::uint32_t, std::uint32_t> channel(const term::Store& store, const TraceEvent& event) {
  const bool global = event.helper == trace_printk || event.helper == clone_redirect;
  if (global || event.values.empty()) return {event.helper, 0};
  const auto map = store.literal(event.values.front());
  return {0, map ? static_cast<std::uint32_t>(*map) : 0};
}

/// Both runs of a chain as one; its redirect is taken out.
struct ChainEnding {
  Ending ending;
  std::vector<TraceEvent> redirect;  ///< the last one, or none
};

ChainEnding chain_ending(Explorer& explorer, const Ending& first, const Ending& last, Chain chain,
                         program::ProgType type) {
  term::Store& store = explorer.context().store;
  ChainEnding result{last, {}};
  if (chain == Chain::all) {
    result.ending.action = stronger(store, type, first.action, last.action);
  }
  std::vector<TraceEvent> events = first.trace;
  events.insert(events.end(), last.trace.begin(), last.trace.end());
  result.ending.trace.clear();
  for (TraceEvent& event : events) {
    if (is_redirect(event)) {
      result.redirect = {std::move(event)};
    } else {
      result.ending.trace.push_back(std::move(event));
    }
  }
  std::ranges::stable_sort(result.ending.trace, {},
                           [&store](const TraceEvent& event) { return channel(store, event); });
  return result;
}

/// What is gone when the packet is dropped.
bool is_of_packet(const Demand& demand) {
  return demand.observable == "packet" || demand.observable == "metadata" ||
         demand.observable == "ctx";
}

/// If the verdict redirects, it is to the same place.
Demand same_redirect(Explorer& explorer, const ChainEnding& a, const ChainEnding& b,
                     program::ProgType type) {
  term::Store& store = explorer.context().store;
  Ending left = a.ending;
  Ending right = b.ending;
  left.trace = a.redirect;
  right.trace = b.redirect;
  const std::uint32_t verdict = type == program::ProgType::xdp ? xdp_redirect : tc_act_redirect;
  const Id counts = store.eq(left.action, store.lit(32, verdict));
  return {"redirect", store.implies(counts, symex::same_trace(explorer, left, right)),
          "the runs differ in: where the packet is redirected to"};
}

/// A difference that everybody sees.
bool is_plain(const symex::Finding& finding) {
  return finding.property == symex::Property::relation &&
         (finding.observable == "return value" || finding.observable == "packet");
}

/// After the first difference a plainer one is looked for, but not for long. `first` is the number
/// of paths when there was one.
bool is_enough(const symex::Exploration& known, std::uint64_t& first) {
  constexpr std::uint64_t more_paths = 400;
  if (std::ranges::any_of(known.findings, is_plain)) return true;
  const auto differs = [](const symex::Finding& finding) {
    return finding.property == symex::Property::relation;
  };
  if (std::ranges::none_of(known.findings, differs)) return false;
  if (first == 0) first = known.statistics.paths + 1;
  return known.statistics.paths >= first + more_paths;
}

std::vector<symex::Stage> stages_of(const Subject& a, const Subject& b, Chain chain) {
  const auto stage = [](const Subject& subject, symex::Start start, std::uint32_t identity) {
    symex::Stage result;
    result.program = subject.view();
    result.start = start;
    result.identity = identity;
    result.specs = false;
    return result;
  };
  std::vector<symex::Stage> stages{
      stage(a, symex::Start::initial, 0), stage(b, symex::Start::chained, 1),
      stage(b, symex::Start::initial, 1), stage(a, symex::Start::chained, 0)};
  if (chain == Chain::pass) {
    stages[1].only_after = passing(a.image().type);
    stages[3].only_after = passing(a.image().type);
  }
  return stages;
}

}  // namespace

Expected<Order> compare_orders(const Subject& a, const Subject& b, Chain chain,
                               const symex::Options& given) {
  const program::ProgType type = a.image().type;
  symex::Options options = given;
  options.specs = false;
  options.enough = [first = std::uint64_t{0}](const symex::Exploration& known) mutable {
    return is_enough(known, first);
  };
  const auto context_written = std::make_shared<bool>(false);
  options.relation = [chain, type, context_written](
                         Explorer& explorer, symex::PathState&,
                         std::span<const std::shared_ptr<const Ending>> endings) {
    for (const auto& ending : endings) {
      *context_written = *context_written || !ending->ctx_written.empty();
    }
    const ChainEnding one = chain_ending(explorer, *endings[0], *endings[1], chain, type);
    const ChainEnding two = chain_ending(explorer, *endings[2], *endings[3], chain, type);
    std::vector<Demand> demands = symex::differences(explorer, one.ending, two.ending, {});
    term::Store& store = explorer.context().store;
    const Id seen = keeps_packet(store, type, one.ending.action);
    for (Demand& demand : demands) {
      if (is_of_packet(demand)) demand.condition = store.implies(seen, demand.condition);
    }
    demands.push_back(same_redirect(explorer, one, two, type));
    return demands;
  };
  Explorer explorer(stages_of(a, b, chain), options);
  TRY(symex::Exploration exploration, explorer.explore());
  Order order;
  order.statistics = exploration.statistics;
  order.counts = exploration.counts;
  order.hands_context_on = *context_written;
  for (symex::Finding& finding : exploration.findings) {
    if (finding.property == symex::Property::relation) {
      const bool better = is_plain(finding) && order.difference && !is_plain(*order.difference);
      if (!order.difference || better) order.difference = std::move(finding);
      continue;
    }
    const Subject& subject = finding.stage == 0 || finding.stage == 3 ? a : b;
    order.unknowns.push_back(fmt::format("{} may fail itself: {}: {} ({})", subject.label(),
                                         symex::name(finding.property), finding.text,
                                         subject.place(finding.slot)));
  }
  for (const symex::Unknowing& unknown : exploration.unknowns) {
    const Subject& subject = unknown.stage == 0 || unknown.stage == 3 ? a : b;
    order.unknowns.push_back(
        fmt::format("{}: {} ({})", subject.label(), unknown.reason, subject.place(unknown.slot)));
  }
  if (order.difference) order.unknowns.clear();  // what was left open is no doubt
  order.verdict = order.difference          ? OrderVerdict::differ
                  : !order.unknowns.empty() ? OrderVerdict::unknown
                                            : OrderVerdict::commute;
  return order;
}

}  // namespace probity::interact
