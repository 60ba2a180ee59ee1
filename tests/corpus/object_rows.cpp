// SPDX-License-Identifier: Apache-2.0
// See object_rows.hpp.
#include "object_rows.hpp"

#include <algorithm>
#include <set>

namespace probity::corpus {

using object::Image;
using object::Object;
using runtime::Bytes;
using runtime::Engine;
using runtime::MapContents;

namespace {

constexpr std::uint32_t seeded_entries = 64;

Bytes seeded_value(std::uint32_t entry, std::uint32_t size) {
  Bytes value(size);
  for (std::uint32_t b = 0; b < size; ++b)
    value[b] = static_cast<std::uint8_t>(37 * entry + 11 * b + 1);
  return value;
}

}  // namespace

program::ProgType type_named(std::string_view text) {
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(program::ProgType::netfilter); ++i) {
    if (program::name(static_cast<program::ProgType>(i)) == text)
      return static_cast<program::ProgType>(i);
  }
  return program::ProgType::unspec;
}

Expected<Image> image_named(const Object& object, std::string_view name, std::string_view section,
                            std::string_view type) {
  const auto found = std::ranges::find_if(object.programs, [&](const object::Program& program) {
    return program.name == name && program.section == section;
  });
  if (found == object.programs.end())
    return error(Fault::unsupported, "no such program in the object");
  Image image = object::make_image(object, *found);
  if (!image.unsupported.empty()) return error(Fault::unsupported, image.unsupported);
  image.type = type_named(type);
  return image;
}

Expected<Image> image_of(const Object& object, const Json& row) {
  TRY(Image image,
      image_named(object, row.at("prog").get<std::string>(), row.at("section").get<std::string>(),
                  row.at("prog_type").get<std::string>()));
  const Json overrides = row.contains("map_overrides") ? row["map_overrides"] : Json::array();
  for (const Json& change : overrides) {
    for (program::MapDef& map : image.maps) {
      if (map.name != change.at("map").get<std::string>()) continue;
      map.max_entries = change.value("max_entries", map.max_entries);
      map.key_size = change.value("key_size", map.key_size);
      map.value_size = change.value("value_size", map.value_size);
    }
  }
  return image;
}

Expected<void> seed_maps(Engine& engine, const program::View& program, const Json& row) {
  std::set<std::string> wanted;
  for (const Json& name : row.at("seeded_maps")) wanted.insert(name.get<std::string>());
  for (const program::MapDef& map : program.maps) {
    if (!wanted.contains(std::string(map.name))) continue;
    MapContents contents{std::string(map.name), {}};
    for (std::uint32_t e = 0; e < std::min(seeded_entries, map.max_entries); ++e) {
      const Bytes key{static_cast<std::uint8_t>(e), 0, 0, 0};
      contents.entries.push_back({key, seeded_value(e, map.value_size)});
    }
    TRY(engine.write_map(contents));
  }
  return {};
}

}  // namespace probity::corpus
