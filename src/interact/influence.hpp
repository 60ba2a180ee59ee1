// SPDX-License-Identifier: Apache-2.0
// Influence: can the contents of one map change what a program returns? The program runs twice on
// the same packet, context and maps but one, which in the second run is another map of the same
// shape with contents of its own. If no input makes the two runs return different actions, the map
// decides nothing; otherwise there is a pair of contents that flips the action.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interact/subject.hpp"
#include "runtime/engine.hpp"
#include "symex/explorer.hpp"
#include "symex/replay.hpp"

namespace probity::interact {

/// One action that other contents turn into another one.
struct Flip {
  std::uint32_t action = 0;  ///< with the first contents
  std::uint32_t other = 0;   ///< with the second
  symex::Witness witness;    ///< packet and first contents
  runtime::MapContents second;
  symex::Replayed replayed;  ///< both contents, on the interpreter
};

struct MapInfluence {
  std::string map;
  enum class Status : std::uint8_t { none, flips, unknown } status = Status::none;
  std::vector<Flip> flips;  ///< one for each action that the map can change
  std::vector<std::string> unknowns;
  symex::Statistics statistics;
  symex::PathCounts counts;
};

/// Of the map of that (shared) name.
Expected<MapInfluence> map_influence(const Subject& subject, std::string_view map,
                                     const symex::Options& options);

}  // namespace probity::interact
