// SPDX-License-Identifier: Apache-2.0
// What two paths must have in common to become one: where they return to, what they state about
// their end, what they asked of prefix maps, and which inner maps they know. Only merge.cpp asks.
#pragma once

#include <algorithm>
#include <vector>

#include "symex/merge.hpp"

namespace probity::symex {

inline bool same_frames(const PathState& a, const PathState& b) {
  return std::ranges::equal(a.frames, b.frames, [](const Frame& x, const Frame& y) {
    return !x.callback && !y.callback && x.first_slot == y.first_slot &&
           x.return_slot == y.return_slot && x.return_code == y.return_code;
  });
}

inline bool same_demand(const SpecDemand& x, const SpecDemand& y) {
  const auto bytes = [](const SpecDemand& demand) {
    std::vector<Word> words;
    for (const Value<8>& byte : demand.bytes) words.push_back(byte.raw());
    return words;
  };
  return x.call == y.call && x.slot == y.slot && x.condition == y.condition &&
         x.number == y.number && x.target == y.target && x.size_bytes == y.size_bytes &&
         bytes(x) == bytes(y) && x.map == y.map && x.key == y.key && x.object == y.object &&
         x.initial_object == y.initial_object && x.in_packet == y.in_packet;
}

/// Paths with different statements about their end go to it on their own.
inline bool same_demands(const PathState& a, const PathState& b) {
  return a.entry_functions_run == b.entry_functions_run &&
         a.specs.ignore_map_state == b.specs.ignore_map_state &&
         std::ranges::equal(a.specs.demands, b.specs.demands, same_demand);
}

inline bool same_questions(const PathState& a, const PathState& b) {
  const auto same = [](const PrefixQuestion& x, const PrefixQuestion& y) {
    return x.key == y.key && x.floor == y.floor && x.untouched == y.untouched;
  };
  return std::ranges::equal(a.maps, b.maps, [&](const MapState& x, const MapState& y) {
    return std::ranges::equal(x.questions, y.questions, same);
  });
}

/// Do both know the same maps in their maps of maps?
inline bool same_inner_maps(const PathState& a, const PathState& b) {
  for (std::size_t map = 0; map < std::min(a.maps.size(), b.maps.size()); ++map) {
    for (const Slot& slot : a.maps[map].slots) {
      const auto other = std::ranges::find(b.maps[map].slots, slot.key, &Slot::key);
      if (other != b.maps[map].slots.end() && other->inner != slot.inner) return false;
    }
  }
  return true;
}

}  // namespace probity::symex
