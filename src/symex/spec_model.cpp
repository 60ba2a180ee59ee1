// SPDX-License-Identifier: Apache-2.0
// The statements of include/probity/spec.h where they stand. They are pure: afterwards r0..r5 may
// not be used, so that a program cannot depend on them; only BPF_OLD has a result. What they demand
// of the end of the program is kept for spec_ending.cpp. The meaning is runtime/spec_rule.hpp.
#include <fmt/format.h>

#include "program/spec_call.hpp"
#include "runtime/spec_rule.hpp"
#include "symex/explorer.hpp"
#include "symex/map_kind.hpp"
#include "symex/spec_text.hpp"

namespace probity::symex {
namespace {

using program::SpecCall;

/// The arguments that are addresses of memory, as bits 1..5.
unsigned memory_arguments(SpecCall call) {
  switch (call) {
    case SpecCall::assert_constant:
    case SpecCall::old:
    case SpecCall::only_modifies: return 1u << 1;
    case SpecCall::if_eq:
    case SpecCall::if_neq:
    case SpecCall::if_action_eq:
    case SpecCall::if_action_neq:
    case SpecCall::map_has:
    case SpecCall::map_lacks: return 1u << 2;
    case SpecCall::end_eq_addr: return 1u << 1 | 1u << 2;
    case SpecCall::map_key_eq: return 1u << 2 | 1u << 3;
    case SpecCall::assert_true:
    case SpecCall::assume:
    case SpecCall::assert_return:
    case SpecCall::probe:
    case SpecCall::assert_not_return:
    case SpecCall::assert_unreachable:
    case SpecCall::leads_to_action:
    case SpecCall::ignore_map_state:
    case SpecCall::map_unchanged:
    case SpecCall::len_delta:
    case SpecCall::leave: return 0;
  }
  return 0;
}

}  // namespace

std::vector<Value<8>> Explorer::bytes_of_chunks(std::span<const term::Id> chunks) {
  std::vector<Value<8>> bytes;
  for (const term::Id chunk : chunks) {
    for (unsigned low = 0; low < context_.store.width(chunk); low += 8) {
      bytes.push_back(Value<8>::of({context_.store.extract(low, 8, chunk), 0}));
    }
  }
  return bytes;
}

std::string Explorer::spec_name(std::uint32_t slot) const {
  const auto call = insns_[slot] ? static_cast<SpecCall>(insns_[slot]->imm) : SpecCall::probe;
  return spec_text(program_, slot, call);
}

/// A pointer that a lookup gave may still be NULL: the path forks into both.
Explorer::Rule Explorer::tell_spec_pointers(PathState& state, SpecCall call) {
  const unsigned wanted = memory_arguments(call);
  for (unsigned i = 1; i <= 5; ++i) {
    const RegionId region = state.regs[i].region;
    if ((wanted >> i & 1) == 0 || region == 0 || !state.regions[region].null) continue;
    return tell_null(state, region, [region](PathState& s) { s.regions[region].null = {}; });
  }
  return Rule::obeyed;
}

std::optional<term::Id> Explorer::spec_number(PathState& state, unsigned number) {
  const Word word = argument(state, number);
  if (!observable(state, word, "a specification")) return std::nullopt;
  return as_number(word);
}

/// A condition, as one bit.
std::optional<term::Id> Explorer::spec_condition(PathState& state, unsigned number) {
  const auto value = spec_number(state, number);
  if (!value) return std::nullopt;
  return context_.store.not_(context_.store.eq(*value, context_.lit64(0)));
}

/// Is there such memory now, wherever in it the address points?
bool Explorer::spec_target(PathState& state, SpecDemand& demand, unsigned number, unsigned size) {
  const auto bytes = size_argument(state, size);
  if (!bytes) return false;
  demand.target = argument(state, number);
  demand.size_bytes = *bytes;
  if (kind_of(state, demand.target) != RegionKind::ctx) {
    return accessible(state, demand.target, "the memory of a specification", Access::read)
        .has_value();
  }
  if (*bytes != 1 && *bytes != 2 && *bytes != 4 && *bytes != 8) {
    return violate(state, Property::ctx_access, fmt::format("{} bytes of ctx at once", *bytes));
  }
  Word value;
  return load_ctx(state, demand.target, static_cast<unsigned>(*bytes), value);
}

bool Explorer::spec_assume(PathState& state, term::Id holds) {
  const Possibility shown = solver_.possible(state, holds);
  if (shown.answer == Answer::unknown) give_up(state, spec_name(state.slot) + ": " + shown.reason);
  if (shown.answer == Answer::no) state.fate.exclude();
  if (shown.answer != Answer::yes) return false;
  solver_.assume(state, holds, shown);
  return true;
}

/// Statements that compare memory with a value or with bytes read now.
bool Explorer::keep_comparison(PathState& state, SpecDemand demand) {
  const bool constant = demand.call == SpecCall::assert_constant;
  if (constant || demand.call == SpecCall::end_eq_addr) {
    if (!spec_target(state, demand, 1, constant ? 2 : 3)) return false;
    const auto chunks = read_chunks(state, argument(state, constant ? 1 : 2), demand.size_bytes);
    if (!chunks) return false;
    demand.bytes = bytes_of_chunks(*chunks);
    state.specs.demands.push_back(std::move(demand));
    return true;
  }
  if (demand.call == SpecCall::if_eq || demand.call == SpecCall::if_neq) {
    const auto condition = spec_condition(state, 1);
    if (!condition) return false;
    demand.condition = *condition;
  } else {
    const auto action = spec_number(state, 1);
    if (!action) return false;
    demand.number = *action;
  }
  if (!spec_target(state, demand, 2, 3)) return false;
  const auto value = spec_number(state, 4);
  if (!value) return false;
  for (unsigned i = 0; i < demand.size_bytes; ++i) {
    const term::Id byte = i < 8 ? context_.store.extract(8 * i, 8, *value) : context_.lit(8, 0);
    demand.bytes.push_back(Value<8>::of({byte, 0}));
  }
  state.specs.demands.push_back(std::move(demand));
  return true;
}

/// Statements about the return value or the packet's length.
bool Explorer::keep_number(PathState& state, SpecDemand demand) {
  const bool leads = demand.call == SpecCall::leads_to_action;
  if (leads) {
    const auto condition = spec_condition(state, 1);
    if (!condition) return false;
    demand.condition = *condition;
  }
  const auto number = spec_number(state, leads ? 2 : 1);
  if (!number) return false;
  demand.number = *number;
  state.specs.demands.push_back(std::move(demand));
  return true;
}

/// Can a statement speak of the entries of a map? A key of a trie names no entry of its own.
bool Explorer::keeps_entries(PathState& state, std::uint32_t map, SpecCall call) {
  const program::MapType type = maps_[map].type;
  const bool by_key = call != SpecCall::map_unchanged;
  if (!any_instance(state, 1) && !(is_trie(type) && by_key)) {
    return is_trie(type) || modelled(state, map);
  }
  give_up(state, fmt::format("{}: entries of map {} of type {} are not remembered",
                             spec_name(state.slot), maps_[map].name, program::name(type)));
  return false;
}

bool Explorer::keep_entry(PathState& state, SpecDemand demand) {
  const auto map = map_argument(state, 1, nullptr);
  if (!map || !keeps_entries(state, *map, demand.call)) return false;
  demand.map = *map;
  if (demand.call == SpecCall::map_key_eq) {
    auto key = key_argument(state, *map);
    if (!key) return false;
    demand.key = std::move(*key);
    const auto value = read_chunks(state, argument(state, 3), maps_[*map].value_size);
    if (!value) return false;
    demand.bytes = bytes_of_chunks(*value);
  }
  state.specs.demands.push_back(std::move(demand));
  return true;
}

bool Explorer::assume_entry(PathState& state, SpecCall call) {
  const auto map = map_argument(state, 1, nullptr);
  if (!map || !keeps_entries(state, *map, call)) return false;
  const auto key = key_argument(state, *map);
  if (!key) return false;
  const term::Id there = spec_entry(state, *map, *key, {}).there;
  return spec_assume(state, call == SpecCall::map_has ? there : context_.store.not_(there));
}

/// The entry of a map whose value is `object`, or nothing.
const Slot* Explorer::slot_of_value(const PathState& state, std::uint32_t object) const {
  for (const MapState& map : state.maps) {
    for (const Slot& slot : map.slots) {
      if (state.regions[slot.value].object == object) return &slot;
    }
  }
  return nullptr;
}

bool Explorer::keep_range(PathState& state, SpecDemand demand) {
  if (!spec_target(state, demand, 1, 2)) return false;
  if (!observable(state, {demand.target.term, 0}, "a specification")) return false;
  const Region& region = state.regions[demand.target.region];
  demand.in_packet = region.kind == RegionKind::packet;
  if (!demand.in_packet) {
    const Slot* slot =
        region.kind == RegionKind::map_value ? slot_of_value(state, region.object) : nullptr;
    if (slot == nullptr) {
      return violate(state, Property::helper_argument,
                     "BPF_ASSERT_ONLY_MODIFIES takes the packet or a value in a map");
    }
    demand.object = region.object;
    demand.initial_object = slot->initial_object;
  }
  state.specs.demands.push_back(std::move(demand));
  return true;
}

/// BPF_OLD: the bytes that were there at entry, in r0.
bool Explorer::call_old(PathState& state) {
  constexpr std::uint64_t widest = 8;
  SpecDemand demand;
  if (!spec_target(state, demand, 1, 2)) return false;
  if (demand.size_bytes == 0 || demand.size_bytes > widest) {
    return violate(state, Property::helper_argument,
                   fmt::format("BPF_OLD of {} bytes (limit {})", demand.size_bytes, widest));
  }
  const Region region = state.regions[demand.target.region];
  const auto size = static_cast<unsigned>(demand.size_bytes);
  const Memory packet(Unknown{packet_bytes_});
  const Memory* initial = nullptr;
  term::Id existed = context_.store.true_();
  if (region.kind == RegionKind::packet) {
    initial = &packet;
    existed = runtime::spec_inside(Value<64>::of({demand.target.term, 0}),
                                   Value<64>::lit(demand.size_bytes), Value<64>::lit(0),
                                   Value<64>::of({length64_, 0}))
                  .raw()
                  .term;
  } else if (const Slot* slot = slot_of_value(state, region.object);
             region.kind == RegionKind::map_value && slot != nullptr) {
    if (!access(state, demand.target, demand.size_bytes, Access::read)) return false;
    initial = &state.objects.at(slot->initial_object);
    existed = slot->initially_present;
  } else {
    return violate(state, Property::helper_argument,
                   "BPF_OLD takes the packet or a value in a map");
  }
  if (!require(state, Property::assertion, existed,
               spec_name(state.slot) + ": at entry there was no such memory")) {
    return false;
  }
  const auto read = initial->read(context_, demand.target.term, size);
  if (!read || !*read) {
    give_up(state, "BPF_OLD: a table too large to be read at a computed offset");
    return false;
  }
  state.regs[0] = {context_.store.zext(64, as_number(**read)), 0};
  return true;
}

bool Explorer::keep_spec(PathState& state, SpecCall call) {
  SpecDemand demand;
  demand.call = call;
  demand.slot = state.slot;
  demand.condition = context_.store.true_();
  demand.number = context_.lit64(0);
  switch (call) {
    case SpecCall::assert_true: {
      const auto holds = spec_condition(state, 1);
      return holds &&
             require(state, Property::assertion, *holds, spec_name(state.slot) + ": does not hold");
    }
    case SpecCall::assert_unreachable:
      return violate(state, Property::assertion, spec_name(state.slot) + ": it is reached");
    case SpecCall::assume: {
      const auto holds = spec_condition(state, 1);
      return holds && spec_assume(state, *holds);
    }
    case SpecCall::probe: give_up(state, "a probe is not part of a program"); return false;
    case SpecCall::assert_return:
    case SpecCall::assert_not_return:
    case SpecCall::leads_to_action:
    case SpecCall::len_delta: return keep_number(state, std::move(demand));
    case SpecCall::assert_constant:
    case SpecCall::end_eq_addr:
    case SpecCall::if_eq:
    case SpecCall::if_neq:
    case SpecCall::if_action_eq:
    case SpecCall::if_action_neq: return keep_comparison(state, std::move(demand));
    case SpecCall::map_has:
    case SpecCall::map_lacks: return assume_entry(state, call);
    case SpecCall::map_unchanged:
    case SpecCall::map_key_eq: return keep_entry(state, std::move(demand));
    case SpecCall::only_modifies: return keep_range(state, std::move(demand));
    case SpecCall::old: return call_old(state);
    case SpecCall::ignore_map_state: state.specs.ignore_map_state = true; return true;
    case SpecCall::leave: return true;
  }
  return false;
}

bool Explorer::call_spec(PathState& state, std::uint32_t helper) {
  const auto call = static_cast<SpecCall>(helper);
  const Rule rule = tell_spec_pointers(state, call);
  if (rule != Rule::obeyed) return rule == Rule::again;
  ++statement(state).reached;
  const bool from_entry = call == SpecCall::old || call == SpecCall::only_modifies ||
                          call == SpecCall::map_unchanged || call == SpecCall::len_delta;
  if (from_entry && stages_[state.stage].start == Start::chained) {
    give_up(state, spec_name(state.slot) + ": not in a program that runs after another");
    return false;
  }
  if (!keep_spec(state, call)) return false;
  clobber(state);
  if (call != SpecCall::old) unset(state, 0);
  ++state.slot;
  return true;
}

}  // namespace probity::symex
