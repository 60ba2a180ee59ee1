// SPDX-License-Identifier: Apache-2.0
// Maps: a path keeps the entries it has looked at. A lookup is memoised by key: the same key gives
// the same entry without a fork; keys that may be equal are told apart by forking; a new key gets a
// fresh entry whose presence and bytes are unknown. Array entries exist exactly when the index is
// in range. Updates are in map_update_model.cpp, tries in trie_model.cpp.
#include <array>

#include <fmt/format.h>

#include "program/spec_call.hpp"
#include "symex/explorer.hpp"
#include "symex/map_kind.hpp"

namespace probity::symex {
namespace {

using program::MapType;

}  // namespace

void Explorer::make_maps(PathState& state) {
  state.maps.resize(program_.maps.size());
  for (std::uint32_t map = 0; map < program_.maps.size(); ++map) {
    map_regions_.push_back(state.add_region({RegionKind::map_object, 0, 0, map, false, true}));
  }
}

Word Explorer::map_address(PathState& state, std::uint32_t map) {
  if (map >= map_regions_.size()) {
    give_up(state, fmt::format("map {} of {}", map, map_regions_.size()));
    return Provenance::lit(64, 0);
  }
  return {context_.lit64(0), map_regions_[map]};
}

Word Explorer::map_value_address(PathState& state, std::uint32_t map, std::uint32_t offset) {
  if (map >= map_regions_.size()) {
    give_up(state, fmt::format("map {} of {}", map, map_regions_.size()));
    return Provenance::lit(64, 0);
  }
  if (!is_array(program_.maps[map].type)) {
    give_up(state, fmt::format("map {}: a direct address into a map of type {}",
                               program_.maps[map].name, program::name(program_.maps[map].type)));
    return Provenance::lit(64, 0);
  }
  const term::Id first = context_.lit(32, 0);
  for (const Slot& slot : state.maps[map].slots) {
    const term::Id same = same_key(slot, {&first, 1});
    if (solver_.possible(state, same).answer == Answer::no) continue;
    if (solver_.possible(state, context_.store.not_(same)).answer != Answer::no) {
      give_up(state, fmt::format("map {}: direct and computed access to one array is not modelled",
                                 program_.maps[map].name));
    }
    return {context_.lit64(offset), slot.value};
  }
  const std::uint32_t slot = new_slot(state, map, {first});
  return {context_.lit64(offset), state.maps[map].slots[slot].value};
}

std::optional<std::uint32_t> Explorer::map_argument(PathState& state, unsigned number,
                                                    TypeTest accepts) {
  const Word word = argument(state, number);
  if (word.region != 0 && state.regions[word.region].kind == RegionKind::map_object &&
      context_.store.literal(word.term) == term::Value{0}) {
    const std::uint32_t map = state.regions[word.region].index;
    const program::MapDef& def = program_.maps[map];
    if (accepts == nullptr || accepts(def.type)) return map;
    violate(state, Property::kernel_contract,
            fmt::format("r{} is map {} of type {}, which this helper does not take", number,
                        def.name, program::name(def.type)));
    return std::nullopt;
  }
  violate(state, Property::helper_argument, fmt::format("r{} is not a map", number));
  return std::nullopt;
}

bool Explorer::any_instance(const PathState& state, unsigned number) const {
  return state.regions[argument(state, number).region].volatile_bytes;
}

bool Explorer::modelled(PathState& state, std::uint32_t map) {
  const program::MapDef& def = program_.maps[map];
  const bool keyed = is_array(def.type) || is_hash(def.type) || is_device(def.type);
  if (keyed || is_trie(def.type)) return true;
  give_up(state,
          fmt::format("map {}: type {} is not modelled here", def.name, program::name(def.type)));
  return false;
}

std::string Explorer::slot_label(std::uint32_t map, std::uint32_t number) const {
  return fmt::format("map.{}[{}]", program_.maps[map].name, number);
}

std::uint32_t Explorer::new_slot(PathState& state, std::uint32_t map, std::vector<term::Id> key) {
  const program::MapDef& def = program_.maps[map];
  MapState& entries = state.maps[map];
  const auto number = static_cast<std::uint32_t>(entries.slots.size());
  const std::string label = slot_label(map, number);
  Origin origin = Zeroed{};
  if (def.name == program::specs_section && has_specs(state)) {
    origin = Constant{program::specs_on};
  } else if (def.read_only) {
    origin = Constant{def.initial};
  } else {
    const std::array<unsigned, 1> index_width{32};
    origin = Unknown{context_.store.function(label, index_width, 8)};
  }
  Slot slot;
  slot.key = std::move(key);
  slot.initially_present =
      is_array(def.type) ? context_.store.true_() : context_.store.var(1, label + ".present");
  if (is_trie(def.type)) {
    slot.initially_present = context_.store.and_(slot.initially_present, unseen(entries, slot));
  }
  slot.present = slot.initially_present;
  slot.initial_object = state.objects.add(Memory(origin));
  const std::uint32_t object = state.objects.add(Memory(origin));
  // A devmap's values are the kernel's own structures.
  const bool writable =
      !def.read_only && (def.flags & read_only_to_programs) == 0 && !is_device(def.type);
  // The socket that an xskmap gives shows its queue's number.
  const std::uint64_t bytes = def.type == MapType::xskmap ? sizeof(std::uint32_t) : def.value_size;
  Region region{RegionKind::map_value, object, bytes, map, writable, true};
  region.readable = (def.flags & write_only_to_programs) == 0;
  slot.value = state.add_region(region);
  slot.first_stage = state.stage;
  slot.first_slot = state.slot;
  entries.slots.push_back(std::move(slot));
  return number;
}

term::Id Explorer::same_key(const Slot& slot, std::span<const term::Id> key) {
  term::Id same = slot.guard ? slot.guard : context_.store.true_();
  for (std::size_t i = 0; i < key.size(); ++i) {
    same = context_.store.and_(same, context_.store.eq(slot.key[i], key[i]));
  }
  return same;
}

std::vector<Explorer::Candidate> Explorer::candidates(PathState& state, std::uint32_t map,
                                                      std::span<const term::Id> key) {
  term::Store& store = context_.store;
  std::vector<Candidate> result;
  term::Id none_before = store.true_();
  for (std::uint32_t i = 0; i < state.maps[map].slots.size(); ++i) {
    const term::Id same = same_entry(map, state.maps[map].slots[i], key);
    const term::Id here = store.and_(none_before, same);
    if (!store.is_false(here)) result.push_back({here, i});
    if (store.is_true(same)) return result;
    none_before = store.and_(none_before, store.not_(same));
  }
  if (solver_.possible(state, none_before).answer == Answer::no) return result;
  const std::uint32_t fresh = new_slot(state, map, {key.begin(), key.end()});
  result.push_back({store.and_(none_before, entries_fit(state, map)), fresh});
  return result;
}

std::optional<std::vector<term::Id>> Explorer::key_argument(PathState& state, std::uint32_t map) {
  return read_chunks(state, argument(state, 2), program_.maps[map].key_size);
}

bool Explorer::give_any_value(PathState& state, std::uint32_t map) {
  Region region{RegionKind::map_value, 0, program_.maps[map].value_size, map, true, true};
  region.volatile_bytes = true;
  region.null = context_.fresh(1, arbitrary_prefix);
  state.free_results.emplace_back(fmt::format("map {}", program_.maps[map].name), region.null);
  clobber(state);
  state.regs[0] = {context_.lit64(0), state.add_region(region)};
  ++state.slot;
  return true;
}

bool Explorer::give_inner_map(PathState& state, std::uint32_t map) {
  const program::MapDef& def = program_.maps[map];
  if (def.inner < 0) {
    give_up(state, fmt::format("map {}: nothing is known of its inner maps", def.name));
    return false;
  }
  Region region{RegionKind::map_object, 0, 0, static_cast<std::uint32_t>(def.inner), false, true};
  region.volatile_bytes = true;  // any of the inner maps
  region.null = context_.fresh(1, arbitrary_prefix);
  state.free_results.emplace_back(fmt::format("map {}", def.name), region.null);
  clobber(state);
  state.regs[0] = {context_.lit64(0), state.add_region(region)};
  ++state.slot;
  return true;
}

bool Explorer::call_map_lookup(PathState& state) {
  const auto map = map_argument(state, 1, nullptr);
  if (!map) return false;
  const program::MapDef& def = program_.maps[*map];
  const auto key = key_argument(state, *map);
  if (!key) return false;
  if (def.type == MapType::array_of_maps || def.type == MapType::hash_of_maps) {
    if (options_.mode == Mode::strict) return lookup_inner_map(state, *map, *key);
    return give_inner_map(state, *map);
  }
  if (is_forgetful(state, *map)) return give_any_value(state, *map);
  if (!modelled(state, *map)) return false;
  clobber(state);
  if (is_trie(def.type)) return lookup_trie(state, *map, *key);
  term::Store& store = context_.store;
  term::Id in_range = store.true_();
  if (is_array(def.type) || (is_device(def.type) && def.type != MapType::devmap_hash)) {
    in_range = store.bin(Op::ult, (*key)[0], context_.lit(32, def.max_entries));
  }
  std::vector<Alternative> sides;
  for (const Candidate& candidate : candidates(state, *map, *key)) {
    Slot& slot = state.maps[*map].slots[candidate.slot];
    term::Id null = store.not_(store.and_(in_range, slot.present));
    Region region = state.regions[slot.value];
    const bool safety = options_.mode == Mode::safety;
    // An index may be known to be in range: verifiers ask for the check all the same (from 6.14 on
    // they let it go for some constants).
    if (safety && is_array(def.type)) null = store.or_(null, assumed_null(state));
    // Another CPU may insert or delete the entry before the next lookup.
    if (safety && !is_array(def.type)) slot.present = context_.fresh(1, arbitrary_prefix);
    if (options_.interference && !safety && !is_array(def.type) && !state.lock) {
      slot.present = context_.fresh(
          1, fmt::format("{}presence of a key of map {}", interference_prefix, def.name));
    }
    if (!store.is_false(null)) region.null = null;
    sides.push_back({candidate.condition, [this, region, null](PathState& s) {
                       if (context_.store.is_true(null)) return set_result(s, context_.lit64(0));
                       s.regs[0] = {context_.lit64(0), s.add_region(region)};
                       ++s.slot;
                     }});
  }
  return fork(state, std::move(sides));
}

/// Maps about whose entries nothing is remembered.
bool Explorer::is_forgetful(const PathState& state, std::uint32_t map) const {
  return any_instance(state, 1) ||
         (options_.mode == Mode::safety && is_trie(program_.maps[map].type));
}

}  // namespace probity::symex
