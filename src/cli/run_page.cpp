// SPDX-License-Identifier: Apache-2.0
// Members are renamed to what page.js reads (report/page.hpp); nothing is
// judged here.
#include "cli/run_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/disassembly.hpp"
#include "cli/source_place.hpp"
#include "packet/dissect.hpp"
#include "packet/packet.hpp"
#include "replay/verdict_name.hpp"
#include "report/page.hpp"

namespace probity::cli {
namespace {

using report::Json;

/// Where the program's number begins in a slot of the page.
constexpr unsigned program_bit = 24;

std::string text_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  const auto* text = found == nullptr ? nullptr : found->get<std::string>();
  return text == nullptr ? std::string() : *text;
}

Json member(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  return found == nullptr ? Json() : *found;
}

std::uint64_t number_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  const auto* number = found == nullptr ? nullptr : found->get<std::uint64_t>();
  return number == nullptr ? 0 : *number;
}

std::uint64_t page_slot(std::uint64_t program, std::uint64_t slot) {
  return program << program_bit | slot;
}

/// Appends the program's insns; `name` heads them where there are several
/// programs.
void add_listing(Json& list, const program::View& program, std::uint64_t number,
                 const std::string& name) {
  for (const ListedInsn& insn : list_insns(program, TextStyle::kernel)) {
    Json one = Json::object({{"slot", page_slot(number, insn.slot)}, {"text", insn.text}});
    for (const program::Subprog& subprog : program.subprogs) {
      if (subprog.first_slot != insn.slot) continue;
      one["function"] =
          name.empty() ? std::string(subprog.name) : fmt::format("{}: {}", name, subprog.name);
    }
    if (const program::LineInfo* line = line_of(program, insn.slot)) {
      one["file"] = line->file;
      one["line"] = line->line;
      one["source"] = source_text(program, insn.slot);
    }
    list.push(std::move(one));
  }
}

/// The maps of all programs, each name once.
Json maps_json(std::span<const program::View> programs) {
  Json list = Json::array();
  std::set<std::string_view> known;
  for (const program::View& program : programs) {
    for (const program::MapDef& map : program.maps) {
      if (!known.insert(map.name).second) continue;
      list.push(Json::object({{"name", map.name},
                              {"type", program::name(map.type)},
                              {"key_size", map.key_size},
                              {"value_size", map.value_size},
                              {"max_entries", map.max_entries}}));
    }
  }
  return list;
}

Json actions_json(const program::View& program, std::span<const symex::PathRecord> paths) {
  std::set<std::uint32_t> values;
  for (const symex::PathRecord& path : paths) {
    if (path.action) values.insert(*path.action);
  }
  Json names = Json::object({});
  for (const std::uint32_t value : values) {
    const std::string_view name = replay::verdict_name(program.type, value);
    if (!name.empty()) names[std::to_string(value)] = name;
  }
  return names;
}

}  // namespace

Json packet_json(std::span<const std::uint8_t> packet) {
  Json layers = Json::array();
  for (const packet::Layer& layer : packet::dissect(packet)) {
    Json fields = Json::array();
    for (const packet::DissectedField& field : layer.fields) {
      fields.push(Json::object({{"name", field.name},
                                {"bit", field.first_bit},
                                {"bits", field.bit_count},
                                {"value", field.value},
                                {"note", field.note}}));
    }
    layers.push(Json::object({{"name", layer.name},
                              {"first", layer.first_byte},
                              {"size", layer.size_bytes},
                              {"problem", layer.problem},
                              {"fields", std::move(fields)}}));
  }
  return Json::object({{"hex", report::hex(packet)}, {"layers", std::move(layers)}});
}

Json run_json(std::string_view name, std::string text, std::span<const std::uint8_t> packet) {
  return Json::object({{"name", name}, {"text", std::move(text)}, {"packet", packet_json(packet)}});
}

RunPage::RunPage(std::string title, std::string subtitle, std::string_view verdict, Cast cast,
                 std::vector<std::string> names)
    : title_(std::move(title)), cast_(std::move(cast)) {
  data_ =
      Json::object({{"title", title_}, {"subtitle", std::move(subtitle)}, {"verdict", verdict}});
  for (const std::string_view list : {"facts", "notes", "findings", "unknowns", "tables"}) {
    data_[list] = Json::array();
  }
  data_["maps"] = maps_json(cast_.programs);
  Json listing = Json::array();
  for (std::size_t i = 0; i < cast_.programs.size(); ++i) {
    add_listing(listing, cast_.programs[i], i, i < names.size() ? names[i] : std::string());
  }
  data_["listing"] = std::move(listing);
}

void RunPage::fact(std::string_view name, std::string value) {
  Json pair = Json::array();
  pair.push(name);
  pair.push(std::move(value));
  data_["facts"].push(std::move(pair));
}

void RunPage::set(std::string_view name, Json value) {
  data_[name] = std::move(value);
}

void RunPage::sum(const Json& counts) {
  data_["counts"] = counts;
  data_["causes"] = member(counts, "causes");
}

void RunPage::notes(std::span<const std::string> notes) {
  for (const std::string& note : notes) data_["notes"].push(note);
}

std::uint64_t RunPage::slot_of(const Json& place) const {
  return page_slot(number_of(place, "artifact"), number_of(place, "slot"));
}

const program::View& RunPage::program_of(const Json& place) const {
  const std::uint64_t number = number_of(place, "artifact");
  return cast_.programs[number < cast_.programs.size() ? number : 0];
}

void RunPage::finding(const Json& finding, Json runs) {
  Json made = Json::object({});
  for (const std::string_view name : {"property", "text", "registers", "replays", "files"}) {
    if (const Json* found = finding.find(name)) made[name] = *found;
  }
  Json place = member(finding, "place");
  made["slot"] = slot_of(place);
  const auto slot = static_cast<std::uint32_t>(number_of(place, "slot"));
  const program::LineInfo* line = line_of(program_of(place), slot);
  if (line != nullptr) place["raw"] = line->text;  // with the line's blanks
  made["place"] = std::move(place);
  made["trail"] = Json::array();
  const Json trail = member(finding, "trail");
  if (const auto* steps = trail.get<Json::Array>()) {
    for (const Json& step : *steps) {
      Json pair = Json::array();
      pair.push(slot_of(step));
      pair.push(member(step, "taken"));
      made["trail"].push(std::move(pair));
    }
  }
  const Json witness = member(finding, "witness");
  for (const std::string_view name : {"ctx", "maps", "given", "helper_results"}) {
    if (const Json* found = witness.find(name)) made[name] = *found;
  }
  const std::string hex = text_of(witness, "packet");
  const auto packet = packet::parse_hex(hex, "packet", packet::max_packet_bytes);
  if (packet) made["packet"] = packet_json(*packet);
  if (!runs.is_null()) made["runs"] = std::move(runs);
  data_["findings"].push(std::move(made));
}

void RunPage::unknown(const Json& unknown) {
  data_["unknowns"].push(Json::object(
      {{"slot", slot_of(member(unknown, "place"))}, {"reason", text_of(unknown, "reason")}}));
}

/// A branch as one number.
std::uint64_t RunPage::step_number(const symex::TrailStep& step) const {
  return page_slot(cast_.of(step.stage), step.slot) * 2 + (step.taken ? 1 : 0);
}

/// Each path with the branches that it does not share with the one before.
void RunPage::paths(const symex::Exploration& exploration) {
  Json list = Json::array();
  const std::vector<symex::TrailStep> none;
  const std::vector<symex::TrailStep>* before = &none;
  for (const symex::PathRecord& path : exploration.paths) {
    const auto same = [this](const symex::TrailStep& a, const symex::TrailStep& b) {
      return step_number(a) == step_number(b);
    };
    const auto [mine, theirs] = std::ranges::mismatch(path.trail, *before, same);
    Json steps = Json::array();
    for (auto step = mine; step != path.trail.end(); ++step) steps.push(step_number(*step));
    const std::uint32_t stage = path.trail.empty() ? 0 : path.trail.back().stage;
    Json one = Json::object({{"s", mine - path.trail.begin()},
                             {"t", std::move(steps)},
                             {"v", static_cast<unsigned>(path.verdict)},
                             {"a", path.action ? Json(*path.action) : Json()},
                             {"o", path.one_action},
                             {"n", path.insns},
                             {"e", page_slot(cast_.of(stage), path.slot)}});
    one["l"] = Json::array();
    one["l"].push(path.shortest_packet);
    one["l"].push(path.longest_packet);
    if (!path.reason.empty()) one["r"] = path.reason;
    list.push(std::move(one));
    before = &path.trail;
  }
  data_["actions"] = actions_json(cast_.programs.front(), exploration.paths);
  data_["paths"] = std::move(list);
  data_["paths_left_out"] = exploration.statistics.paths - exploration.paths.size();
}

void RunPage::table(std::string_view title, std::vector<std::string> columns,
                    std::vector<std::vector<std::string>> rows) {
  const auto line = [](const std::vector<std::string>& cells) {
    Json list = Json::array();
    for (const std::string& cell : cells) list.push(cell);
    return list;
  };
  Json body = Json::array();
  for (const std::vector<std::string>& row : rows) body.push(line(row));
  data_["tables"].push(
      Json::object({{"title", title}, {"columns", line(columns)}, {"rows", std::move(body)}}));
}

std::string RunPage::render() {
  return report::render_page(fmt::format("Probity: {}", title_), data_);
}

}  // namespace probity::cli
