// SPDX-License-Identifier: Apache-2.0
// See finding_json.hpp.
#include "cli/finding_json.hpp"

#include "cli/disassembly.hpp"
#include "cli/side_text.hpp"
#include "cli/source_place.hpp"
#include "replay/witness_file.hpp"
#include "symex/arrange.hpp"

namespace probity::cli {

using report::Json;

Json place_json(const Cast& cast, std::uint32_t stage, std::uint32_t slot) {
  const program::View& view = cast.programs[cast.of(stage)];
  Json json = Json::object({{"slot", slot}});
  if (cast.programs.size() > 1) json["artifact"] = cast.of(stage);
  if (slot < view.slots.size()) json["insn"] = list_insn(view, slot, TextStyle::kernel).text;
  const program::LineInfo* line = line_of(view, slot);
  if (line == nullptr) return json;
  json["file"] = line->file;
  json["line"] = line->line;
  json["column"] = line->column;
  json["text"] = source_text(view, slot);
  return json;
}

Json trail_json(const Cast& cast, std::span<const symex::TrailStep> steps) {
  Json list = Json::array();
  for (const symex::TrailStep& step : steps) {
    Json one = place_json(cast, step.stage, step.slot);
    one["taken"] = step.taken;
    list.push(std::move(one));
  }
  return list;
}

Json witness_json(const symex::Witness& witness) {
  Json maps = Json::array();
  for (const runtime::MapContents& contents : witness.maps) {
    Json entries = Json::array();
    for (const runtime::MapEntry& entry : contents.entries) {
      entries.push(
          Json::object({{"key", report::hex(entry.key)}, {"value", report::hex(entry.value)}}));
    }
    maps.push(Json::object({{"map", contents.map}, {"entries", std::move(entries)}}));
  }
  Json helpers = Json::array();
  for (const std::string& result : witness.helper_results) helpers.push(result);
  Json given = Json::array();
  for (const std::string& line : symex::told_lines(witness)) given.push(line);
  return Json::object({{"packet", report::hex(witness.input.packet)},
                       {"ingress_ifindex", witness.input.ingress_ifindex},
                       {"rx_queue_index", witness.input.rx_queue_index},
                       {"ctx", *replay::json_of(input_of(witness)).find("ctx")},
                       {"maps", std::move(maps)},
                       {"given", std::move(given)},
                       {"helper_results", std::move(helpers)}});
}

Json finding_json(const Cast& cast, const symex::Finding& finding,
                  std::span<const symex::Replayed> replays, const std::string& files) {
  Json registers = Json::object({});
  for (const symex::Register& reg : finding.registers) registers[reg.name] = reg.value;
  const program::View& view = cast.programs[cast.of(finding.stage)];
  return Json::object({{"property", symex::name(finding.property)},
                       {"slot", finding.slot},
                       {"place", place_json(cast, finding.stage, finding.slot)},
                       {"source", source_line(view, finding.slot)},
                       {"text", finding.text},
                       {"trail", trail_json(cast, finding.trail)},
                       {"registers", std::move(registers)},
                       {"witness", witness_json(finding.witness)},
                       {"files", files},
                       {"replays", replays_json(replays)}});
}

Json unknown_json(const Cast& cast, const symex::Unknowing& unknown) {
  return Json::object({{"slot", unknown.slot},
                       {"reason", unknown.reason},
                       {"place", place_json(cast, unknown.stage, unknown.slot)}});
}

}  // namespace probity::cli
