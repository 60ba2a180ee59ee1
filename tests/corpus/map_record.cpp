// SPDX-License-Identifier: Apache-2.0
// See map_record.hpp.
#include "map_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace probity::corpus {
namespace {

using program::MapType;
using runtime::Bytes;

bool is_recorded(MapType type) {
  constexpr MapType recorded[] = {
      MapType::hash,     MapType::array,           MapType::percpu_hash, MapType::percpu_array,
      MapType::lru_hash, MapType::lru_percpu_hash, MapType::lpm_trie};
  for (const MapType each : recorded) {
    if (each == type) return true;
  }
  return false;
}

bool is_array(MapType type) {
  return type == MapType::array || type == MapType::percpu_array;
}

bool is_zero(const Bytes& bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

/// A recorded value that says the same as no entry: every entry of an array exists.
bool is_absence(const program::View& program, const std::string& map, const Json& value) {
  if (value.is_null()) return true;
  return std::ranges::any_of(program.maps, [&](const program::MapDef& each) {
    return each.name == map && is_array(each.type) &&
           is_zero(bytes_of_hex(value.get<std::string>()));
  });
}

/// The recording loader named data maps after the file (`37063d1.bss`); here they bear the
/// section's name.
std::string map_named(const program::View& program, const std::string& recorded) {
  for (const program::MapDef& map : program.maps) {
    if (map.name == recorded) return recorded;
  }
  const std::size_t dot = recorded.find('.');
  for (const program::MapDef& map : program.maps) {
    const std::size_t own_dot = map.name.find('.');
    if (dot == std::string::npos || own_dot == std::string_view::npos) continue;
    if (map.name.substr(own_dot).starts_with(recorded.substr(dot))) return std::string(map.name);
  }
  return recorded;
}

std::string place(std::string_view map, const Bytes& key) {
  return fmt::format("map {}[{}]", map, hex_of(key));
}

}  // namespace

Expected<MapSnapshot> MapSnapshot::take(runtime::Engine& engine, const program::View& program) {
  MapSnapshot snapshot;
  for (const program::MapDef& map : program.maps) {
    if (!is_recorded(map.type)) continue;
    TRY(const runtime::MapContents contents, engine.read_map(map.name));
    Entries& entries = snapshot.maps_[std::string(map.name)];
    for (const runtime::MapEntry& entry : contents.entries) {
      if (!is_array(map.type) || !is_zero(entry.value)) entries[entry.key] = entry.value;
    }
  }
  return snapshot;
}

std::string MapSnapshot::difference(const MapSnapshot& before, const program::View& program,
                                    const Json& recorded, std::size_t limit) const {
  std::map<std::string, std::set<Bytes>, std::less<>> expected;
  for (const Json& change : recorded) {
    const std::string map = map_named(program, change.at("map").get<std::string>());
    const Bytes key = bytes_of_hex(change.at("key").get<std::string>());
    expected[map].insert(key);
    const auto entries = maps_.find(map);
    if (entries == maps_.end()) return fmt::format("map {} is not read", map);
    const auto found = entries->second.find(key);
    const bool present = found != entries->second.end();
    if (is_absence(program, map, change.at("value"))) {
      if (present) return place(map, key) + " was deleted or cleared by the kernel";
      continue;
    }
    const std::string wanted = change.at("value").get<std::string>();
    if (!present) return fmt::format("{} is absent, the kernel has {}", place(map, key), wanted);
    if (const std::string got = hex_of(found->second); got != wanted)
      return fmt::format("{} is {}, the kernel has {}", place(map, key), got, wanted);
  }
  if (recorded.size() >= limit) return {};
  for (const auto& [map, entries] : maps_) {
    const Entries& old = before.maps_.find(map)->second;
    for (const auto& [key, value] : entries) {
      const auto found = old.find(key);
      if ((found != old.end() && found->second == value) || expected[map].contains(key)) continue;
      return fmt::format("{} became {}, unlike in the kernel", place(map, key), hex_of(value));
    }
    for (const auto& [key, value] : old) {
      if (entries.contains(key) || expected[map].contains(key)) continue;
      return place(map, key) + " was deleted or cleared, unlike in the kernel";
    }
  }
  return {};
}

}  // namespace probity::corpus
