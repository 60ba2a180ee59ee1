// SPDX-License-Identifier: Apache-2.0
// Lookups in maps of maps, in strict mode. What lies in an entry is one of a few maps that are made
// for the outer map (named OUTER<k>), each with contents of its own that nobody knows: the first
// entry that a path looks at gets the first one, a further entry one that is known already or the
// next. The same key gives the same map, in every program of one world.
#include <algorithm>

#include <fmt/format.h>

#include "symex/explorer.hpp"
#include "symex/map_kind.hpp"

namespace probity::symex {

bool Explorer::lookup_inner_map(PathState& state, std::uint32_t map,
                                std::span<const term::Id> key) {
  const program::MapDef& def = program_.maps[map];
  if (def.inner < 0) {
    give_up(state, fmt::format("map {}: nothing is known of its inner maps", def.name));
    return false;
  }
  clobber(state);
  term::Store& store = context_.store;
  const term::Id in_range = def.type == program::MapType::array_of_maps
                                ? store.bin(Op::ult, key[0], context_.lit(32, def.max_entries))
                                : store.true_();
  std::vector<Alternative> sides;
  for (const Candidate& candidate : candidates(state, map, key)) {
    const Slot& slot = state.maps[map].slots[candidate.slot];
    const term::Id null = store.not_(store.and_(in_range, slot.present));
    offer_inner_maps(state, sides, map, candidate, null);
  }
  return fork(state, std::move(sides));
}

/// One side for each map that may lie in the entry.
void Explorer::offer_inner_maps(PathState& state, std::vector<Alternative>& sides,
                                std::uint32_t map, const Candidate& candidate, term::Id null) {
  term::Store& store = context_.store;
  const std::vector<std::uint32_t>& all = inner_maps_.at(map);
  const auto give = [&](term::Id condition, std::uint32_t inner) {
    Region region{RegionKind::map_object, 0, 0, inner, false, true};
    if (!store.is_false(null)) region.null = null;
    sides.push_back({condition, [this, map, slot = candidate.slot, region](PathState& s) {
                       s.maps[map].slots[slot].inner = region.index;
                       s.regs[0] = {context_.lit64(0), s.add_region(region)};
                       ++s.slot;
                     }});
  };
  const std::vector<Slot>& slots = state.maps[map].slots;
  if (const auto known = slots[candidate.slot].inner) return give(candidate.condition, *known);
  const term::Id identity = store.var(32, fmt::format("{}.inner", slot_label(map, candidate.slot)));
  term::Id open = candidate.condition;
  std::vector<std::uint32_t> used;
  for (const Slot& slot : slots) {
    if (!slot.inner || std::ranges::find(used, *slot.inner) != used.end()) continue;
    used.push_back(*slot.inner);
    const term::Id same = store.eq(identity, context_.lit(32, *slot.inner));
    give(store.and_(open, same), *slot.inner);
    open = store.and_(open, store.not_(same));
  }
  const auto next = std::ranges::find_if(
      all, [&](std::uint32_t inner) { return std::ranges::find(used, inner) == used.end(); });
  if (next != all.end()) return give(open, *next);
  give_up(state, fmt::format("map {}: more than {} of its maps on one path",
                             program_.maps[map].name, max_inner_maps));
}

}  // namespace probity::symex
