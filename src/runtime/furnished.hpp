// SPDX-License-Identifier: Apache-2.0
// What lies in maps of maps, given from outside: map number k of a map OUTER is called OUTER<k>,
// has the shape of OUTER's inner maps and contents of its own. In contents of OUTER the value of an
// entry is k. furnish() adds these maps to a program and says the same in an engine's terms, whose
// values of maps of maps are numbers of the program's maps.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace probity::runtime {

/// Maps made for one map of maps.
constexpr std::uint32_t max_made_maps = 64;

/// "OUTER<k>".
std::string made_map_name(std::string_view outer, std::uint32_t number);

/// Is it the name of a map that furnish() may make for the program?
bool is_made_map(const program::View& program, std::string_view name);

constexpr bool holds_maps(program::MapType type) {
  return type == program::MapType::array_of_maps || type == program::MapType::hash_of_maps;
}

/// A program with its maps, for an engine, and what to write into them. The view is into this
/// object and into the program it was made of.
class Furnished {
 public:
  Furnished() = default;
  Furnished(const Furnished&) = delete;
  Furnished& operator=(const Furnished&) = delete;
  Furnished(Furnished&&) = default;
  Furnished& operator=(Furnished&&) = default;

  program::View view;
  std::vector<MapContents> contents;

 private:
  friend Expected<Furnished> furnish(const program::View& program,
                                     std::span<const MapContents> contents);
  Expected<std::uint32_t> made(std::uint32_t outer, std::uint32_t number);
  Expected<void> add(const MapContents& given);

  std::vector<program::MapDef> maps_;
  std::vector<program::InnerMap> inner_maps_;
  std::deque<std::string> names_;
};

/// Contents of maps that the program does not have are left out. Error: a value of a map of maps
/// that is not a number below max_made_maps, or nothing known of its inner maps.
Expected<Furnished> furnish(const program::View& program, std::span<const MapContents> contents);

/// Writes what was furnished.
Expected<void> write_maps(Engine& engine, const Furnished& furnished);

}  // namespace probity::runtime
