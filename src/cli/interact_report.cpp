// SPDX-License-Identifier: Apache-2.0
// Sets are written as DRACO writes them; an edge of the map graph reads
// FILE:LINE:lookup(MAP,KEY)->FILE:LINE:operation(MAP,KEY), with its role behind.
#include "cli/interact_report.hpp"
#include "cli/exploration_text.hpp"
#include "cli/finding_json.hpp"
#include "cli/path_sum.hpp"
#include "cli/side_text.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "packet/packet.hpp"

namespace probity::cli {
namespace {

using interact::OrderVerdict;
using report::Json;
using report::Tone;

constexpr std::size_t max_shown_edges = 200;
constexpr std::size_t max_shown_paths = 200;

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return "{" + text + "}";
}

Json list_of(const auto& names) {
  Json list = Json::array();
  for (const auto& name : names) list.push(Json(name));
  return list;
}

std::string_view word(OrderVerdict verdict) {
  switch (verdict) {
    case OrderVerdict::commute: return "commute";
    case OrderVerdict::differ: return "do not commute";
    case OrderVerdict::unknown: return "unknown";
  }
  return "?";
}

Json json_of(const runtime::MapContents& contents) {
  Json entries = Json::array();
  for (const runtime::MapEntry& entry : contents.entries) {
    entries.push(
        Json::object({{"key", report::hex(entry.key)}, {"value", report::hex(entry.value)}}));
  }
  return Json::object({{"map", contents.map}, {"entries", std::move(entries)}});
}

Json json_of(const symex::Replayed& replayed) {
  return Json::object({{"engine", replayed.engine},
                       {"outcome", outcome_text(replayed.outcome)},
                       {"text", replayed.text}});
}

Json json_of(const interact::ChainRun& run, program::ProgType type) {
  Json programs = Json::array();
  for (const interact::ProgramRun& one : run.programs) {
    programs.push(Json::object({{"program", one.label},
                                {"ran", one.ran},
                                {"return_value", one.return_value},
                                {"verdict", interact::action_name(type, one.return_value)}}));
  }
  Json maps = Json::array();
  for (const runtime::MapContents& contents : run.maps) maps.push(json_of(contents));
  return Json::object({{"programs", std::move(programs)},
                       {"verdict", interact::action_name(type, run.verdict)},
                       {"packet", report::hex(run.packet)},
                       {"maps", std::move(maps)}});
}

/// The outcome of one order: verdicts, packet, and what the maps hold that differs.
std::string text_of(const interact::ChainRun& run, const interact::ChainRun& other,
                    program::ProgType type) {
  std::string text;
  std::string names;
  for (const interact::ProgramRun& one : run.programs) {
    names += (names.empty() ? "" : ", then ") + one.label;
    text += fmt::format("  {} {}\n", one.label,
                        one.ran ? "returns " + interact::action_name(type, one.return_value)
                                : std::string("does not run"));
  }
  text = fmt::format("{}: verdict {}\n{}", names, interact::action_name(type, run.verdict), text);
  if (run.packet != other.packet) text += "  packet out:\n" + packet::print_hex(run.packet);
  for (const runtime::MapContents& contents : run.maps) {
    if (std::ranges::find(other.maps, contents) == other.maps.end()) text += map_text(contents);
  }
  return text;
}

}  // namespace

std::string InteractReport::position(const interact::Operation& operation) const {
  for (const interact::Subject& subject : subjects_) {
    if (subject.label() == operation.program) return subject.position(operation.slot);
  }
  return operation.program;
}

void InteractReport::program(std::size_t number, const interact::Footprint& footprint) {
  const interact::Subject& subject = subjects_[number];
  const symex::Statistics& s = footprint.exploration.statistics;
  document_.heading(fmt::format("{} ({}, section {})", subject.label(),
                                program::name(subject.image().type), subject.image().section));
  document_.fields({{"insns", fmt::format("{} slots, {} maps", subject.image().slots.size(),
                                          subject.image().maps.size())},
                    {"explored", cost_text(s)},
                    {"paths", sum_text(footprint.exploration.counts)}});
  Json doubts = Json::array();
  for (const symex::Finding& finding : footprint.exploration.findings) {
    const std::string text =
        fmt::format("may fail itself: {}: {} at {}", symex::name(finding.property), finding.text,
                    subject.place(finding.slot));
    document_.note(Tone::bad, fmt::format("{} {} (see probity check)", subject.label(), text));
    doubts.push(text);
  }
  for (const symex::Unknowing& unknown : footprint.exploration.unknowns) {
    const std::string text = fmt::format("{} at {}", unknown.reason, subject.place(unknown.slot));
    document_.note(Tone::warning, fmt::format("unknown: {}", text));
    doubts.push(text);
  }
  programs_.push_back(Json::object({{"program", subject.label()},
                                    {"type", program::name(subject.image().type)},
                                    {"section", subject.image().section},
                                    {"statistics", statistics_json(s)},
                                    {"explored", sum_json(footprint.exploration.counts)},
                                    {"unknowns", std::move(doubts)}}));
}

void InteractReport::sets(std::size_t number, const interact::Footprint& footprint,
                          const term::Store& store) {
  const interact::NamedSets sets = interact::named_sets(footprint, store);
  document_.code(
      fmt::format("read set = {}\nwrite set = {}", joined(sets.read), joined(sets.write)));
  programs_[number]["read_set"] = list_of(sets.read);
  programs_[number]["write_set"] = list_of(sets.write);
}

void InteractReport::path_sets(std::size_t number, const interact::Footprint& footprint,
                               const term::Store& store) {
  const program::ProgType type = subjects_[number].image().type;
  Json list = Json::array();
  std::string text;
  std::size_t shown = 0;
  for (const symex::PathEffects& path : footprint.paths) {
    const interact::NamedSets sets = interact::named_sets(footprint, store, path.effects);
    const auto action = store.literal(path.action);
    const std::string returns =
        action ? interact::action_name(type, static_cast<std::uint32_t>(*action)) : "computed";
    if (++shown <= max_shown_paths) {
      text += fmt::format("path {} returns {}\n  read set = {}\n  write set = {}\n", shown, returns,
                          joined(sets.read), joined(sets.write));
    }
    list.push(Json::object({{"returns", returns},
                            {"read_set", list_of(sets.read)},
                            {"write_set", list_of(sets.write)}}));
  }
  if (shown > max_shown_paths) text += fmt::format("and {} more paths\n", shown - max_shown_paths);
  document_.code(text);
  programs_[number]["paths"] = std::move(list);
}

void InteractReport::edges(const std::vector<interact::Edge>& edges) {
  std::string text;
  Json list = Json::array();
  std::size_t shown = 0;
  for (const interact::Edge& edge : edges) {
    const auto end = [this](const interact::Operation& operation) {
      return fmt::format("{}:{}", position(operation), operation.text());
    };
    if (++shown <= max_shown_edges) {
      text += fmt::format("{}->{} correlation: {}\n", end(edge.from), end(edge.to),
                          interact::name(edge.role));
    }
    const auto json = [this](const interact::Operation& operation) {
      return Json::object({{"program", operation.program},
                           {"slot", operation.slot},
                           {"source", position(operation)},
                           {"operation", operation.what},
                           {"map", operation.map},
                           {"key", operation.key}});
    };
    list.push(Json::object({{"from", json(edge.from)},
                            {"to", json(edge.to)},
                            {"role", interact::name(edge.role)},
                            {"bytes", list_of(edge.bytes)}}));
  }
  if (shown > max_shown_edges) text += fmt::format("and {} more edges\n", shown - max_shown_edges);
  document_.heading(fmt::format("map dependencies: {} edges", edges.size()));
  if (!text.empty()) document_.code(text);
  document_.details()["dependencies"] = std::move(list);
}

void InteractReport::branches(std::size_t number,
                              const std::vector<interact::BranchInfluence>& influences) {
  const interact::Subject& subject = subjects_[number];
  std::string text;
  Json list = Json::array();
  for (const interact::BranchInfluence& influence : influences) {
    list.push(Json::object({{"slot", influence.slot},
                            {"source", subject.position(influence.slot)},
                            {"direct", list_of(influence.direct)},
                            {"transitive", list_of(influence.transitive)}}));
    if (influence.transitive.empty()) continue;
    text += fmt::format("branch at {} (slot {}): decided by {}\n", subject.place(influence.slot),
                        influence.slot, joined(influence.direct));
    if (influence.transitive != influence.direct) {
      text += fmt::format("  reached under {}\n", joined(influence.transitive));
    }
  }
  document_.code(text.empty() ? "no branch depends on map contents" : text);
  programs_[number]["branches"] = std::move(list);
}

void InteractReport::influences(std::size_t number,
                                const std::vector<interact::MapInfluence>& influences) {
  const program::ProgType type = subjects_[number].image().type;
  Json list = Json::array();
  for (const interact::MapInfluence& influence : influences) {
    Json flips = Json::array();
    for (const interact::Flip& flip : influence.flips) {
      const std::string was = interact::action_name(type, flip.action);
      const std::string is = interact::action_name(type, flip.other);
      document_.note(Tone::plain, fmt::format("{}: map {} turns {} into {}",
                                              subjects_[number].label(), influence.map, was, is));
      document_.code(fmt::format("{}or instead\n{}replay on {}: {}: {}", input_text(flip.witness),
                                 map_text(flip.second), flip.replayed.engine,
                                 outcome_text(flip.replayed.outcome), flip.replayed.text));
      flips.push(Json::object({{"action", was},
                               {"other", is},
                               {"witness", witness_json(flip.witness)},
                               {"second", ::probity::cli::json_of(flip.second)},
                               {"replay", ::probity::cli::json_of(flip.replayed)}}));
    }
    if (influence.status == interact::MapInfluence::Status::none) {
      document_.note(Tone::good, fmt::format("{}: no contents of map {} change the action",
                                             subjects_[number].label(), influence.map));
    }
    for (const std::string& unknown : influence.unknowns) {
      document_.note(Tone::warning, fmt::format("unknown: map {}: {}", influence.map, unknown));
    }
    list.push(Json::object({{"map", influence.map},
                            {"flips", std::move(flips)},
                            {"unknowns", list_of(influence.unknowns)},
                            {"explored", sum_json(influence.counts)},
                            {"paths", influence.statistics.paths},
                            {"cpu_seconds", influence.statistics.cpu_seconds}}));
  }
  programs_[number]["actions"] = std::move(list);
}

std::string InteractReport::describe(const PairResult& result) const {
  std::string text;
  for (const std::string& map : interact::shared_maps(subjects_[result.a], subjects_[result.b])) {
    text += fmt::format("shared map: {}\n", map);
  }
  if (result.disjointness.proved) {
    text += "neither writes what the other touches:\n";
    for (const std::string& reason : result.disjointness.reasons) text += "  " + reason + "\n";
    return text;
  }
  for (const interact::Clash& clash : result.disjointness.clashes) {
    text += fmt::format("sets overlap: {}\n", clash.what);
  }
  if (result.verdict == OrderVerdict::commute) {
    text += fmt::format("both orders end alike: {}\n", cost_text(result.order.statistics));
  }
  for (const std::string& unknown : result.order.unknowns) text += "unknown: " + unknown + "\n";
  if (!result.order.difference) return text;
  const symex::Finding& finding = *result.order.difference;
  text += fmt::format("{}\n{}", finding.text, input_text(finding.witness));
  const program::ProgType type = subjects_[result.a].image().type;
  bool told = false;
  for (const interact::OrderReplay& replay : result.replays) {
    if (!told && replay.replayed.outcome == symex::Outcome::reproduced) {
      text += text_of(replay.a_first, replay.b_first, type);
      text += text_of(replay.b_first, replay.a_first, type);
      told = true;
    }
    text += fmt::format("replay on {}: {}: {}\n", replay.replayed.engine,
                        outcome_text(replay.replayed.outcome), replay.replayed.text);
  }
  if (!result.files.empty()) text += fmt::format("written to {}.json, .pcap\n", result.files);
  return text;
}

Json InteractReport::json_of(const PairResult& result) const {
  const program::ProgType type = subjects_[result.a].image().type;
  Json overlaps = Json::array();
  for (const interact::Clash& clash : result.disjointness.clashes) {
    overlaps.push(Json::object({{"what", clash.what},
                                {"a", subjects_[result.a].position(clash.slot_a)},
                                {"b", subjects_[result.b].position(clash.slot_b)}}));
  }
  Json json = Json::object(
      {{"a", subjects_[result.a].label()},
       {"b", subjects_[result.b].label()},
       {"verdict", word(result.verdict)},
       {"by", result.disjointness.proved ? "sets" : "exploration"},
       {"shared_maps", list_of(interact::shared_maps(subjects_[result.a], subjects_[result.b]))},
       {"reasons", list_of(result.disjointness.reasons)},
       {"overlaps", std::move(overlaps)},
       {"unknowns", list_of(result.order.unknowns)},
       {"explored", sum_json(result.order.counts)},
       {"paths", result.order.statistics.paths},
       {"solver_checks", result.order.statistics.solver_checks},
       {"worst_query_seconds", result.order.statistics.worst_query_seconds},
       {"cpu_seconds", result.order.statistics.cpu_seconds}});
  if (!result.order.difference) return json;
  Json replays = Json::array();
  for (const interact::OrderReplay& replay : result.replays) {
    Json one = ::probity::cli::json_of(replay.replayed);
    if (replay.replayed.outcome == symex::Outcome::reproduced) {
      one["a_first"] = ::probity::cli::json_of(replay.a_first, type);
      one["b_first"] = ::probity::cli::json_of(replay.b_first, type);
    }
    replays.push(std::move(one));
  }
  json["observable"] = result.order.difference->observable;
  json["witness"] = witness_json(result.order.difference->witness);
  json["replays"] = std::move(replays);
  json["files"] = result.files;
  return json;
}

void InteractReport::pair(const PairResult& result) {
  const std::string names =
      fmt::format("{} and {}", subjects_[result.a].label(), subjects_[result.b].label());
  document_.heading(names);
  switch (result.verdict) {
    case OrderVerdict::commute:
      document_.count(report::Tally::proved, 1);
      document_.note(Tone::good, fmt::format("proved: {} commute", names));
      break;
    case OrderVerdict::differ:
      document_.count(report::Tally::refuted, 1);
      document_.note(Tone::bad, fmt::format("refuted: {} do not commute", names));
      break;
    case OrderVerdict::unknown:
      document_.count(report::Tally::unknown, 1);
      document_.note(Tone::warning, fmt::format("unknown: whether {} commute", names));
      break;
  }
  document_.code(describe(result));
  pairs_.push_back(json_of(result));
}

void InteractReport::matrix(const std::vector<PairResult>& results) {
  std::vector<std::string> columns{"first \\ second"};
  std::vector<std::vector<std::string>> rows;
  for (const interact::Subject& subject : subjects_) columns.push_back(subject.label());
  for (std::size_t row = 0; row < subjects_.size(); ++row) {
    std::vector<std::string> cells{subjects_[row].label()};
    for (std::size_t column = 0; column < subjects_.size(); ++column) {
      std::string cell = "-";
      for (const PairResult& result : results) {
        const bool here =
            (result.a == row && result.b == column) || (result.a == column && result.b == row);
        if (here) cell = word(result.verdict);
      }
      cells.push_back(std::move(cell));
    }
    rows.push_back(std::move(cells));
  }
  document_.table(std::move(columns), std::move(rows));
}

void InteractReport::finish() {
  report::Json& details = document_.details();
  details["chain"] = chain_ == interact::Chain::all ? "all" : "pass";
  details["programs"] = Json(Json::Array(programs_));
  details["pairs"] = Json(Json::Array(pairs_));
}

}  // namespace probity::cli
