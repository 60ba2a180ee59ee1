// SPDX-License-Identifier: Apache-2.0
// Members are renamed to what page.js reads (report/page.hpp); nothing is judged here.
#include "cli/check_page.hpp"

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

std::string text_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  const auto* text = found == nullptr ? nullptr : found->get<std::string>();
  return text == nullptr ? std::string() : *text;
}

Json member(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  return found == nullptr ? Json() : *found;
}

Json listing_json(const program::View& program) {
  Json list = Json::array();
  for (const ListedInsn& insn : list_insns(program, TextStyle::kernel)) {
    Json one = Json::object({{"slot", insn.slot}, {"text", insn.text}});
    for (const program::Subprog& subprog : program.subprogs) {
      if (subprog.first_slot == insn.slot) one["function"] = subprog.name;
    }
    if (const program::LineInfo* line = line_of(program, insn.slot)) {
      one["file"] = line->file;
      one["line"] = line->line;
      one["source"] = source_text(program, insn.slot);
    }
    list.push(std::move(one));
  }
  return list;
}

Json maps_json(const program::View& program) {
  Json list = Json::array();
  for (const program::MapDef& map : program.maps) {
    list.push(Json::object({{"name", map.name},
                            {"type", program::name(map.type)},
                            {"key_size", map.key_size},
                            {"value_size", map.value_size},
                            {"max_entries", map.max_entries}}));
  }
  return list;
}

/// A branch as one number.
std::uint64_t step_number(const symex::TrailStep& step) {
  return std::uint64_t{step.slot} * 2 + (step.taken ? 1 : 0);
}

/// Each path with the branches that it does not share with the one before.
Json paths_json(std::span<const symex::PathRecord> paths) {
  Json list = Json::array();
  const std::vector<symex::TrailStep> none;
  const std::vector<symex::TrailStep>* before = &none;
  for (const symex::PathRecord& path : paths) {
    const auto same = [](const symex::TrailStep& a, const symex::TrailStep& b) {
      return step_number(a) == step_number(b);
    };
    const auto [mine, theirs] = std::ranges::mismatch(path.trail, *before, same);
    Json steps = Json::array();
    for (auto step = mine; step != path.trail.end(); ++step) steps.push(step_number(*step));
    Json one = Json::object({{"s", mine - path.trail.begin()},
                             {"t", std::move(steps)},
                             {"v", static_cast<unsigned>(path.verdict)},
                             {"a", path.action ? Json(*path.action) : Json()},
                             {"o", path.one_action},
                             {"n", path.insns},
                             {"e", path.slot}});
    one["l"] = Json::array();
    one["l"].push(path.shortest_packet);
    one["l"].push(path.longest_packet);
    if (!path.reason.empty()) one["r"] = path.reason;
    list.push(std::move(one));
    before = &path.trail;
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

/// A finding of the details, with its packet taken apart and its place with the line's blanks.
Json finding_json(const Json& finding, const program::View& program) {
  Json made = Json::object({});
  for (const std::string_view name :
       {"property", "text", "slot", "registers", "replays", "files"}) {
    if (const Json* found = finding.find(name)) made[name] = *found;
  }
  made["place"] = member(finding, "place");
  if (const auto* slot = member(finding, "slot").get<std::uint64_t>()) {
    const program::LineInfo* line = line_of(program, static_cast<std::uint32_t>(*slot));
    if (line != nullptr) made["place"]["raw"] = line->text;
  }
  made["trail"] = Json::array();
  const Json trail = member(finding, "trail");
  if (const auto* steps = trail.get<Json::Array>()) {
    for (const Json& step : *steps) {
      Json pair = Json::array();
      pair.push(member(step, "slot"));
      pair.push(member(step, "taken"));
      made["trail"].push(std::move(pair));
    }
  }
  const Json witness = member(finding, "witness");
  for (const std::string_view name : {"ctx", "maps", "helper_results"}) {
    if (const Json* found = witness.find(name)) made[name] = *found;
  }
  const std::string hex = text_of(witness, "packet");
  const auto packet = packet::parse_hex(hex, "packet", packet::max_packet_bytes);
  if (packet) made["packet"] = packet_json(*packet);
  return made;
}

Json facts_json(const object::Image& image, const symex::Exploration& exploration,
                const symex::Options& options) {
  Json facts = Json::array();
  const auto add = [&facts](std::string_view name, std::string value) {
    Json pair = Json::array();
    pair.push(name);
    pair.push(std::move(value));
    facts.push(std::move(pair));
  };
  const symex::Statistics& s = exploration.statistics;
  add("program",
      fmt::format("{}, {} slots, {} maps", image.name, image.slots.size(), image.maps.size()));
  add("packets", fmt::format("every byte, {}..{} bytes", options.min_packet, options.max_packet));
  add("mode", options.mode == symex::Mode::safety ? "safety" : "strict");
  add("executed", fmt::format("{} insns, {} forks", s.insns, s.forks));
  add("solver", fmt::format("{} checks, {:.3f} s CPU in all", s.solver_checks, s.cpu_seconds));
  return facts;
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

std::string check_page(const Json& details, const object::Image& image,
                       const symex::Exploration& exploration, const symex::Options& options) {
  const program::View program = image.view();
  Json data = Json::object(
      {{"title", fmt::format("check {}", image.name)},
       {"subtitle", fmt::format("{}, section {}", program::name(image.type), image.section)},
       {"verdict", text_of(details, "verdict")}});
  data["facts"] = facts_json(image, exploration, options);
  data["counts"] = member(details, "paths");
  data["causes"] = member(member(details, "paths"), "causes");
  data["sites"] = member(details, "sites");
  data["unknowns"] = member(details, "unknowns");
  data["specs"] = member(details, "specs");
  data["notes"] = Json::array();
  for (const std::string& note : exploration.notes) data["notes"].push(note);
  data["findings"] = Json::array();
  const Json findings = member(details, "findings");
  if (const auto* list = findings.get<Json::Array>()) {
    for (const Json& finding : *list) data["findings"].push(finding_json(finding, program));
  }
  data["actions"] = actions_json(program, exploration.paths);
  data["paths"] = paths_json(exploration.paths);
  data["paths_left_out"] = exploration.statistics.paths - exploration.paths.size();
  data["maps"] = maps_json(program);
  data["listing"] = listing_json(program);
  return report::render_page(fmt::format("Probity: check {}", image.name), data);
}

}  // namespace probity::cli
