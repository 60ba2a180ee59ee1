// SPDX-License-Identifier: Apache-2.0
// The stages of a pair's exploration are A, B, B, A: so a slot of a trail finds
// its program.
#include "cli/interact_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/exploration_text.hpp"
#include "cli/path_sum.hpp"
#include "cli/run_page.hpp"

namespace probity::cli {
namespace {

using interact::OrderVerdict;
using report::Json;
using Rows = std::vector<std::vector<std::string>>;

Cast cast_of(const InteractRun& run, std::vector<std::uint32_t> by_stage) {
  Cast cast{{}, std::move(by_stage)};
  for (const interact::Subject& subject : run.subjects) cast.programs.push_back(subject.view());
  return cast;
}

std::uint32_t index(std::size_t number) {
  return static_cast<std::uint32_t>(number);
}

std::string names_of(const InteractRun& run, const PairResult& pair) {
  return fmt::format("{} and {}", run.subjects[pair.a].label(), run.subjects[pair.b].label());
}

std::string_view word(OrderVerdict verdict) {
  switch (verdict) {
    case OrderVerdict::commute: return "proved";
    case OrderVerdict::differ: return "refuted";
    case OrderVerdict::unknown: return "unknown";
  }
  return "unknown";
}

Json open_question(const InteractRun& run, std::uint32_t program, std::uint32_t slot,
                   std::string reason) {
  return unknown_json(cast_of(run, {program}), {slot, std::move(reason), 0});
}

std::span<const Json> list_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  const auto* list = found == nullptr ? nullptr : found->get<Json::Array>();
  return list == nullptr ? std::span<const Json>() : std::span<const Json>(*list);
}

std::string text_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  const auto* text = found == nullptr ? nullptr : found->get<std::string>();
  return text == nullptr ? std::string() : *text;
}

std::string joined(std::span<const Json> names) {
  std::string text;
  for (const Json& name : names) {
    const auto* word = name.get<std::string>();
    if (word != nullptr) text += (text.empty() ? "" : ", ") + *word;
  }
  return text;
}

Json chain_json(const interact::ChainRun& chain, program::ProgType type) {
  std::string names;
  for (const interact::ProgramRun& one : chain.programs) {
    names += (names.empty() ? "" : ", then ") + one.label;
  }
  return run_json(names, fmt::format("verdict {}", interact::action_name(type, chain.verdict)),
                  chain.packet);
}

/// Both orders, as an engine showed them.
Json runs_of(const InteractRun& run, const PairResult& pair) {
  Json runs = Json::array();
  for (const interact::OrderReplay& replay : pair.replays) {
    if (replay.replayed.outcome != symex::Outcome::reproduced) continue;
    const program::ProgType type = run.subjects[pair.a].image().type;
    runs.push(chain_json(replay.a_first, type));
    runs.push(chain_json(replay.b_first, type));
    break;
  }
  return runs;
}

void add_tables(RunPage& page, const InteractRun& run, const Json& details) {
  Rows pairs;
  for (const PairResult& pair : run.pairs) {
    pairs.push_back(
        {run.subjects[pair.a].label(), run.subjects[pair.b].label(),
         std::string(word(pair.verdict)),
         pair.disjointness.proved ? "sets" : "exploration: " + sum_text(pair.order.counts)});
  }
  if (!pairs.empty()) page.table("Order", {"first", "second", "commute", "by"}, std::move(pairs));
  Rows sets;
  for (const Json& program : list_of(details, "programs")) {
    sets.push_back({text_of(program, "program"), joined(list_of(program, "read_set")),
                    joined(list_of(program, "write_set"))});
  }
  if (!sets.empty()) page.table("Sets", {"program", "reads", "writes"}, std::move(sets));
  Rows edges;
  for (const Json& edge : list_of(details, "dependencies")) {
    const auto end = [&edge](std::string_view name) {
      const Json* found = edge.find(name);
      if (found == nullptr) return std::string();
      return fmt::format("{}: {}({},{})", text_of(*found, "source"), text_of(*found, "operation"),
                         text_of(*found, "map"), text_of(*found, "key"));
    };
    edges.push_back({end("from"), end("to"), text_of(edge, "role")});
  }
  if (!edges.empty()) page.table("Map dependencies", {"from", "to", "role"}, std::move(edges));
}

std::string_view verdict_of(const InteractRun& run, const Json& log) {
  const auto differs = [](const PairResult& pair) { return pair.verdict == OrderVerdict::differ; };
  if (std::ranges::any_of(run.pairs, differs)) return "refuted";
  return list_of(log, "unknowns").empty() ? "proved" : "unknown";
}

}  // namespace

Json interact_log(const InteractRun& run) {
  Json log = Json::object({{"findings", Json::array()}, {"unknowns", Json::array()}});
  for (std::size_t i = 0; i < run.footprints.size(); ++i) {
    const symex::Exploration& exploration = run.footprints[i].exploration;
    for (const symex::Finding& finding : exploration.findings) {
      log["unknowns"].push(open_question(
          run, index(i), finding.slot,
          fmt::format("{} may fail itself: {}: {} (see probity check)", run.subjects[i].label(),
                      symex::name(finding.property), finding.text)));
    }
    for (const symex::Unknowing& unknown : exploration.unknowns) {
      log["unknowns"].push(open_question(run, index(i), unknown.slot, unknown.reason));
    }
  }
  for (const PairResult& pair : run.pairs) {
    const std::uint32_t a = index(pair.a);
    const std::uint32_t b = index(pair.b);
    for (const std::string& reason : pair.order.unknowns) {
      log["unknowns"].push(
          open_question(run, a, 0, fmt::format("{}: {}", names_of(run, pair), reason)));
    }
    if (!pair.order.difference) continue;
    std::vector<symex::Replayed> replays;
    for (const interact::OrderReplay& one : pair.replays) replays.push_back(one.replayed);
    Json one =
        finding_json(cast_of(run, {a, b, b, a}), *pair.order.difference, replays, pair.files);
    one["property"] = "order";
    one["text"] =
        fmt::format("{} do not commute: {}", names_of(run, pair), pair.order.difference->text);
    log["findings"].push(std::move(one));
  }
  return log;
}

std::string interact_page(const InteractRun& run, const Json& details, const Json& log) {
  std::string names;
  std::vector<std::string> labels;
  for (const interact::Subject& subject : run.subjects) {
    names += (names.empty() ? "" : ", ") + subject.label();
    labels.push_back(run.subjects.size() > 1 ? subject.label() : "");
  }
  RunPage page(fmt::format("interact {}", names),
               fmt::format("{}, chain policy {}", program::name(run.subjects.front().image().type),
                           text_of(details, "chain")),
               verdict_of(run, log), cast_of(run, {0}), labels);
  for (std::size_t i = 0; i < run.footprints.size(); ++i) {
    const symex::Exploration& exploration = run.footprints[i].exploration;
    page.fact(run.subjects[i].label(), cost_text(exploration.statistics));
  }
  if (run.pairs.size() == 1 && run.pairs.front().explored) {
    page.sum(sum_json(run.pairs.front().order.counts));
  }
  add_tables(page, run, details);
  std::size_t number = 0;
  for (const PairResult& pair : run.pairs) {
    if (!pair.order.difference) continue;
    page.finding(list_of(log, "findings")[number++], runs_of(run, pair));
  }
  for (const Json& unknown : list_of(log, "unknowns")) page.unknown(unknown);
  return page.render();
}

}  // namespace probity::cli
