// SPDX-License-Identifier: Apache-2.0
// bpf_tail_call. Where the object itself fills the array, the target runs on the path in the frame
// of the caller, with a stack of its own (at most 33 of them, as in the kernel); an element that
// is not filled falls through. Of an array that somebody else fills nothing is known but whether
// the element is there: then the run ends with the call as its last output, and its return value is
// an unknown function of the element. In safety mode a tail call falls through: targets are
// checked on their own.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

constexpr std::uint32_t tail_call = 12;

bool is_program_array(program::MapType type) {
  return type == program::MapType::prog_array;
}

}  // namespace

void Explorer::fall_through(PathState& state) {
  clobber(state);
  unset(state, 0);
  ++state.slot;
}

bool Explorer::call_tail(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const auto map = map_argument(state, 2, &is_program_array);
  if (!map) return false;
  if (!observable(state, argument(state, 3), "the tail call's index")) return false;
  if (!holds_nothing(state, "a tail call may end the program")) return false;
  const term::Id index = context_.store.extract(0, 32, argument(state, 3).term);
  if (options_.mode == Mode::strict) {
    const auto filled = [map](const program::TailTarget& target) { return target.map == *map; };
    const bool known = std::ranges::any_of(codes_[state.stage].tail_targets, filled);
    return known ? enter_known_program(state, *map, index)
                 : enter_unknown_program(state, *map, index);
  }
  if (state.frames.size() > 1) {
    give_up(state, "a tail call from a local function is not modelled");
    return false;
  }
  // The verifier takes the target for one that moves data.
  move_packet(state, state.packet.head, state.packet.end, state.packet.meta);
  fall_through(state);
  return true;
}

bool Explorer::enter_known_program(PathState& state, std::uint32_t map, term::Id index) {
  term::Store& store = context_.store;
  if (state.tail_calls >= program::tail_call_limit) {
    fall_through(state);
    return true;
  }
  std::vector<Alternative> sides;
  term::Id none = store.true_();
  for (const program::TailTarget& target : codes_[state.stage].tail_targets) {
    if (target.map != map) continue;
    const term::Id here = store.eq(index, context_.lit(32, target.index));
    const std::uint32_t code = tail_codes_.at(target.program);
    sides.push_back(
        {store.and_(none, here), [this, code](PathState& s) { enter_tail_target(s, code); }});
    none = store.and_(none, store.not_(here));
  }
  sides.push_back({none, [this](PathState& s) { fall_through(s); }});
  return fork(state, std::move(sides));
}

/// The target takes the place of the function that calls, and returns to its caller.
void Explorer::enter_tail_target(PathState& state, std::uint32_t code) {
  const Frame replaced = state.frames.back();
  state.regions[replaced.stack].live = false;
  state.frames.pop_back();
  forget_registers(state);
  push_frame(state, replaced.return_slot);
  Frame& frame = state.frames.back();
  frame.return_code = replaced.return_code;
  frame.saved = replaced.saved;
  frame.callback = replaced.callback;
  ++state.tail_calls;
  state.visits.clear();
  state.code = code;
  state.slot = entry_slot(codes_[code].view);
  frame.first_slot = state.slot;
  move_packet(state, state.packet.head, state.packet.end, state.packet.meta);
  state.regs[1] = {context_.lit64(0), state.ctx};
}

term::Id Explorer::tail_result(std::uint32_t map, term::Id index) {
  const std::array<unsigned, 1> index_width{32};
  const std::array<term::Id, 1> element{index};
  const std::string label = fmt::format("{}{}", tail_result_prefix, program_.maps[map].name);
  return context_.store.apply(context_.store.function(label, index_width, 64), element);
}

bool Explorer::enter_unknown_program(PathState& state, std::uint32_t map, term::Id index) {
  term::Store& store = context_.store;
  const program::MapDef& def = program_.maps[map];
  if (state.frames.size() > 1) {
    // When the target ends it returns to the caller of this function.
    give_up(state, fmt::format("a tail call through {} from a local function: what is in the array "
                               "is not known",
                               def.name));
    return false;
  }
  const std::string note = fmt::format(
      "slot {}: tail call through {}: targets are checked on their own", state.slot, def.name);
  if (std::ranges::find(result_.notes, note) == result_.notes.end()) {
    result_.notes.push_back(note);
  }
  if (!options_.allowed_returns.empty() || !state.specs.demands.empty()) {
    give_up(state, "the return value of a tail call's target is not known");
  }
  const std::array<term::Id, 1> key{index};
  const term::Id result = tail_result(map, index);
  const term::Id in_range = store.bin(Op::ult, index, context_.lit(32, def.max_entries));
  std::vector<Alternative> sides;
  for (const Candidate& candidate : candidates(state, map, key)) {
    const term::Id there = store.and_(in_range, state.maps[map].slots[candidate.slot].present);
    const auto leave = [this, map, index, result](PathState& s) {
      give_away(s, tail_call, {context_.lit(32, map), index}, {});
      s.regs[0] = {result, 0};
      s.specs.demands.clear();                             // about the end of the target
      s.slot = static_cast<std::uint32_t>(insns_.size());  // see fork()
    };
    sides.push_back({store.and_(candidate.condition, there), leave});
    sides.push_back({store.and_(candidate.condition, store.not_(there)),
                     [this](PathState& s) { fall_through(s); }});
  }
  return fork(state, std::move(sides));
}

}  // namespace probity::symex
