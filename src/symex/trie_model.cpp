// SPDX-License-Identifier: Apache-2.0
// Tries (BPF_MAP_TYPE_LPM_TRIE) of unknown contents. Which stored prefix covers a key is
// runtime/prefix_match.hpp, the same text as the interpreter's. A lookup may answer a prefix that
// the path knows already, or one nobody has seen yet: a fresh entry, as long as the key's data and
// of unknown prefix length. Each lookup leaves knowledge behind: no entry that is still unseen
// covers its key with a prefix as long as the answer's. Later entries must respect that, so equal
// questions get equal answers, and so do two programs in one world.
#include <algorithm>

#include "runtime/prefix_match.hpp"
#include "symex/explorer.hpp"
#include "symex/map_kind.hpp"

namespace probity::symex {
namespace {

using Prefix = runtime::PrefixKey<Provenance>;
using KeyBytes = std::vector<Value<8>>;

/// A key that is kept as chunks, taken apart.
struct Parts {
  Value<32> length;
  KeyBytes data;
  Prefix prefix() const { return {length, data}; }
};

Parts parts_of(term::Store& store, std::span<const term::Id> key) {
  Parts parts{Value<32>::lit(0), {}};
  std::size_t at = 0;
  for (const term::Id chunk : key) {
    for (unsigned i = 0; i < store.width(chunk) / 8; ++i, ++at) {
      if (at < runtime::prefix_length_bytes) continue;
      parts.data.push_back(Value<8>::of({store.extract(8 * i, 8, chunk), 0}));
    }
  }
  parts.length = Value<32>::of({store.extract(0, 32, key.front()), 0});
  return parts;
}

/// `key` with another prefix length.
std::vector<term::Id> with_length(term::Store& store, std::span<const term::Id> key,
                                  term::Id length) {
  std::vector<term::Id> result(key.begin(), key.end());
  const unsigned width = store.width(key.front());
  result.front() =
      width == 32 ? length : store.concat(store.extract(32, width - 32, key.front()), length);
  return result;
}

}  // namespace

/// Does `key` name the entry of `slot`?
term::Id Explorer::same_entry(std::uint32_t map, const Slot& slot, std::span<const term::Id> key) {
  if (!is_trie(program_.maps[map].type)) return same_key(slot, key);
  const Parts stored = parts_of(context_.store, slot.key);
  const Parts asked = parts_of(context_.store, key);
  const term::Id same = runtime::same_prefix_key(stored.prefix(), asked.prefix()).raw().term;
  return slot.guard ? context_.store.and_(slot.guard, same) : same;
}

/// Is `key` one that the map takes at all?
term::Id Explorer::is_key(std::uint32_t map, std::span<const term::Id> key) {
  if (!is_trie(program_.maps[map].type)) return context_.store.true_();
  const Parts asked = parts_of(context_.store, key);
  return runtime::is_prefix_length(asked.length, asked.data.size()).raw().term;
}

term::Id Explorer::covers(const Slot& slot, std::span<const term::Id> key) {
  const Parts stored = parts_of(context_.store, slot.key);
  const Parts asked = parts_of(context_.store, key);
  const term::Id covered = runtime::prefix_covers(stored.prefix(), asked.prefix()).raw().term;
  return slot.guard ? context_.store.and_(slot.guard, covered) : covered;
}

term::Id Explorer::prefix_length(const Slot& slot) {
  return context_.store.extract(0, 32, slot.key.front());
}

/// May the trie have held the entry of `slot`, which nobody saw before, at first?
term::Id Explorer::unseen(const MapState& entries, const Slot& slot) {
  term::Store& store = context_.store;
  term::Id possible = store.true_();
  const Parts mine = parts_of(store, slot.key);
  for (const Slot& other : entries.slots) {
    const Parts stored = parts_of(store, other.key);
    term::Id same = runtime::same_prefix_key(stored.prefix(), mine.prefix()).raw().term;
    if (other.guard) same = store.and_(other.guard, same);
    possible = store.and_(possible, store.not_(same));
  }
  for (const PrefixQuestion& question : entries.questions) {
    const term::Id longer = store.bin(Op::ule, question.floor, prefix_length(slot));
    const term::Id known = store.and_(covers(slot, question.key), longer);
    possible = store.and_(possible, store.not_(known));
  }
  return possible;
}

/// The entry that a lookup of `key` may find although the path does not know it; no number: there
/// is none, because the same was asked before.
std::optional<std::uint32_t> Explorer::unseen_answer(PathState& state, std::uint32_t map,
                                                     std::span<const term::Id> key,
                                                     term::Id valid) {
  term::Store& store = context_.store;
  const auto asked_before = [&](const PrefixQuestion& question) {
    return question.untouched && std::ranges::equal(question.key, key);
  };
  MapState& entries = state.maps[map];
  // What was found then is there still.
  if (entries.is_untouched() && std::ranges::any_of(entries.questions, asked_before)) {
    return std::nullopt;
  }
  const auto number = static_cast<std::uint32_t>(entries.slots.size());
  const term::Id length = store.var(32, slot_label(map, number) + ".prefix");
  const std::vector<Slot> known = entries.slots;
  new_slot(state, map, with_length(store, key, length));
  Slot& fresh = entries.slots[number];
  term::Id there = store.and_(fresh.initially_present, valid);
  there = store.and_(there, store.bin(Op::ule, length, store.extract(0, 32, key.front())));
  for (const Slot& other : known) {
    const term::Id rival = store.and_(other.present, covers(other, key));
    const term::Id shorter = store.bin(Op::ult, prefix_length(other), length);
    there = store.and_(there, store.implies(rival, shorter));
  }
  fresh.initially_present = there;
  fresh.present = there;
  return number;
}

bool Explorer::lookup_trie(PathState& state, std::uint32_t map, std::span<const term::Id> key) {
  term::Store& store = context_.store;
  const std::size_t known = state.maps[map].slots.size();
  const term::Id valid = is_key(map, key);
  const auto fresh = unseen_answer(state, map, key, valid);
  const std::vector<Slot>& slots = state.maps[map].slots;
  const term::Id found_fresh = fresh ? slots[*fresh].present : store.false_();
  const term::Id open = store.and_(valid, store.not_(found_fresh));
  term::Id none = store.true_();
  term::Id floor = fresh ? store.ite(found_fresh, prefix_length(slots[*fresh]), context_.lit(32, 0))
                         : context_.lit(32, 0);
  std::vector<Alternative> sides;
  for (std::size_t i = 0; i < known; ++i) {
    const term::Id rival = store.and_(slots[i].present, covers(slots[i], key));
    if (store.is_false(rival)) continue;
    term::Id best = rival;
    for (std::size_t other = 0; other < known; ++other) {
      const term::Id covering = store.and_(slots[other].present, covers(slots[other], key));
      const term::Id shorter =
          store.bin(Op::ule, prefix_length(slots[other]), prefix_length(slots[i]));
      if (other != i) best = store.and_(best, store.implies(covering, shorter));
    }
    none = store.and_(none, store.not_(rival));
    floor = store.ite(store.and_(open, best), prefix_length(slots[i]), floor);
    const Region region = state.regions[slots[i].value];
    sides.push_back({store.and_(open, best), [this, region](PathState& s) {
                       s.regs[0] = {context_.lit64(0), s.add_region(region)};
                       ++s.slot;
                     }});
  }
  const term::Id rest = store.or_(found_fresh, store.or_(store.not_(valid), none));
  std::optional<Region> region;
  if (fresh) {
    region = state.regions[slots[*fresh].value];
    region->null = store.not_(found_fresh);
  }
  sides.push_back({rest, [this, region](PathState& s) {
                     if (!region) return set_result(s, context_.lit64(0));
                     s.regs[0] = {context_.lit64(0), s.add_region(*region)};
                     ++s.slot;
                   }});
  // A key that is none asks nothing.
  floor = store.ite(valid, floor, context_.lit(32, PrefixQuestion::nothing_known));
  MapState& entries = state.maps[map];
  entries.questions.push_back({{key.begin(), key.end()}, floor, entries.is_untouched()});
  return fork(state, std::move(sides));
}

}  // namespace probity::symex
