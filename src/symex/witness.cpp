// SPDX-License-Identifier: Apache-2.0
// From a valuation to an input that an engine can be given: packet bytes, ctx fields, and the
// initial contents of every map entry that the path looked at.
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "symex/explorer.hpp"
#include "symex/map_kind.hpp"
#include "symex/mentions.hpp"

namespace probity::symex {
namespace {

using program::MapType;

constexpr std::uint32_t max_filler_entries = 65'536;
constexpr std::uint32_t prefix_length_bytes = 4;  // in front of a trie's key

runtime::Bytes bytes_of(const term::Store& store, Valuation& valuation,
                        std::span<const term::Id> chunks) {
  runtime::Bytes bytes;
  for (const term::Id chunk : chunks) {
    const term::Value value = valuation(chunk);
    for (unsigned i = 0; i < store.width(chunk) / 8; ++i) {
      bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
  }
  return bytes;
}

bool is_redirect_map(MapType type) {
  return type == MapType::devmap || type == MapType::devmap_hash || type == MapType::cpumap;
}

/// Was an array looked up behind its end?
bool is_out_of_range(const program::MapDef& def, const runtime::Bytes& key) {
  const bool indexed = def.type == MapType::array || def.type == MapType::percpu_array ||
                       def.type == MapType::devmap || def.type == MapType::cpumap ||
                       def.type == MapType::array_of_maps;
  return indexed && key.size() == 4 && load_le<std::uint32_t>(key.data()) >= def.max_entries;
}

/// The `number`-th of the keys that nobody uses; of a trie, one that covers only itself.
runtime::Bytes filler_key(const program::MapDef& def, std::uint64_t number) {
  runtime::Bytes key(def.key_size, 0xa5);
  const std::uint32_t first = def.type == MapType::lpm_trie ? prefix_length_bytes : 0;
  for (unsigned b = 0; b < 8 && b < def.key_size - first; ++b) {
    key[def.key_size - 1 - b] = static_cast<std::uint8_t>(number >> (8 * b));
  }
  if (first != 0) store_le(key.data(), (def.key_size - first) * 8);
  return key;
}

/// Entries that fill `contents` up to `count`, with keys that nobody uses.
void fill(runtime::MapContents& contents, std::set<runtime::Bytes> used, std::uint32_t count,
          const program::MapDef& def) {
  for (const runtime::MapEntry& entry : contents.entries) used.insert(entry.key);
  for (std::uint64_t i = 0; contents.entries.size() < count; ++i) {
    if (i > std::uint64_t{max_filler_entries} * 2) return;  // fewer keys than entries exist
    const runtime::Bytes key = filler_key(def, i);
    if (!used.insert(key).second) continue;
    contents.entries.push_back({key, runtime::Bytes(def.value_size, 0)});
  }
}

/// The keys of the maps that hold something at first: an entry that a path finds by the time of day
/// is found only at that time.
std::vector<term::Id> keys_told(const PathState& state, Valuation& valuation) {
  std::vector<term::Id> keys;
  for (const MapState& map : state.maps) {
    const bool filled = std::ranges::any_of(
        map.slots, [&](const Slot& slot) { return valuation(slot.initially_present) != 0; });
    if (!filled) continue;
    for (const Slot& slot : map.slots) keys.insert(keys.end(), slot.key.begin(), slot.key.end());
  }
  return keys;
}

void append_new(std::vector<term::Id>& list, std::span<const term::Id> more) {
  for (const term::Id one : more) {
    if (std::ranges::find(list, one) == list.end()) list.push_back(one);
  }
}

}  // namespace

/// Which of the maps made for a map of maps lies in an entry of it (runtime/furnished.hpp).
std::uint32_t Explorer::inner_number(std::uint32_t map, const Slot& slot) const {
  const std::vector<std::uint32_t>& all = inner_maps_.at(map);
  const auto found = std::ranges::find(all, slot.inner.value_or(all.front()));
  return static_cast<std::uint32_t>(found - all.begin());
}

runtime::MapContents Explorer::initial_entries(PathState& state, Valuation& valuation,
                                               std::uint32_t map) {
  const program::MapDef& def = program_.maps[map];
  runtime::MapContents contents{std::string(def.name), {}};
  std::set<runtime::Bytes> used;
  for (const Slot& slot : state.maps[map].slots) {
    if (slot.guard && !valuation.holds(slot.guard)) continue;
    runtime::Bytes key = bytes_of(context_.store, valuation, slot.key);
    if (!used.insert(key).second) continue;  // an earlier entry has this key
    if (valuation(slot.initially_present) == 0) continue;
    if (is_out_of_range(def, key)) continue;
    runtime::Bytes value(def.value_size);
    const Memory& memory = state.objects.at(slot.initial_object);
    for (std::uint32_t i = 0; i < def.value_size; ++i) {
      value[i] = static_cast<std::uint8_t>(valuation(memory.initial_byte(context_, i)));
    }
    if (is_outer(def.type)) store_le(value.data(), inner_number(map, slot));
    if (is_redirect_map(def.type)) {
      // Any existing device will do: lo.
      std::ranges::fill(value, 0);
      if (!value.empty()) value[0] = 1;
    }
    contents.entries.push_back({std::move(key), std::move(value)});
  }
  const auto free = static_cast<std::uint64_t>(valuation(free_entries(map)));
  const std::uint64_t wanted = def.max_entries - std::min<std::uint64_t>(free, def.max_entries);
  if (!state.maps[map].counted || wanted <= contents.entries.size()) return contents;
  if (wanted > max_filler_entries) {
    state.not_replayable.push_back(fmt::format("map {} must hold {} entries (limit {})", def.name,
                                               wanted, max_filler_entries));
    return contents;
  }
  for (const PrefixQuestion& question : state.maps[map].questions) {
    runtime::Bytes key = bytes_of(context_.store, valuation, question.key);
    store_le(key.data(), (def.key_size - prefix_length_bytes) * 8);
    used.insert(std::move(key));
  }
  fill(contents, used, static_cast<std::uint32_t>(wanted), def);
  return contents;
}

runtime::MapContents Explorer::final_entries(const Ending& ending, Valuation& valuation,
                                             std::uint32_t map) {
  const program::MapDef& def = maps_[map];
  runtime::MapContents contents{std::string(def.name), {}};
  std::set<runtime::Bytes> used;
  for (const Slot& slot : ending.maps[map].slots) {
    if (slot.guard && !valuation.holds(slot.guard)) continue;
    runtime::Bytes key = bytes_of(context_.store, valuation, slot.key);
    if (!used.insert(key).second || valuation(slot.present) == 0) continue;
    if (is_out_of_range(def, key)) continue;
    runtime::Bytes value(def.value_size);
    const Memory& memory = ending.objects.at(ending.regions[slot.value].object);
    for (std::uint32_t i = 0; i < def.value_size; ++i) {
      const auto byte = memory.read(context_, context_.lit(64, i), 1);
      const term::Id term = byte && *byte ? as_number(**byte) : context_.lit(8, 0);
      value[i] = static_cast<std::uint8_t>(valuation(term));
    }
    if (is_redirect_map(def.type)) std::ranges::fill(value, 0);
    contents.entries.push_back({std::move(key), std::move(value)});
  }
  std::ranges::sort(contents.entries, {}, &runtime::MapEntry::key);
  return contents;
}

std::shared_ptr<Valuation> Explorer::witness_valuation(const PathState& state,
                                                       const Possibility& shown,
                                                       term::Id condition) {
  const std::vector<term::Id> wishes = witness_wishes(state, condition);
  return solver_.simplest(state, shown, condition, wishes);
}

Witness Explorer::make_witness(PathState& state, Valuation& valuation, term::Id shown) {
  Witness witness;
  const auto length = static_cast<std::int64_t>(valuation(length_));
  const Memory initial(Unknown{packet_bytes_});
  const auto before = -static_cast<std::int64_t>(static_cast<std::uint64_t>(
      options_.mode == Mode::strict ? valuation(state.initial_meta) : term::Value{0}));
  if (is_xdp()) {
    witness.input.metadata_size = static_cast<std::uint32_t>(before);
  } else if (before != 0) {
    witness.helper_results.push_back(fmt::format("of {} bytes of metadata of an sk_buff", before));
  }
  const std::int64_t first = is_xdp() ? before : hidden_bytes();
  for (std::int64_t i = -first; i < length; ++i) {
    const term::Id byte = initial.initial_byte(context_, i);
    witness.input.packet.push_back(static_cast<std::uint8_t>(valuation(byte)));
  }
  std::vector<term::Id> leaves = path_leaves(state, shown);
  append_new(leaves, leaves_of(context_.store, keys_told(state, valuation)));
  tell_fields(witness, valuation, leaves);
  tell_maps(state, witness, valuation);
  tell_routes(witness, valuation, leaves);
  tell_answers(state, witness, valuation, leaves);
  for (const auto& [what, value] : state.assumptions) {
    if (valuation(value) == 0) continue;
    witness.helper_results.push_back(what);
    break;
  }
  witness.helper_results.insert(witness.helper_results.end(), state.helper_results.begin(),
                                state.helper_results.end());
  witness.not_replayable.insert(witness.not_replayable.end(), state.not_replayable.begin(),
                                state.not_replayable.end());
  return witness;
}

PathRecord Explorer::record_of(PathState& state) {
  PathRecord record;
  record.trail = state.trail;
  record.verdict = state.fate.verdict();
  record.reason = state.fate.reason();
  record.slot = state.slot;
  record.insns = state.insns;
  record.shortest_packet = state.length_low;
  record.longest_packet = state.length_high;
  if (state.action) {
    record.one_action = context_.store.literal(*state.action).has_value();
    record.action = static_cast<std::uint32_t>((*state.valuation)(*state.action));
  }
  return record;
}

PathCase Explorer::make_case(PathState& state, std::string ending) {
  const Possibility here{Answer::yes, state.valuation, {}, std::nullopt};
  const auto valuation = witness_valuation(state, here, context_.store.true_());
  PathCase result;
  result.witness = make_witness(state, *valuation, context_.store.true_());
  result.return_value = static_cast<std::uint32_t>((*valuation)(state.regs[0].term));
  result.trail = state.trail;
  result.ending = std::move(ending);
  const auto signed_value = [&](term::Id a) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>((*valuation)(a)));
  };
  // Engines return the metadata, too, and zeros for a link header that the program does not see.
  result.packet.resize(hidden_bytes());
  const std::int64_t head = signed_value(state.packet.meta);
  const std::int64_t end = signed_value(state.packet.end);
  for (std::int64_t i = head; i < end; ++i) {
    const auto byte = state.objects.at(state.packet.object).read(context_, context_.lit64(i), 1);
    const term::Id value = byte && *byte ? as_number(**byte) : context_.lit(8, 0);
    result.packet.push_back(static_cast<std::uint8_t>((*valuation)(value)));
  }
  return result;
}

}  // namespace probity::symex
