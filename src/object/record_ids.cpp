// SPDX-License-Identifier: Apache-2.0
// iproute2's loader fills maps by numbers in their records: the map of maps with inner_id N holds
// maps like the one with id N, which lies at that one's inner_index; a program in section "N/I" is
// element I of the prog_array with id N. Source: iproute2's lib/bpf_legacy.c.
#include <fmt/core.h>

#include <charconv>

#include "object/limits.hpp"
#include "object/map.hpp"
#include "object/printable.hpp"

namespace probity::object {
namespace {

using program::MapType;

constexpr std::uint32_t nowhere = ~0u;

bool holds_maps(const program::MapDef& def) {
  return def.type == MapType::array_of_maps || def.type == MapType::hash_of_maps;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x");
  if (hexadecimal) text.remove_prefix(2);
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number, hexadecimal ? 16 : 10);
  if (problem != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// "3/1": element 1 of the prog_array with id 3.
struct ArrayPlace {
  std::uint32_t id = 0;
  std::uint32_t index = 0;
};

std::optional<ArrayPlace> parse_place(std::string_view section) {
  const std::size_t slash = section.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto id = parse_number(section.substr(0, slash));
  const auto index = parse_number(section.substr(slash + 1));
  if (!id || !index || *id == 0) return std::nullopt;
  return ArrayPlace{*id, *index};
}

void connect_inner_maps(Object& object) {
  for (std::uint32_t outer = 0; outer < object.maps.size(); ++outer) {
    if (!holds_maps(object.maps[outer])) continue;
    const std::uint32_t wanted = object.map_info[outer].ids.inner_id;
    for (std::uint32_t inner = 0; wanted != 0 && inner < object.maps.size(); ++inner) {
      const RecordIds& ids = object.map_info[inner].ids;
      if (ids.id != wanted || inner == outer) continue;
      if (object.maps[outer].inner < 0) object.maps[outer].inner = static_cast<std::int32_t>(inner);
      if (ids.inner_index != nowhere)
        object.map_info[outer].initial_slots.push_back(
            {ids.inner_index, MapSlot::Kind::map, inner});
    }
  }
}

/// An inner map that a record names by number must exist and hold no maps; else the record is of
/// another dialect, and only its loader knows the inner map.
void check_inner_maps(Object& object) {
  for (std::uint32_t i = 0; i < object.maps.size(); ++i) {
    if (object.map_info[i].source != MapSource::legacy) continue;
    const std::int32_t inner = object.maps[i].inner;
    const auto index = static_cast<std::uint32_t>(inner);
    if (inner == -1 || (index < object.maps.size() && !holds_maps(object.maps[index]))) continue;
    object.maps[i].inner = -1;
    if (object.notes.size() >= limits::damage_notes) continue;
    object.notes.push_back(printable(fmt::format("map {}: number {} names no inner map among {}",
                                                 object.maps[i].name, index, object.maps.size())));
  }
}

}  // namespace

void read_record_ids(Object& object) {
  connect_inner_maps(object);
  check_inner_maps(object);
  for (std::uint32_t function = 0; function < object.functions.size(); ++function) {
    if (!object.functions[function].is_program) continue;
    const auto place = parse_place(object.elf.sections[object.functions[function].section].name);
    if (!place) continue;
    for (std::uint32_t map = 0; map < object.maps.size(); ++map) {
      const bool meant =
          object.maps[map].type == MapType::prog_array && object.map_info[map].ids.id == place->id;
      if (meant)
        object.map_info[map].initial_slots.push_back(
            {place->index, MapSlot::Kind::function, function});
    }
  }
}

}  // namespace probity::object
