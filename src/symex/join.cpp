// SPDX-License-Identifier: Apache-2.0
// Paths that wait for each other: where a path comes to a join it goes back to the schedule, which
// hands out the path that is furthest behind. A position is, from the outermost frame in: the
// loops around the slot with the number of rounds, then the slot's place in its function.
#include <algorithm>

#include <fmt/format.h>

#include "symex/explorer.hpp"

namespace probity::symex {

namespace {

std::uint32_t rounds(const PathState& state, const Flow::Loop& loop) {
  std::uint32_t count = 0;
  for (const std::uint32_t edge : loop.back_edges) {
    const auto taken = state.visits.find(edge);
    if (taken != state.visits.end()) count += taken->second;
  }
  return count;
}

}  // namespace

std::vector<std::uint32_t> Explorer::position(const PathState& state) const {
  if (!merging_) return {};
  // Later stages first, and of those the paths of one ending: fewer paths wait then.
  std::vector<std::uint32_t> key{~state.stage, ~state.lineage};
  for (std::size_t i = 0; i < state.frames.size(); ++i) {
    const bool innermost = i + 1 == state.frames.size();
    const std::uint32_t slot = innermost ? state.slot : state.frames[i + 1].return_slot - 1;
    const Flow& flow = *codes_[state.code].flow;
    if (slot >= codes_[state.code].insns.size()) break;
    for (const Flow::Loop* loop : flow.loops(slot)) {
      key.push_back(flow.order(loop->header));
      key.push_back(rounds(state, *loop));
    }
    key.push_back(flow.order(slot));
    key.push_back(slot);
  }
  return key;
}

void Explorer::enqueue(std::unique_ptr<PathState> state) {
  std::vector<std::uint32_t> where = position(*state);
  pending_.push(std::move(where), std::move(state));
}

void Explorer::decide_merging() {
  if (merging_ || options_.merging == Merging::never || options_.collect_cases) return;
  double paths = 0;
  for (const Code& code : codes_) paths = std::max(paths, code.flow->static_paths());
  merging_ = options_.merging == Merging::always || paths >= options_.merge_from_static_paths ||
             result_.statistics.paths >= options_.merge_from_paths;
  if (!merging_) return;
  for (auto& state : pending_.take_all()) enqueue(std::move(state));
}

MergeFacts Explorer::merge_facts(const PathState& state) const {
  const Flow& flow = *codes_[state.code].flow;
  MergeFacts facts{flow.live(state.slot), {}, {}};
  for (const Frame& frame : state.frames)
    facts.live_in_caller.push_back(flow.live(frame.return_slot));
  for (const program::MapDef& map : maps_) facts.value_bytes.push_back(map.value_size);
  return facts;
}

std::unique_ptr<PathState> Explorer::next() {
  decide_merging();
  std::unique_ptr<PathState> state = pending_.pop();
  if (!merging_) return state;
  const std::vector<std::uint32_t> where = position(*state);
  const MergeFacts facts = merge_facts(*state);
  for (auto& other : pending_.take(where)) {
    if (!merger_.merge(*state, *other, facts)) {
      pending_.push(where, std::move(other));
      continue;
    }
    ++result_.statistics.merges;
    const term::Id last = state->condition.back();
    state->length_mixed = state->length_mixed || solver_.mentions_length(last);
  }
  return state;
}

bool Explorer::waits(const PathState& state) const {
  if (!merging_ || pending_.empty()) return false;
  const Code& code = codes_[state.code];
  return state.slot < code.insns.size() && code.flow->is_join(state.slot);
}

/// Sides of a fork that may both hold get a variable that says which one it is, so that paths that
/// merge later are told apart.
void Explorer::make_exclusive(std::span<Side> sides) {
  term::Store& store = context_.store;
  bool overlap = false;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    for (std::size_t k = i + 1; k < sides.size(); ++k) {
      const term::Id both = store.and_(sides[i].first->condition, sides[k].first->condition);
      overlap = overlap || !store.is_false(both);
    }
  }
  if (!overlap) return;
  constexpr unsigned width = 8;
  const term::Id side = context_.fresh(width, "side");
  for (std::size_t i = 0; i < sides.size(); ++i) {
    auto& [alternative, shown] = sides[i];
    term::Model change;
    change.set(side, i);
    shown.valuation = std::make_shared<Valuation>(store, *shown.valuation, std::move(change));
    shown.length.reset();
    const term::Id mine = store.eq(side, context_.lit(width, i));
    alternative->condition = store.and_(alternative->condition, mine);
  }
}

std::optional<RegionId> Explorer::open_choice(const PathState& state, const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  unsigned read = insn.form == bpf::Form::call_local ? 0 : registers_used(insn);
  const unsigned src = 1u << static_cast<unsigned>(insn.src);
  const unsigned dst = 1u << static_cast<unsigned>(insn.dst);
  constexpr unsigned whole = 64;
  const bool moves = row.meaning == bpf::Meaning::alu && row.width == whole &&
                     static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov;
  const bool spills = row.meaning == bpf::Meaning::store_reg && row.width == whole;
  const unsigned bytes = row.width / 8u;
  const bool loads = row.meaning == bpf::Meaning::load;
  const bool stores =
      row.meaning == bpf::Meaning::store_imm || row.meaning == bpf::Meaning::store_reg;
  if (moves) read = 0;
  if (spills && src != dst) read = dst;
  for (unsigned i = 0; i < bpf::reg_count; ++i) {
    const Word word = state.regs[i];
    if ((read >> i & 1) == 0 || word.region == 0) continue;
    if (kind_of(state, word) != RegionKind::choice) continue;
    const bool base =
        (loads && (src >> i & 1) != 0) || (stores && dst != src && (dst >> i & 1) != 0);
    Word address = word;
    address.term = context_.store.bin(Op::add, word.term, context_.lit64(insn.off));
    if (base && !places_of(state, address, bytes).empty()) continue;
    return word.region;
  }
  return std::nullopt;
}

/// The places that a choice leads to, each with its condition, if all of them surely hold
/// `size_bytes` bytes that may be accessed; else none.
std::vector<Explorer::Leaf> Explorer::places_of(const PathState& state, Word word,
                                                unsigned size_bytes) {
  constexpr std::size_t max_leaves = 8;
  term::Store& store = context_.store;
  std::vector<Leaf> open{{store.true_(), word}};
  std::vector<Leaf> leaves;
  while (!open.empty()) {
    const Leaf leaf = open.back();
    open.pop_back();
    const Region& region = state.regions[leaf.word.region];
    if (region.kind == RegionKind::choice) {
      for (const auto& [condition, target] : choices_[region.index].words) {
        const term::Id offset = store.bin(Op::add, target.term, leaf.word.term);
        open.push_back({condition, {offset, target.region}});
      }
      continue;
    }
    const auto offset = store.literal(leaf.word.term);
    const bool plain = region.kind == RegionKind::map_value && region.writable && region.readable &&
                       region.live && !region.null && !region.volatile_bytes;
    if (!plain || !offset || *offset > region.size_bytes ||
        region.size_bytes - static_cast<std::uint64_t>(*offset) < size_bytes) {
      return {};
    }
    leaves.push_back(leaf);
    if (leaves.size() > max_leaves) return {};
  }
  return leaves;
}

bool Explorer::load_choice(PathState& state, Word address, unsigned size_bytes, Word& value) {
  std::optional<term::Id> result;
  for (const Leaf& leaf : places_of(state, address, size_bytes)) {
    const Place place{leaf.word.region, state.regions[leaf.word.region].object, leaf.word.term};
    const auto read = read_memory(state, place, size_bytes);
    if (!read || !*read) {
      give_up(state, "memory of merged paths cannot be read");
      return false;
    }
    const term::Id number = as_number(**read);
    result = result ? context_.store.ite(leaf.condition, number, *result) : number;
  }
  value = {*result, 0};
  return true;
}

bool Explorer::store_choice(PathState& state, Word address, unsigned size_bytes, Word value) {
  for (const Leaf& leaf : places_of(state, address, size_bytes)) {
    const Place place{leaf.word.region, state.regions[leaf.word.region].object, leaf.word.term};
    const auto before = read_memory(state, place, size_bytes);
    if (!before || !*before) {
      give_up(state, "memory of merged paths cannot be written");
      return false;
    }
    const term::Id after =
        context_.store.ite(leaf.condition, as_number(value), as_number(**before));
    write_memory(state, place, size_bytes, {after, 0});
  }
  return true;
}

Word Explorer::settled(Word word, RegionId region, Word value) {
  if (word.region != region) return word;
  return {context_.store.bin(Op::add, value.term, word.term), value.region};
}

/// Each side executes the insn at once: at a join the sides would merge again before it.
bool Explorer::settle_choice(PathState& state, RegionId region) {
  const Choice choice = choices_[state.regions[region].index];
  const auto settle = [&](PathState& s, Word value) {
    for (Word& reg : s.regs) reg = settled(reg, region, value);
    for (Frame& frame : s.frames) {
      for (Word& saved : frame.saved) saved = settled(saved, region, value);
    }
  };
  std::vector<std::pair<std::size_t, Possibility>> feasible;
  for (std::size_t i = 0; i < choice.words.size(); ++i) {
    Possibility shown = solver_.possible(state, choice.words[i].first);
    if (shown.answer == Answer::unknown) give_up(state, "merged paths: " + shown.reason);
    if (shown.answer == Answer::yes) feasible.emplace_back(i, std::move(shown));
  }
  for (std::size_t i = 1; i < feasible.size(); ++i) {
    const auto& [condition, value] = choice.words[feasible[i].first];
    ++result_.statistics.forks;
    auto other = std::make_unique<PathState>(state);
    solver_.assume(*other, condition, feasible[i].second);
    settle(*other, value);
    if (step(*other)) {
      enqueue(std::move(other));
    } else {
      end_path(*other);
    }
  }
  if (feasible.empty()) return false;
  const auto& [condition, value] = choice.words[feasible.front().first];
  solver_.assume(state, condition, feasible.front().second);
  settle(state, value);
  return step(state);
}

bool Explorer::defined(PathState& state, const Place& place, unsigned size_bytes) {
  const Memory& memory = state.objects.at(place.object);
  const term::Id written = memory.defined(context_, place.offset, size_bytes);
  return require(state, Property::initialised_stack, written,
                 fmt::format("reads {} bytes of memory that was never written", size_bytes));
}

}  // namespace probity::symex
