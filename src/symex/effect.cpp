// SPDX-License-Identifier: Apache-2.0
// The log itself, and the places of the explorer that write into it. The bytes of a map entry's
// initial value are applications of a function whose name begins with "map.", and so does that of
// the variable that says whether it is there (map_model.cpp): that is how a term tells which
// contents it depends on.
#include "symex/effect.hpp"

#include <algorithm>

#include "program/helper.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

constexpr std::string_view map_prefix = "map.";
constexpr std::uint32_t map_update_elem = 2;
constexpr std::uint32_t redirect_map = 51;
constexpr std::uint64_t max_noted_bytes = 4096;

std::string_view leaf_text(const term::Store& store, term::Id a) {
  if (store.kind(a) == term::Kind::var) return store.name(a);
  if (store.kind(a) == term::Kind::apply) return store.function_name(store.function(a));
  return {};
}

}  // namespace

std::uint32_t EffectLog::add(Effect effect, std::span<const term::Id> condition) {
  Key key{effect.kind,  effect.stage, effect.slot,   effect.helper,     effect.map,
          effect.entry, effect.key,   effect.offset, effect.size_bytes, effect.values};
  const auto [found, fresh] =
      known_.try_emplace(std::move(key), static_cast<std::uint32_t>(effects_.size()));
  if (fresh) {
    effects_.push_back(std::move(effect));
  } else {
    effects_[found->second].key_sources.insert(effect.key_sources.begin(),
                                               effect.key_sources.end());
    effects_[found->second].value_sources.insert(effect.value_sources.begin(),
                                                 effect.value_sources.end());
  }
  Effect& kept = effects_[found->second];
  if (kept.always) return found->second;
  std::vector<term::Id> when(condition.begin(), condition.end());
  if (std::ranges::find(kept.conditions, when) != kept.conditions.end()) return found->second;
  if (kept.conditions.size() < max_conditions) {
    kept.conditions.push_back(std::move(when));
  } else {
    kept.always = true;
    kept.conditions.clear();
  }
  return found->second;
}

std::uint32_t EffectLog::add_entry(EntryName name) {
  const auto [found, fresh] =
      known_entries_.try_emplace(name, static_cast<std::uint32_t>(entries_.size()));
  if (fresh) entries_.push_back(std::move(name));
  return found->second;
}

const std::vector<term::Id>& EffectLog::map_terms(const term::Store& store, term::Id a) {
  const auto known = map_terms_.find(a.index);
  if (known != map_terms_.end()) return known->second;
  std::vector<term::Id> found;
  std::vector<term::Id> open{a};
  std::set<term::Id> seen{a};
  while (!open.empty()) {
    const term::Id next = open.back();
    open.pop_back();
    if (leaf_text(store, next).starts_with(map_prefix)) found.push_back(next);
    for (const term::Id arg : store.args(next)) {
      if (seen.insert(arg).second) open.push_back(arg);
    }
  }
  std::ranges::sort(found);
  return map_terms_.emplace(a.index, std::move(found)).first->second;
}

std::uint32_t Explorer::entry_name(const PathState& state, std::uint32_t map, std::size_t number) {
  const Slot& slot = state.maps[map].slots[number];
  return options_.effects->add_entry({map, slot.key, slot.first_stage, slot.first_slot});
}

/// Numbers in names say little where paths were merged: the entry is the one that holds the leaf.
void Explorer::add_sources(const PathState& state, term::Id a, Leaves& leaves) {
  const term::Store& store = context_.store;
  for (const term::Id leaf : options_.effects->map_terms(store, a)) {
    const bool byte = store.kind(leaf) == term::Kind::apply;
    const auto at = byte ? store.literal(store.args(leaf)[0]) : std::nullopt;
    const std::int32_t place = !byte ? presence_leaf
                               : at  ? static_cast<std::int32_t>(*at)
                                     : any_byte;
    for (std::uint32_t map = 0; map < state.maps.size(); ++map) {
      for (std::size_t i = 0; i < state.maps[map].slots.size(); ++i) {
        if (!holds_leaf(state, state.maps[map].slots[i], leaf)) continue;
        leaves.insert({entry_name(state, map, i), place});
      }
    }
  }
}

/// Is the variable or application `leaf` part of the entry's initial contents?
bool Explorer::holds_leaf(const PathState& state, const Slot& slot, term::Id leaf) {
  const term::Store& store = context_.store;
  if (store.kind(leaf) == term::Kind::var) return slot.initially_present == leaf;
  const term::Id first = state.objects.at(slot.initial_object).initial_byte(context_, 0);
  return store.kind(first) == term::Kind::apply && store.function(first) == store.function(leaf);
}

void Explorer::note(PathState& state, Effect effect) {
  effect.stage = state.stage;
  effect.slot = state.slot;
  state.effects.insert(options_.effects->add(std::move(effect), state.condition));
}

void Explorer::note_memory(PathState& state, const Place& place, term::Id size_bytes, Access access,
                           std::span<const term::Id> stored) {
  if (options_.effects == nullptr) return;
  const Region& region = state.regions[place.region];
  const bool reads = access == Access::read;
  Effect effect;
  effect.offset = place.offset;
  effect.size_bytes = size_bytes;
  if (region.kind == RegionKind::packet) {
    effect.kind = reads ? EffectKind::packet_read : EffectKind::packet_write;
  } else if (region.kind == RegionKind::map_value) {
    effect.kind = reads ? EffectKind::value_read : EffectKind::value_write;
    effect.map = region.index;
    const auto& slots = state.maps[region.index].slots;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (state.regions[slots[i].value].object != place.object) continue;
      effect.entry = entry_name(state, region.index, i);
    }
  } else {
    return;
  }
  add_sources(state, place.offset, effect.key_sources);
  for (const term::Id value : stored) add_sources(state, value, effect.value_sources);
  note(state, std::move(effect));
}

void Explorer::note_ctx(PathState& state, Word address, unsigned size_bytes, Access access,
                        std::span<const term::Id> stored) {
  if (options_.effects == nullptr) return;
  Effect effect;
  effect.kind = access == Access::read ? EffectKind::ctx_read : EffectKind::ctx_write;
  effect.offset = address.term;
  effect.size_bytes = context_.lit(64, size_bytes);
  for (const term::Id value : stored) add_sources(state, value, effect.value_sources);
  note(state, std::move(effect));
}

/// The bytes that a helper will read, without any check; nothing if they are not known here.
std::vector<term::Id> Explorer::peek(const PathState& state, Word address,
                                     std::uint64_t size_bytes) {
  constexpr std::uint64_t chunk_bytes = 8;
  std::vector<term::Id> chunks;
  if (address.region == 0 || size_bytes > max_noted_bytes) return chunks;
  const Region& region = state.regions[address.region];
  const bool memory = region.kind == RegionKind::stack || region.kind == RegionKind::packet ||
                      region.kind == RegionKind::map_value;
  if (!memory || region.volatile_bytes || !region.live) return chunks;
  for (std::uint64_t at = 0; at < size_bytes; at += chunk_bytes) {
    const auto bytes = static_cast<unsigned>(std::min(chunk_bytes, size_bytes - at));
    const term::Id offset = context_.store.bin(Op::add, address.term, context_.lit(64, at));
    const auto read = state.objects.at(region.object).read(context_, offset, bytes);
    if (!read || !*read || (*read)->region != 0) return {};
    chunks.push_back((*read)->term);
  }
  return chunks;
}

void Explorer::note_call(PathState& state, const program::Helper& row) {
  if (options_.effects == nullptr) return;
  using program::ArgKind;
  Effect effect;
  effect.kind = EffectKind::call;
  effect.helper = row.id;
  for (unsigned i = 0; i < row.args.size(); ++i) {
    const Word word = argument(state, i + 1);
    const ArgKind kind = row.args[i];
    if (kind == ArgKind::none || kind == ArgKind::unknown) continue;
    if (kind == ArgKind::const_map && state.regions[word.region].kind == RegionKind::map_object) {
      effect.map = state.regions[word.region].index;
    } else if (kind == ArgKind::map_key && effect.map != unnamed_map) {
      effect.key = peek(state, word, program_.maps[effect.map].key_size);
    } else if (kind == ArgKind::map_value && effect.map != unnamed_map &&
               row.id == map_update_elem) {
      for (const term::Id chunk : peek(state, word, program_.maps[effect.map].value_size)) {
        add_sources(state, chunk, effect.value_sources);
      }
    } else if (kind == ArgKind::mem_in && i + 1 < row.args.size()) {
      const auto size = context_.store.literal(argument(state, i + 2).term);
      if (!size) continue;
      for (const term::Id chunk : peek(state, word, static_cast<std::uint64_t>(*size))) {
        add_sources(state, chunk, effect.value_sources);
      }
    } else if (word.region == 0) {
      effect.values.push_back(word.term);
      add_sources(state, word.term, effect.value_sources);
    }
  }
  if (row.id == redirect_map) {
    effect.key = {context_.store.extract(0, 32, argument(state, 2).term)};
  }
  for (const term::Id chunk : effect.key) add_sources(state, chunk, effect.key_sources);
  note(state, std::move(effect));
}

void Explorer::note_branch(PathState& state, term::Id condition) {
  if (options_.effects == nullptr) return;
  Effect effect;
  effect.kind = EffectKind::branch;
  add_sources(state, condition, effect.value_sources);
  note(state, std::move(effect));
}

void Explorer::note_finish(PathState& state, term::Id action) {
  if (options_.effects == nullptr) return;
  Effect effect;
  effect.kind = EffectKind::finish;
  effect.values = {action};
  add_sources(state, action, effect.value_sources);
  note(state, std::move(effect));
  options_.effects->add_path({state.stage, state.condition, action, state.effects});
}

}  // namespace probity::symex
