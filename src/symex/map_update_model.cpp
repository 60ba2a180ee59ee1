// SPDX-License-Identifier: Apache-2.0
// Updates and deletes of maps. How many entries are free at entry is one variable of the world,
// `map.NAME.free`; it and the inserts that a run made so far decide whether a map is full, so the
// k-th insert of one run fails exactly when that of another one does. An update of a hash map gives
// the entry new memory, as in the kernel, so old value pointers keep their old bytes. LRU maps
// never refuse an insert. What flags ask for and what is answered is the text of
// runtime/map_rule.hpp, the same as the interpreter's.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "runtime/map_definition.hpp"
#include "runtime/map_rule.hpp"
#include "symex/explorer.hpp"
#include "symex/map_kind.hpp"

namespace probity::symex {
namespace {

namespace errno_of = runtime::errno_of;

constexpr std::uint32_t not_preallocated = 1u;  // BPF_F_NO_PREALLOC

bool has_lock(const program::MapDef& def) {
  return std::ranges::any_of(def.value_fields, [](const program::ValueField& field) {
    return field.kind == program::ValueFieldKind::spin_lock;
  });
}

/// Is byte `at` of a value part of a lock or timer, which updates leave alone?
bool is_kept(const program::MapDef& def, std::uint64_t at) {
  return std::ranges::any_of(def.value_fields, [at](const program::ValueField& field) {
    return at >= field.offset &&
           at < std::uint64_t{field.offset} + runtime::value_field_bytes(field.kind);
  });
}

}  // namespace

bool Explorer::may_change(PathState& state, std::uint32_t map) {
  const program::MapDef& def = program_.maps[map];
  if (!def.read_only && (def.flags & read_only_to_programs) == 0) return true;
  return violate(state, def.read_only ? Property::write_permission : Property::kernel_contract,
                 fmt::format("map {} is read-only", def.name));
}

term::Id Explorer::free_entries(std::uint32_t map) {
  const term::Id free = context_.store.var(32, fmt::format("map.{}.free", program_.maps[map].name));
  return context_.store.zext(64, free);
}

/// How many entries of the path's list the map had at first, or had not.
term::Id Explorer::entries_at_first(const PathState& state, std::uint32_t map, AtFirst which) {
  term::Store& store = context_.store;
  const std::vector<Slot>& slots = state.maps[map].slots;
  term::Id count = context_.lit64(0);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    term::Id counts = slots[i].initially_present;
    if (which == AtFirst::absent) counts = store.not_(counts);
    if (slots[i].guard) counts = store.and_(counts, slots[i].guard);
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      counts = store.and_(counts, store.not_(same_entry(map, slots[earlier], slots[i].key)));
    }
    count = store.bin(Op::add, count, store.zext(64, counts));
  }
  return count;
}

/// What every world satisfies: the entries that are there fit the map, and there are as many keys
/// as entries.
term::Id Explorer::entries_fit(const PathState& state, std::uint32_t map) {
  const program::MapDef& def = program_.maps[map];
  term::Store& store = context_.store;
  const MapState& entries = state.maps[map];
  if (options_.mode == Mode::safety || is_array(def.type)) return store.true_();
  if (!entries.counted && entries.slots.size() <= def.max_entries) return store.true_();
  const term::Id most = context_.lit(64, def.max_entries);
  const term::Id free = free_entries(map);
  const term::Id known = entries_at_first(state, map, AtFirst::present);
  term::Id fit = store.bin(Op::ule, store.bin(Op::add, free, known), most);
  constexpr std::uint32_t word_bytes = 4;
  const std::uint64_t keys =
      def.key_size >= word_bytes ? std::uint64_t{1} << 32 : std::uint64_t{1} << (8 * def.key_size);
  if (keys >= def.max_entries + entries.slots.size()) return fit;
  const term::Id used = store.bin(Op::sub, most, free);
  const term::Id absent = entries_at_first(state, map, AtFirst::absent);
  return store.and_(fit,
                    store.bin(Op::ule, store.bin(Op::add, used, absent), context_.lit(64, keys)));
}

term::Id Explorer::has_room(PathState& state, std::uint32_t map) {
  if (options_.mode == Mode::safety) return context_.fresh(1, "map.room");  // other CPUs insert
  MapState& entries = state.maps[map];
  entries.counted = true;
  if (!entries.inserted) entries.inserted = context_.lit64(0);
  return context_.store.bin(Op::slt, entries.inserted, free_entries(map));
}

void Explorer::count_entry(PathState& state, std::uint32_t map, std::int64_t change) {
  MapState& entries = state.maps[map];
  if (!entries.inserted) entries.inserted = context_.lit64(0);
  entries.inserted = context_.store.bin(Op::add, entries.inserted, context_.lit64(change));
}

bool Explorer::assume_world(PathState& state, term::Id condition) {
  const Possibility shown = solver_.possible(state, condition);
  if (shown.answer == Answer::unknown) give_up(state, "world: " + shown.reason);
  if (shown.answer != Answer::yes) {
    state.fate.exclude();
    return false;
  }
  solver_.assume(state, condition, shown);
  return true;
}

std::string Explorer::numbered(PathState& state, const std::string& what) {
  return fmt::format("{}[{}]", what, state.calls_by_helper[what]++);
}

/// An insert into an LRU map may drop any other entry.
void Explorer::evict_any(PathState& state, std::uint32_t map, std::uint32_t inserted) {
  const std::string insert =
      occurrence(state, choice_prefix, fmt::format("map.{}.insert", program_.maps[map].name));
  for (std::uint32_t i = 0; i < state.maps[map].slots.size(); ++i) {
    Slot& other = state.maps[map].slots[i];
    if (i == inserted || context_.store.is_false(other.present)) continue;
    const term::Id bit = context_.store.var(1, fmt::format("{}.evicts[{}]", insert, i));
    const term::Id evicted = context_.store.and_(other.present, bit);
    other.present = context_.store.and_(other.present, context_.store.not_(evicted));
    state.evictions.push_back(evicted);
  }
}

/// Writes a value, but for the locks and timers in it.
void Explorer::write_value(PathState& state, std::uint32_t map, RegionId region,
                           std::span<const term::Id> chunks) {
  const program::MapDef& def = program_.maps[map];
  const std::uint32_t object = state.regions[region].object;
  if (def.value_fields.empty()) {
    return write_chunks(state, {region, object, context_.lit64(0)}, chunks);
  }
  std::uint64_t at = 0;
  for (const term::Id chunk : chunks) {
    for (unsigned i = 0; i < context_.store.width(chunk) / 8; ++i, ++at) {
      if (is_kept(def, at)) continue;
      const Word byte{context_.store.extract(8 * i, 8, chunk), 0};
      write_memory(state, {region, object, context_.lit(64, at)}, 1, byte);
    }
  }
}

void Explorer::put_value(PathState& state, const MapUpdate& update, std::uint32_t slot,
                         InPlace in_place) {
  const program::MapDef& def = program_.maps[update.map];
  Slot& entry = state.maps[update.map].slots[slot];
  if (in_place == InPlace::no) {
    const std::uint32_t object = state.objects.add(Memory(Zeroed{}));
    Region region = state.regions[entry.value];
    region.object = object;
    region.live = true;
    region.null = {};
    region.size_bytes = def.value_size;
    entry.value = state.add_region(region);
    entry.present = context_.store.true_();
  }
  write_value(state, update.map, entry.value, update.value);
  set_result(state, context_.lit64(0));
}

bool Explorer::call_map_update(PathState& state) {
  const auto map = map_argument(state, 1, nullptr);
  if (!map || !may_change(state, *map)) return false;
  const program::MapDef& def = program_.maps[*map];
  const auto key = key_argument(state, *map);
  if (!key) return false;
  const auto value = read_chunks(state, argument(state, 3), def.value_size);
  if (!value) return false;
  if (is_forgetful(state, *map)) return call_free_result(state, "bpf_map_update_elem", 64);
  if (!modelled(state, *map)) return false;
  const Word flags = argument(state, 4);
  if (!observable(state, flags, "the update flags")) return false;
  if (options_.mode == Mode::safety && !context_.store.literal(as_number(flags))) {
    // What the map holds may change at any time anyway.
    return call_free_result(state, "bpf_map_update_elem", 64);
  }
  clobber(state);
  const MapUpdate update{*map, *key, *value, as_number(flags)};
  return is_array(def.type) ? update_array(state, update) : update_hash(state, update);
}

bool Explorer::update_array(PathState& state, const MapUpdate& update) {
  const program::MapDef& def = program_.maps[update.map];
  term::Store& store = context_.store;
  const auto flags = runtime::update_flags(def.type, Value<64>::of({update.flags, 0}));
  const term::Id in_range = store.bin(Op::ult, update.key[0], context_.lit(32, def.max_entries));
  const Value<64> answer =
      runtime::array_update_answer(flags, Bool<Provenance>::of({in_range, 0}), has_lock(def));
  std::vector<Alternative> sides;
  const std::vector<std::int64_t> errors{errno_of::invalid, errno_of::too_big, errno_of::exist};
  fail_with(sides, store.true_(), answer, errors);
  const term::Id stores = (answer == Value<64>::lit(0)).raw().term;
  if (store.is_false(stores)) return fork(state, std::move(sides));
  for (const Candidate& candidate : candidates(state, update.map, update.key)) {
    sides.push_back({store.and_(stores, candidate.condition),
                     [this, update, slot = candidate.slot](PathState& s) {
                       put_value(s, update, slot, InPlace::yes);
                     }});
  }
  return fork(state, std::move(sides));
}

/// One side for each error that the helper may answer.
void Explorer::fail_with(std::vector<Alternative>& sides, term::Id where, Value<64> answer,
                         std::span<const std::int64_t> errors) {
  for (const std::int64_t code : errors) {
    const Value<64> literal = Value<64>::lit(static_cast<std::uint64_t>(code));
    const term::Id fails = context_.store.and_(where, (answer == literal).raw().term);
    if (context_.store.is_false(fails)) continue;
    sides.push_back({fails, [this, code](PathState& s) { set_result(s, context_.lit64(code)); }});
  }
}

/// Hash maps and tries. A key that names no entry is refused first.
bool Explorer::update_hash(PathState& state, const MapUpdate& update) {
  const program::MapDef& def = program_.maps[update.map];
  term::Store& store = context_.store;
  const auto flags = runtime::update_flags(def.type, Value<64>::of({update.flags, 0}));
  term::Id names = is_key(update.map, update.key);
  if (is_device(def.type)) names = store.false_();
  const Value<64> refusal =
      runtime::keyed_update_refusal(flags, Bool<Provenance>::of({names, 0}), has_lock(def));
  std::vector<Alternative> sides;
  fail_with(sides, store.true_(), refusal, std::vector{errno_of::invalid});
  const term::Id open = (refusal == Value<64>::lit(0)).raw().term;
  if (store.is_false(open)) return fork(state, std::move(sides));
  const std::vector<Candidate> found = candidates(state, update.map, update.key);
  const bool limited = !is_lru(def.type);
  const term::Id room = limited ? has_room(state, update.map) : store.true_();
  if (limited && !assume_world(state, entries_fit(state, update.map))) return false;
  const term::Id memory = memory_left(state, update.map);
  const std::vector<std::int64_t> errors{errno_of::exist, errno_of::noent, errno_of::too_big,
                                         errno_of::no_space};
  for (const Candidate& candidate : found) {
    const term::Id present = state.maps[update.map].slots[candidate.slot].present;
    const Value<64> answer = runtime::keyed_update_answer(
        def.type, flags, Bool<Provenance>::of({present, 0}), Bool<Provenance>::of({room, 0}));
    const term::Id here = store.and_(open, candidate.condition);
    fail_with(sides, here, answer, errors);
    const term::Id stores = store.and_(here, (answer == Value<64>::lit(0)).raw().term);
    replace_entry(sides, update, candidate.slot,
                  {store.and_(stores, present), flags.locked.raw().term, memory});
    insert_entry(sides, update, candidate.slot, store.and_(stores, store.not_(present)), memory);
  }
  return fork(state, std::move(sides));
}

/// Maps that allocate each entry may find no memory; no engine can be told so.
term::Id Explorer::memory_left(PathState& state, std::uint32_t map) {
  const program::MapDef& def = program_.maps[map];
  const bool allocates = (def.flags & not_preallocated) != 0 && options_.mode == Mode::strict;
  if (!allocates) return context_.store.true_();
  return context_.store.not_(choice(state, fmt::format("map.{}.no_memory", def.name)));
}

void Explorer::fail_without_memory(std::vector<Alternative>& sides, term::Id condition) {
  sides.push_back({condition, [this](PathState& s) {
                     s.helper_results.push_back("no memory for a map's entry");
                     set_result(s, context_.lit64(errno_of::nomem));
                   }});
}

void Explorer::replace_entry(std::vector<Alternative>& sides, const MapUpdate& update,
                             std::uint32_t slot, const Replacement& when) {
  const program::MapDef& def = program_.maps[update.map];
  term::Store& store = context_.store;
  const auto put = [this, update, slot](InPlace in_place) {
    return [this, update, slot, in_place](PathState& s) { put_value(s, update, slot, in_place); };
  };
  if (is_percpu(def.type)) return sides.push_back({when.condition, put(InPlace::yes)});
  // Under its lock a value is written in place.
  sides.push_back({store.and_(when.condition, when.locked), put(InPlace::yes)});
  const term::Id moves = store.and_(when.condition, store.not_(when.locked));
  sides.push_back({store.and_(moves, when.memory), put(InPlace::no)});
  fail_without_memory(sides, store.and_(moves, store.not_(when.memory)));
}

void Explorer::insert_entry(std::vector<Alternative>& sides, const MapUpdate& update,
                            std::uint32_t slot, term::Id condition, term::Id memory) {
  const bool lru = is_lru(program_.maps[update.map].type);
  sides.push_back({context_.store.and_(condition, memory), [this, update, slot, lru](PathState& s) {
                     lru ? evict_any(s, update.map, slot) : count_entry(s, update.map, 1);
                     put_value(s, update, slot, InPlace::no);
                   }});
  fail_without_memory(sides, context_.store.and_(condition, context_.store.not_(memory)));
}

bool Explorer::call_map_delete(PathState& state) {
  const auto map = map_argument(state, 1, nullptr);
  if (!map || !may_change(state, *map)) return false;
  const auto key = key_argument(state, *map);
  if (!key) return false;
  if (is_forgetful(state, *map)) return call_free_result(state, "bpf_map_delete_elem", 64);
  if (!modelled(state, *map)) return false;
  clobber(state);
  term::Store& store = context_.store;
  const program::MapDef& def = program_.maps[*map];
  if (!is_hash(def.type) && !is_trie(def.type)) {
    set_result(state, context_.lit64(errno_of::invalid));
    return true;
  }
  const Bool<Provenance> names = Bool<Provenance>::of({is_key(*map, *key), 0});
  const bool counts = !is_lru(def.type);
  std::vector<Alternative> sides;
  const Value<64> of_any_key = runtime::keyed_delete_answer(names, Bool<Provenance>::lit(1));
  fail_with(sides, store.true_(), of_any_key, std::vector{errno_of::invalid});
  for (const Candidate& candidate : candidates(state, *map, *key)) {
    const Bool<Provenance> present =
        Bool<Provenance>::of({state.maps[*map].slots[candidate.slot].present, 0});
    const Value<64> answer = runtime::keyed_delete_answer(names, present);
    fail_with(sides, candidate.condition, answer, std::vector{errno_of::noent});
    const term::Id deletes = (answer == Value<64>::lit(0)).raw().term;
    sides.push_back({store.and_(candidate.condition, deletes),
                     [this, map = *map, slot = candidate.slot, counts](PathState& s) {
                       s.maps[map].slots[slot].present = context_.store.false_();
                       s.maps[map].deleted = true;
                       if (counts) count_entry(s, map, -1);
                       set_result(s, context_.lit64(0));
                     }});
  }
  return fork(state, std::move(sides));
}

}  // namespace probity::symex
