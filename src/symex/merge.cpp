// SPDX-License-Identifier: Apache-2.0
// In this order: may they be one, what tells them apart, which regions and objects are the same,
// then memories, map entries and registers. All refusals come before the first change.
#include "symex/merge.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "symex/call_count.hpp"
#include "symex/merge_same.hpp"

namespace probity::symex {

using term::Id;

namespace {

bool same_slot(const Slot& a, const Slot& b) {
  return a.key == b.key && a.guard == b.guard;
}

Id guard_of(Context& context, const Slot& slot) {
  return slot.guard ? slot.guard : context.store.true_();
}

template <typename T>
void append_new(std::vector<T>& list, const std::vector<T>& more) {
  for (const T& item : more) {
    if (std::ranges::find(list, item) == list.end()) list.push_back(item);
  }
}

}  // namespace

bool Merger::trace_fits(const PathState& a, const PathState& b) const {
  const auto fits = [this](std::span<const Id> x, std::span<const Id> y) {
    return std::ranges::equal(x, y, [this](Id one, Id two) {
      return context_.store.width(one) == context_.store.width(two);
    });
  };
  return std::ranges::equal(a.trace, b.trace, [&](const TraceEvent& x, const TraceEvent& y) {
    return x.helper == y.helper && fits(x.values, y.values) && fits(x.data, y.data);
  });
}

bool Merger::alike(const PathState& a, const PathState& b) const {
  return a.stage == b.stage && a.code == b.code && a.slot == b.slot && a.variant == b.variant &&
         a.endings == b.endings && a.says == b.says && same_frames(a, b) && a.references.empty() &&
         b.references.empty() && !a.lock && !b.lock && same_demands(a, b) && same_questions(a, b) &&
         same_inner_maps(a, b) && a.skb == b.skb && a.tail_calls == b.tail_calls &&
         a.packet_loads == b.packet_loads && a.packet_checked == b.packet_checked &&
         a.ctx == b.ctx && trace_fits(a, b) && a.maps.size() == b.maps.size();
}

void Merger::split_conditions(const PathState& a, const PathState& b) {
  const auto ends = std::ranges::mismatch(a.condition, b.condition);
  shared_.assign(a.condition.begin(), ends.in1);
  const std::set<Id> mine(ends.in1, a.condition.end());
  const std::set<Id> yours(ends.in2, b.condition.end());
  std::vector<Id> only_mine;
  std::vector<Id> only_yours;
  std::ranges::set_intersection(mine, yours, std::back_inserter(shared_));
  std::ranges::set_difference(mine, yours, std::back_inserter(only_mine));
  std::ranges::set_difference(yours, mine, std::back_inserter(only_yours));
  condition_ = context_.store.conjunction(only_mine);
  other_ = context_.store.conjunction(only_yours);
}

bool Merger::same_region(const Region& a, const Region& b) const {
  return a.kind == b.kind && a.size_bytes == b.size_bytes && a.index == b.index &&
         a.writable == b.writable && a.live == b.live && a.readable == b.readable &&
         a.volatile_bytes == b.volatile_bytes && a.reference == b.reference;
}

/// The two memories must be one in the result.
bool Merger::force_object(const PathState& a, const PathState& b, std::uint32_t oa,
                          std::uint32_t ob) {
  if (objects_[ob] != unmatched) return objects_[ob] == oa;
  if (object_taken_[oa] || !Memory::same_origin(a.objects.at(oa), b.objects.at(ob))) return false;
  objects_[ob] = oa;
  object_taken_[oa] = true;
  return true;
}

/// The two regions must be one in the result.
bool Merger::force(const PathState& a, const PathState& b, RegionId ra, RegionId rb) {
  if (regions_[rb] != unmatched) return regions_[rb] == ra;
  const Region& x = a.regions[ra];
  const Region& y = b.regions[rb];
  if (!same_region(x, y)) return false;
  if (!force_object(a, b, x.object, y.object)) return false;
  regions_[rb] = ra;
  return true;
}

void Merger::match_objects(const PathState& a, const PathState& b) {
  for (std::uint32_t i = 0; i < std::min(a.objects.count(), b.objects.count()); ++i) {
    if (objects_[i] != unmatched || object_taken_[i]) continue;
    if (!mine_.objects[i] || !yours_.objects[i]) continue;
    if (!Memory::same_origin(a.objects.at(i), b.objects.at(i))) continue;
    objects_[i] = i;
    object_taken_[i] = true;
  }
}

/// A choice is the same in the result if its words are.
bool Merger::is_settled(const Region& region) const {
  if (region.kind != RegionKind::choice) return true;
  return std::ranges::all_of(choices_[region.index].words, [this](const auto& one) {
    const RegionId base = base_of(one.second.region);
    return regions_[base] == base;
  });
}

/// Which regions and objects of `b` are which of `a`.
bool Merger::match(const PathState& a, const PathState& b) {
  regions_.assign(b.regions.count(), unmatched);
  objects_.assign(b.objects.count(), unmatched);
  object_taken_.assign(a.objects.count(), false);
  regions_[0] = 0;
  const std::uint32_t none = 0;  // object 0 stands for "no memory" in regions of other kinds
  objects_[none] = none;
  object_taken_[none] = true;
  for (std::size_t i = 0; i < a.frames.size(); ++i) {
    if (!force(a, b, a.frames[i].stack, b.frames[i].stack)) return false;
  }
  if (!force(a, b, a.packet.region, b.packet.region)) return false;
  for (std::size_t map = 0; map < a.maps.size(); ++map) {
    for (const Slot& slot : a.maps[map].slots) {
      const auto& others = b.maps[map].slots;
      const auto twin =
          std::ranges::find_if(others, [&](const Slot& other) { return same_slot(slot, other); });
      if (twin == others.end()) continue;
      if (force_object(a, b, slot.initial_object, twin->initial_object)) {
        force(a, b, slot.value, twin->value);
      }
    }
  }
  match_objects(a, b);
  for (RegionId id = 1; id < std::min(a.regions.count(), b.regions.count()); ++id) {
    const Region& x = a.regions[id];
    const Region& y = b.regions[id];
    if (regions_[id] != unmatched || !mine_.regions[id] || !yours_.regions[id]) continue;
    const bool same = same_region(x, y) && objects_[y.object] == x.object && is_settled(y);
    if (same) regions_[id] = id;
  }
  return true;
}

/// Is the memory that statements about the end name the same on both paths? Packet targets are
/// places in the packet, whatever moved.
bool Merger::keeps_targets(const PathState& a) const {
  return std::ranges::all_of(a.specs.demands, [&](const SpecDemand& demand) {
    const RegionId region = base_of(demand.target.region);
    const bool packet = a.regions[region].kind == RegionKind::packet;
    const auto stays = [this](std::uint32_t object) {
      return object < objects_.size() && objects_[object] == object;
    };
    return (packet || (region < regions_.size() && regions_[region] == region)) &&
           stays(demand.object) && stays(demand.initial_object);
  });
}

Merger::Used Merger::find_used(const PathState& state, const MergeFacts& facts) const {
  Used used{std::vector<bool>(state.regions.count()), std::vector<bool>(state.objects.count())};
  std::vector<RegionId> open{state.ctx, state.packet.region};
  const auto reach = [&](RegionId region) { open.push_back(base_of(region)); };
  const auto reach_object = [&](std::uint32_t object) {
    if (used.objects[object]) return;
    used.objects[object] = true;
    state.objects.at(object).mentions([&](RegionId region) {
      reach(region);
      return false;
    });
  };
  for (unsigned i = 0; i < bpf::reg_count; ++i) {
    if ((facts.live >> i & 1) != 0) reach(state.regs[i].region);
  }
  for (std::size_t frame = 0; frame < state.frames.size(); ++frame) {
    reach(state.frames[frame].stack);
    for (unsigned i = 0; i < 4; ++i) {
      const bool read = (facts.live_in_caller[frame] >> (6 + i) & 1) != 0;
      if (read) reach(state.frames[frame].saved[i].region);
    }
  }
  for (const MapState& map : state.maps) {
    for (const Slot& slot : map.slots) {
      reach(slot.value);
      reach_object(slot.initial_object);
    }
  }
  for (const SpecDemand& demand : state.specs.demands) {
    reach(demand.target.region);
    reach_object(demand.object);
    reach_object(demand.initial_object);
  }
  reach_object(state.packet.object);
  reach_object(0);
  for (RegionId id = 1; id < state.regions.count(); ++id) {
    // The explorer knows the maps themselves by number.
    if (state.regions[id].kind == RegionKind::map_object) reach(id);
  }
  while (!open.empty()) {
    const RegionId id = open.back();
    open.pop_back();
    if (used.regions[id]) continue;
    used.regions[id] = true;
    if (id == 0) continue;
    const Region& region = state.regions[id];
    reach_object(region.object);
    if (region.kind != RegionKind::choice) continue;
    for (const auto& [condition, word] : choices_[region.index].words) reach(word.region);
  }
  return used;
}

RegionId Merger::add_region(Region region) {
  RegionId id = 0;
  if (free_regions_.empty()) {
    id = result_->add_region(region);
    region_added_.resize(id + 1);
  } else {
    id = free_regions_.back();
    free_regions_.pop_back();
    result_->regions.reuse(id, region);
  }
  region_added_[id] = true;
  return id;
}

std::uint32_t Merger::add_object(const Memory& memory) {
  if (free_objects_.empty()) return result_->objects.add(memory);
  const std::uint32_t object = free_objects_.back();
  free_objects_.pop_back();
  result_->objects.replace(object, memory);
  return object;
}

/// What only `b` has gets new numbers.
void Merger::append_rest(const PathState& b) {
  for (std::uint32_t i = 0; i < objects_.size(); ++i) {
    if (objects_[i] != unmatched) continue;
    objects_[i] = yours_.objects[i] ? add_object(b.objects.at(i)) : 0;
  }
  std::vector<RegionId> added;
  for (RegionId id = 1; id < regions_.size(); ++id) {
    if (regions_[id] != unmatched) continue;
    regions_[id] = 0;
    if (!yours_.regions[id]) continue;
    Region region = b.regions[id];
    region.object = objects_[region.object];
    regions_[id] = add_region(region);
    if (region.kind == RegionKind::choice) added.push_back(regions_[id]);
  }
  // A choice names words of the path; where their numbers changed it becomes another one.
  for (const RegionId id : added) {
    Choice choice = choices_[result_->regions[id].index];
    for (auto& [condition, word] : choice.words) word = carry(word);
    choices_.push_back(std::move(choice));
    result_->regions[id].index = static_cast<std::uint32_t>(choices_.size() - 1);
  }
}

Word Merger::carry(Word word) {
  if (word.region == 0) return word;
  const RegionId base = base_of(word.region);
  word.region = (word.region & ~region_bits::index) | regions_[base];
  return word;
}

Word Merger::join(Word a, Word b) {
  b = carry(b);
  if (a == b) return a;
  const bool unset_a = context_.taint.of(a.term) == Taint::uninitialised;
  const bool unset_b = context_.taint.of(b.term) == Taint::uninitialised;
  if (unset_a && unset_b && a.region == 0 && b.region == 0) return a;
  const bool same_width = context_.store.width(a.term) == context_.store.width(b.term);
  PROBITY_CHECK(same_width);
  if (a.region == b.region && !unset_a && !unset_b) return {pick(a.term, b.term), a.region};
  const auto [found, is_new] = joined_.try_emplace({a, b});
  if (!is_new) return found->second;
  Choice choice;
  const auto add = [&](term::Id path, Word from) {
    for (const auto& [condition, word] : words_of(from)) {
      const term::Id here = context_.store.and_(path, condition);
      const bool unset = context_.taint.of(word.term) == Taint::uninitialised;
      const auto alike = std::ranges::find_if(choice.words, [&](const auto& other) {
        const bool other_unset = context_.taint.of(other.second.term) == Taint::uninitialised;
        return other.second == word ||
               (other.second.region == word.region && !unset && !other_unset);
      });
      if (alike == choice.words.end()) {
        choice.words.emplace_back(here, word);
        continue;
      }
      alike->second.term = context_.store.ite(here, word.term, alike->second.term);
      alike->first = context_.store.or_(alike->first, here);
    }
  };
  add(condition_, a);
  add(context_.store.not_(condition_), b);
  choices_.push_back(std::move(choice));
  Region region;
  region.kind = RegionKind::choice;
  region.index = static_cast<std::uint32_t>(choices_.size() - 1);
  found->second = {context_.lit64(0), add_region(region)};
  return found->second;
}

/// The words that a word stands for, each with its condition.
std::vector<std::pair<term::Id, Word>> Merger::words_of(Word word) const {
  term::Store& store = context_.store;
  const Region& region = result_->regions[word.region];
  if (word.region == 0 || region.kind != RegionKind::choice) return {{store.true_(), word}};
  auto words = choices_[region.index].words;
  for (auto& [condition, one] : words) one.term = store.bin(Op::add, one.term, word.term);
  return words;
}

JoinWords Merger::words() {
  return {[this](Word a, Word b) { return join(a, b); }, [this](Word b) { return carry(b); },
          [this](RegionId region) { return regions_[region] != region; }};
}

bool Merger::merge_memories(PathState& result, const PathState& b) {
  const JoinWords how = words();
  for (std::uint32_t i = 0; i < objects_.size(); ++i) {
    if (!yours_.objects[i]) continue;  // no word of the second path leads there
    const std::uint32_t target = objects_[i];
    const bool both = target < object_taken_.size() && object_taken_[target];
    const bool moves = b.objects.at(i).mentions(how.moved);
    if (!both) {
      if (!moves) continue;
      Memory copy = b.objects.at(i);
      copy.replace_words(how.carry);
      if (!copy.is_flat()) return false;
      result.objects.replace(target, std::move(copy));
      continue;
    }
    if (target == i && !moves && Objects::shared(result.objects, b.objects, i)) continue;
    auto merged =
        Memory::merged(context_, condition_, result.objects.at(target), b.objects.at(i), 0, how);
    if (!merged) return false;
    result.objects.replace(target, *std::move(merged));
  }
  return true;
}

namespace {

/// Can no entry of the list have the key of `slot`?
bool is_distinct(Context& context, const Slot& slot, std::span<const Slot> list) {
  return std::ranges::all_of(list, [&](const Slot& other) {
    for (std::size_t i = 0; i < slot.key.size(); ++i) {
      if (context.store.is_false(context.store.eq(slot.key[i], other.key[i]))) return true;
    }
    return false;
  });
}

}  // namespace

/// An entry that only the path under `owner` has looked at is, on the other one, as it was first.
bool Merger::give_to_both(PathState& result, Slot& slot, Id owner, std::uint32_t value_bytes) {
  const std::uint32_t object = result.regions[slot.value].object;
  if (object < object_taken_.size() && object_taken_[object]) return false;
  JoinWords plain = words();
  plain.join = [&](Word a, Word) { return a; };  // initial contents hold no pointers
  plain.moved = [](RegionId) { return false; };
  auto merged =
      Memory::merged(context_, owner, result.objects.at(object),
                     result.objects.at(slot.initial_object).initial(), value_bytes, plain);
  if (!merged) return false;
  result.objects.replace(object, *std::move(merged));
  slot.present = context_.store.ite(owner, slot.present, slot.initially_present);
  return true;
}

void Merger::merge_entries(PathState& result, const PathState& b, std::uint32_t map,
                           std::uint32_t value_bytes) {
  std::vector<Slot>& mine = result.maps[map].slots;
  const std::vector<Slot> mine_before = mine;
  std::vector<Slot> left = b.maps[map].slots;
  term::Store& store = context_.store;
  const Id not_mine = store.not_(condition_);
  for (Slot& slot : mine) {
    const auto twin = std::ranges::find_if(left, [&](const Slot& other) {
      return same_slot(slot, other) && carry({{}, other.value}).region == slot.value &&
             objects_[other.initial_object] == slot.initial_object;
    });
    if (twin != left.end()) {
      slot.present = pick(slot.present, twin->present);
      left.erase(twin);
    } else if (!is_distinct(context_, slot, b.maps[map].slots) ||
               !give_to_both(result, slot, condition_, value_bytes)) {
      slot.guard = store.and_(guard_of(context_, slot), condition_);
    }
  }
  for (Slot& slot : left) {
    slot.value = carry({{}, slot.value}).region;
    slot.initial_object = objects_[slot.initial_object];
    if (!is_distinct(context_, slot, mine_before) ||
        !give_to_both(result, slot, not_mine, value_bytes)) {
      slot.guard = store.and_(guard_of(context_, slot), not_mine);
    }
    mine.push_back(std::move(slot));
  }
  MapState& counts = result.maps[map];
  const MapState& other = b.maps[map];
  counts.counted = counts.counted || other.counted;
  counts.deleted = counts.deleted || other.deleted;
  if (counts.inserted != other.inserted) {
    const Id none = context_.lit64(0);
    counts.inserted =
        pick(counts.inserted ? counts.inserted : none, other.inserted ? other.inserted : none);
  }
}

/// Whether a pointer may be NULL.
void Merger::merge_nulls(PathState& result, const PathState& b) {
  term::Store& store = context_.store;
  const auto bit = [&](Id null) { return null ? null : store.false_(); };
  for (RegionId id = 1; id < regions_.size(); ++id) {
    if (regions_[id] == 0 || region_added_[regions_[id]]) continue;
    Region& mine = result.regions[regions_[id]];
    const Id yours = b.regions[id].null;
    if (mine.null == yours) continue;
    const Id null = pick(bit(mine.null), bit(yours));
    mine.null = store.is_false(null) ? Id{} : null;
  }
}

void Merger::merge_values(PathState& result, const PathState& b, const MergeFacts& facts) {
  constexpr unsigned frame_pointer = 10;
  for (unsigned i = 0; i < bpf::reg_count; ++i) {
    if ((facts.live >> i & 1) != 0 || i == frame_pointer) {
      result.regs[i] = join(result.regs[i], b.regs[i]);
    } else {
      result.regs[i] = {TaintIndex::uninitialised(context_.store, i, ++context_.serial), 0};
    }
  }
  for (std::size_t frame = 0; frame < b.frames.size(); ++frame) {
    for (unsigned i = 0; i < 4; ++i) {
      Word& saved = result.frames[frame].saved[i];
      if ((facts.live_in_caller[frame] >> (6 + i) & 1) != 0) {
        saved = join(saved, b.frames[frame].saved[i]);
      } else {
        saved = {TaintIndex::uninitialised(context_.store, 6 + i, ++context_.serial), 0};
      }
    }
  }
  result.packet.head = pick(result.packet.head, b.packet.head);
  result.packet.end = pick(result.packet.end, b.packet.end);
  result.packet.meta = pick(result.packet.meta, b.packet.meta);
}

void Merger::merge_outputs(PathState& result, const PathState& b) {
  for (std::size_t i = 0; i < b.trace.size(); ++i) {
    TraceEvent& event = result.trace[i];
    for (std::size_t k = 0; k < event.values.size(); ++k) {
      event.values[k] = pick(event.values[k], b.trace[i].values[k]);
    }
    for (std::size_t k = 0; k < event.data.size(); ++k) {
      event.data[k] = pick(event.data[k], b.trace[i].data[k]);
    }
  }
  const auto initial = [this](std::uint32_t offset, Word like) {
    const unsigned width = context_.store.width(like.term);
    return Word{context_.store.extract(0, width, initial_ctx_(offset)), 0};
  };
  for (const auto& [offset, word] : b.ctx_written) {
    result.ctx_written.try_emplace(offset, initial(offset, word));
  }
  for (auto& [offset, word] : result.ctx_written) {
    const auto yours = b.ctx_written.find(offset);
    const Word other = yours != b.ctx_written.end() ? yours->second : initial(offset, word);
    word = {pick(word.term, other.term), 0};
  }
}

void Merger::merge_conditions(PathState& result, const PathState& b) {
  result.condition = shared_;
  const Id either = context_.store.or_(condition_, other_);
  if (!context_.store.is_true(either)) result.condition.push_back(either);
  const bool same_length = result.length_low == b.length_low && result.length_high == b.length_high;
  result.length_low = std::min(result.length_low, b.length_low);
  result.length_high = std::max(result.length_high, b.length_high);
  result.length_mixed = result.length_mixed || b.length_mixed || !same_length;
}

/// What only reports and witnesses read.
void Merger::merge_notes(PathState& result, const PathState& b) {
  for (const auto& [slot, count] : b.visits) {
    result.visits[slot] = std::max(result.visits[slot], count);
  }
  merge_call_counts(context_, result, b, condition_);
  const auto ends =
      std::ranges::mismatch(result.trail, b.trail, [](const TrailStep& x, const TrailStep& y) {
        return x.slot == y.slot && x.taken == y.taken;
      });
  result.trail.erase(ends.in1, result.trail.end());
  result.insns = std::max(result.insns, b.insns);
  result.merged += b.merged;
  append_new(result.helper_results, b.helper_results);
  append_new(result.free_results, b.free_results);
  append_new(result.not_replayable, b.not_replayable);
  append_new(result.evictions, b.evictions);
  append_new(result.assumptions, b.assumptions);
  result.effects.insert(b.effects.begin(), b.effects.end());
}

bool Merger::merge(PathState& first, PathState& second, const MergeFacts& facts) {
  if (!alike(first, second)) return false;
  split_conditions(first, second);
  Fate fate = std::move(first.fate);  // the attempt is no path of its own
  PathState result = first;
  first.fate = std::move(fate);
  if (!combine(result, first, second, facts)) return false;
  result.fate = std::move(first.fate);
  second.fate.merge_into(result.fate);
  first = std::move(result);
  return true;
}

bool Merger::combine(PathState& result, const PathState& first, const PathState& second,
                     const MergeFacts& facts) {
  result_ = &result;
  joined_.clear();
  mine_ = find_used(first, facts);
  yours_ = find_used(second, facts);
  if (!match(first, second) || !keeps_targets(first)) return false;
  region_added_.assign(first.regions.count(), false);
  free_regions_.clear();
  free_objects_.clear();
  for (RegionId id = 1; id < mine_.regions.size(); ++id) {
    if (!mine_.regions[id]) free_regions_.push_back(id);
  }
  for (std::uint32_t i = 1; i < mine_.objects.size(); ++i) {
    if (!mine_.objects[i]) free_objects_.push_back(i);
  }
  append_rest(second);
  if (!merge_memories(result, second)) return false;
  merge_nulls(result, second);
  for (std::uint32_t map = 0; map < result.maps.size(); ++map) {
    merge_entries(result, second, map, facts.value_bytes[map]);
  }
  merge_values(result, second, facts);
  merge_outputs(result, second);
  merge_conditions(result, second);
  merge_notes(result, second);
  return true;
}

}  // namespace probity::symex
