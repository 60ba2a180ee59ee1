// SPDX-License-Identifier: Apache-2.0
// Reading is strict: an unknown member, a value of the wrong size or a repeated spelling mistake
// must not become an empty map that a program is then tested with.
#include "replay/map_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_set>

#include "packet/packet.hpp"

namespace probity::replay {
namespace {

using program::MapDef;
using program::MapType;
using report::Json;
using runtime::Bytes;

constexpr std::size_t max_number_bytes = 8;
constexpr unsigned byte_bits = 8;

struct Field {
  std::string place;  ///< "init.json: entry 3: key"
  std::size_t size;   ///< in bytes
};

std::unexpected<Diagnostic> bad(std::string_view place, std::string_view message) {
  return error(Fault::bad_input, fmt::format("{}: {}", place, message));
}

Expected<Bytes> sized(Bytes bytes, const Field& field) {
  if (bytes.size() == field.size) return bytes;
  return bad(field.place, fmt::format("{} bytes, the map has {}", bytes.size(), field.size));
}

Expected<Bytes> bytes_of_number(std::uint64_t number, const Field& field) {
  if (field.size > max_number_bytes) {
    return bad(field.place, fmt::format("a number for {} bytes; numbers hold at most {}, use "
                                        "hexadecimal text",
                                        field.size, max_number_bytes));
  }
  const auto bits = static_cast<unsigned>(field.size * byte_bits);
  const std::uint64_t largest =
      bits == 0 ? 0 : std::numeric_limits<std::uint64_t>::max() >> (64 - bits);
  if (number > largest) {
    return bad(field.place,
               fmt::format("{} does not fit {} bytes (0..{})", number, field.size, largest));
  }
  Bytes bytes(field.size);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (i * byte_bits));
  }
  return bytes;
}

Expected<Bytes> bytes_of_signed(std::int64_t number, const Field& field) {
  const auto bits = static_cast<unsigned>(std::min(field.size, max_number_bytes) * byte_bits);
  const std::int64_t smallest =
      bits == 0 ? 0 : std::numeric_limits<std::int64_t>::min() >> (64 - bits);
  if (number < smallest) {
    return bad(field.place,
               fmt::format("{} does not fit {} bytes ({}..)", number, field.size, smallest));
  }
  const std::uint64_t mask =
      bits == 0 ? 0 : std::numeric_limits<std::uint64_t>::max() >> (64 - bits);
  return bytes_of_number(static_cast<std::uint64_t>(number) & mask, field);
}

Expected<std::uint8_t> byte_of(const Json& json, const std::string& place) {
  if (const auto* number = json.get<std::uint64_t>()) {
    if (*number <= 0xff) return static_cast<std::uint8_t>(*number);
    return bad(place, fmt::format("{} is not a byte (0..255)", *number));
  }
  const auto* text = json.get<std::string>();
  if (!text) return bad(place, "neither a number nor text");
  // bpftool prints one-digit bytes as "0x1" in some versions.
  const bool one_digit = text->size() == 3 && text->starts_with("0x");
  const std::string padded = one_digit ? "0" + text->substr(2) : *text;
  TRY(const Bytes bytes, packet::parse_hex(padded, place, 1));
  if (bytes.size() != 1) return bad(place, fmt::format("'{}' is not a byte", *text));
  return bytes[0];
}

Expected<Bytes> field_bytes(const Json& json, const Field& field) {
  if (const auto* number = json.get<std::uint64_t>()) return bytes_of_number(*number, field);
  if (const auto* number = json.get<std::int64_t>()) return bytes_of_signed(*number, field);
  if (const auto* text = json.get<std::string>()) {
    TRY(Bytes bytes, packet::parse_hex(*text, field.place, field.size));
    return sized(std::move(bytes), field);
  }
  const auto* elements = json.get<Json::Array>();
  if (!elements) {
    return bad(field.place, "neither hexadecimal text, an array of bytes, nor a whole number");
  }
  Bytes bytes;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    TRY(const std::uint8_t byte, byte_of((*elements)[i], fmt::format("{}[{}]", field.place, i)));
    bytes.push_back(byte);
  }
  return sized(std::move(bytes), field);
}

/// The member "value", or of "values" the one of CPU 0.
Expected<const Json*> value_member(const Json& entry, const std::string& place) {
  if (const Json* value = entry.find("value")) return value;
  const Json* values = entry.find("values");
  const auto* list = values ? values->get<Json::Array>() : nullptr;
  if (!list) return bad(place, "no \"value\"");
  for (const Json& element : *list) {
    const Json* cpu = element.find("cpu");
    const auto* number = cpu ? cpu->get<std::uint64_t>() : nullptr;
    const Json* value = element.find("value");
    if (number && *number == 0 && value) return value;
  }
  return bad(place, "no value of CPU 0 in \"values\"");
}

Expected<void> require_known_members(const Json& entry, const std::string& place) {
  constexpr std::string_view known[] = {"key", "value", "values", "formatted"};
  const auto* members = entry.get<Json::Object>();
  if (!members) return bad(place, "not an object with \"key\" and \"value\"");
  for (const Json::Member& member : *members) {
    if (std::ranges::find(known, member.first) == std::end(known)) {
      return bad(place, fmt::format("unknown member \"{}\" (key, value, values)", member.first));
    }
  }
  return {};
}

bool has_no_key(const MapDef& def) {
  return def.type == MapType::queue || def.type == MapType::stack;
}

Expected<runtime::MapEntry> parse_entry(const Json& entry, const MapDef& def,
                                        const std::string& place) {
  TRY(require_known_members(entry, place));
  runtime::MapEntry parsed;
  if (!has_no_key(def)) {
    const Json* key = entry.find("key");
    if (!key) return bad(place, "no \"key\"");
    TRY(parsed.key, field_bytes(*key, {place + ": key", def.key_size}));
  }
  TRY(const Json* const value, value_member(entry, place));
  TRY(parsed.value, field_bytes(*value, {place + ": value", def.value_size}));
  return parsed;
}

}  // namespace

Expected<runtime::MapContents> parse_map(const Json& json, const MapDef& def,
                                         std::string_view place) {
  const auto* entries = json.get<Json::Array>();
  if (!entries) return bad(place, fmt::format("map {}: not an array of entries", def.name));
  if (entries->size() > def.max_entries) {
    return bad(place, fmt::format("map {}: {} entries, the map has room for {}", def.name,
                                  entries->size(), def.max_entries));
  }
  runtime::MapContents contents{std::string(def.name), {}};
  std::unordered_set<std::string> keys;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const std::string entry_place = fmt::format("{}: map {}: entry {}", place, def.name, i);
    TRY(runtime::MapEntry entry, parse_entry((*entries)[i], def, entry_place));
    const bool is_new = keys.emplace(entry.key.begin(), entry.key.end()).second;
    if (!is_new && !has_no_key(def)) return bad(entry_place + ": key", "is given twice");
    contents.entries.push_back(std::move(entry));
  }
  return contents;
}

Expected<std::vector<runtime::MapContents>> parse_maps(const Json& json,
                                                       std::span<const MapDef> maps,
                                                       std::string_view place) {
  const auto* members = json.get<Json::Object>();
  if (!members) return bad(place, "not an object of maps; for one map say --map NAME=FILE");
  std::vector<runtime::MapContents> all;
  for (const Json::Member& member : *members) {
    const auto def = std::ranges::find(maps, std::string_view(member.first), &MapDef::name);
    if (def == maps.end()) {
      return bad(place, fmt::format("the program has no map '{}'", member.first));
    }
    TRY(runtime::MapContents contents, parse_map(member.second, *def, place));
    all.push_back(std::move(contents));
  }
  return all;
}

Json maps_json(std::span<const runtime::MapContents> maps) {
  Json json = Json::object({});
  for (const runtime::MapContents& contents : maps) {
    Json entries = Json::array();
    for (const runtime::MapEntry& entry : contents.entries) {
      entries.push(
          Json::object({{"key", report::hex(entry.key)}, {"value", report::hex(entry.value)}}));
    }
    json[contents.map] = std::move(entries);
  }
  return json;
}

}  // namespace probity::replay
