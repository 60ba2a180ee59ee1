// SPDX-License-Identifier: Apache-2.0
// Long lists are cut with a count; the witness file has everything.
#include "cli/side_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "packet/packet.hpp"
#include "replay/rerun.hpp"
#include "symex/arrange.hpp"

namespace probity::cli {
namespace {

using report::Json;

constexpr std::size_t max_shown_map_entries = 8;

}  // namespace

std::string_view outcome_text(symex::Outcome outcome) {
  switch (outcome) {
    case symex::Outcome::reproduced: return "reproduced";
    case symex::Outcome::contradicted: return "CONTRADICTED (a bug of ours, please report it)";
    case symex::Outcome::not_applicable: return "not replayed";
  }
  return "?";
}

std::string map_text(const runtime::MapContents& contents) {
  std::string text = fmt::format("map {}:", contents.map);
  if (contents.entries.empty()) return text + " empty\n";
  for (std::size_t i = 0; i < contents.entries.size() && i < max_shown_map_entries; ++i) {
    text += fmt::format("\n  {} = {}", report::hex(contents.entries[i].key),
                        report::hex(contents.entries[i].value));
  }
  if (contents.entries.size() > max_shown_map_entries) {
    text += fmt::format("\n  and {} more", contents.entries.size() - max_shown_map_entries);
  }
  return text + "\n";
}

std::string input_text(const symex::Witness& witness) {
  std::string text =
      fmt::format("packet, {} bytes, ingress_ifindex {}:\n{}", witness.input.packet.size(),
                  witness.input.ingress_ifindex, packet::print_hex(witness.input.packet));
  for (const runtime::MapContents& contents : witness.maps) text += map_text(contents);
  for (const std::string& line : symex::told_lines(witness)) text += line + "\n";
  for (const std::string& result : witness.helper_results) text += result + "\n";
  return text;
}

std::string replays_text(std::span<const symex::Replayed> replays) {
  std::string text;
  for (const symex::Replayed& one : replays) {
    text += fmt::format("replay on {}: {}: {}\n", one.engine, outcome_text(one.outcome), one.text);
  }
  return text;
}

Json replays_json(std::span<const symex::Replayed> replays) {
  Json list = Json::array();
  for (const symex::Replayed& one : replays) {
    list.push(Json::object(
        {{"engine", one.engine}, {"outcome", outcome_text(one.outcome)}, {"text", one.text}}));
  }
  return list;
}

replay::WitnessInput input_of(const symex::Witness& witness) {
  return replay::input_of(witness);
}

std::vector<std::string> witness_members(std::string_view observable) {
  if (observable == "return value") return {"return_value"};
  if (observable == "packet" || observable == "metadata") return {"packet"};
  if (observable == "output") return {"events"};
  if (observable.starts_with("map ")) return {"maps"};
  return {};
}

std::string place_in(std::string_view program, const object::Image& image, std::uint32_t slot) {
  const program::LineInfo* best = nullptr;
  for (const program::LineInfo& line : image.lines) {
    if (line.slot <= slot) best = &line;
  }
  if (best == nullptr) return fmt::format("{}, slot {}", program, slot);
  std::string_view text = best->text;
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return fmt::format("{}, {}:{}: {} (slot {})", program, best->file, best->line, text, slot);
}

}  // namespace probity::cli
