// SPDX-License-Identifier: Apache-2.0
// See furnished.hpp.
#include "runtime/furnished.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.hpp"

namespace probity::runtime {

std::string made_map_name(std::string_view outer, std::uint32_t number) {
  return fmt::format("{}<{}>", outer, number);
}

bool is_made_map(const program::View& program, std::string_view name) {
  return std::ranges::any_of(program.maps, [&](const program::MapDef& outer) {
    if (!holds_maps(outer.type) || !name.starts_with(outer.name)) return false;
    for (std::uint32_t number = 0; number < max_made_maps; ++number) {
      if (name == made_map_name(outer.name, number)) return true;
    }
    return false;
  });
}

/// The index of map `number` of `outer`, which is made if need be.
Expected<std::uint32_t> Furnished::made(std::uint32_t outer, std::uint32_t number) {
  const program::MapDef& def = maps_[outer];
  if (def.inner < 0 || static_cast<std::size_t>(def.inner) >= maps_.size()) {
    return error(Fault::unsupported,
                 fmt::format("map {}: nothing is known of its inner maps", def.name));
  }
  if (number >= max_made_maps) {
    return error(Fault::bad_input,
                 fmt::format("map {}: value {} (limit {})", def.name, number, max_made_maps - 1));
  }
  const std::string name = made_map_name(def.name, number);
  const auto found = std::ranges::find(maps_, name, &program::MapDef::name);
  if (found != maps_.end()) return static_cast<std::uint32_t>(found - maps_.begin());
  program::MapDef inner = maps_[static_cast<std::size_t>(def.inner)];
  names_.push_back(name);
  inner.name = names_.back();
  inner.initial = {};
  maps_.push_back(inner);
  return static_cast<std::uint32_t>(maps_.size() - 1);
}

Expected<void> Furnished::add(const MapContents& given) {
  const auto found = std::ranges::find(maps_, given.map, &program::MapDef::name);
  if (found == maps_.end()) return {};
  MapContents translated = given;
  const auto outer = static_cast<std::uint32_t>(found - maps_.begin());
  if (holds_maps(found->type)) {
    std::erase_if(inner_maps_, [&](const program::InnerMap& own) { return own.map == outer; });
    for (MapEntry& entry : translated.entries) {
      if (entry.value.size() != sizeof(std::uint32_t)) continue;  // refused when it is written
      TRY(const std::uint32_t map, made(outer, load_le<std::uint32_t>(entry.value.data())));
      store_le(entry.value.data(), map);
    }
  }
  contents.push_back(std::move(translated));
  return {};
}

Expected<Furnished> furnish(const program::View& program, std::span<const MapContents> contents) {
  Furnished result;
  result.maps_.assign(program.maps.begin(), program.maps.end());
  result.inner_maps_.assign(program.inner_maps.begin(), program.inner_maps.end());
  // Maps of maps first: they say which other maps there are.
  for (const bool outer : {true, false}) {
    for (const MapContents& given : contents) {
      const auto found = std::ranges::find(result.maps_, given.map, &program::MapDef::name);
      const bool is_outer = found != result.maps_.end() && holds_maps(found->type);
      if (is_outer == outer) TRY(result.add(given));
    }
  }
  result.view = program;
  result.view.maps = result.maps_;
  result.view.inner_maps = result.inner_maps_;
  return result;
}

Expected<void> write_maps(Engine& engine, const Furnished& furnished) {
  for (const MapContents& contents : furnished.contents) TRY(engine.write_map(contents));
  return {};
}

}  // namespace probity::runtime
