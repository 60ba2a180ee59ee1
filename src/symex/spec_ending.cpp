// SPDX-License-Identifier: Apache-2.0
// The statements of include/probity/spec.h about the end of a program, checked where its main
// function returns. Packet targets are read in the packet as it is then, at the same place of
// memory; a byte that only one of "for all" could miss is chosen by the solver: a fresh index.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/spec_rule.hpp"
#include "symex/explorer.hpp"
#include "symex/spec_text.hpp"

namespace probity::symex {
namespace {

using program::SpecCall;
using runtime::SpecRange;
using Bit = Bool<Provenance>;

Bit bit(term::Id term) {
  return Bit::of({term, 0});
}
Value<64> number(term::Id term) {
  return Value<64>::of({term, 0});
}
term::Id term_of(Bit bit) {
  return bit.raw().term;
}

/// Bytes as a person reads them: a number if there are as many as of one, else hex.
std::string shown(std::span<const Value<8>> bytes, Valuation& valuation) {
  std::uint64_t value = 0;
  std::string hex;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(valuation(bytes[i].raw().term));
    if (i < 8) value |= std::uint64_t{byte} << (8 * i);
    hex += fmt::format("{:02x}", byte);
  }
  const bool is_number =
      bytes.size() == 1 || bytes.size() == 2 || bytes.size() == 4 || bytes.size() == 8;
  return is_number ? fmt::format("{} ({:#x})", value, value) : hex;
}

}  // namespace

SpecStatement& Explorer::statement(const PathState& state) {
  constexpr std::uint32_t not_reported = ~std::uint32_t{0};
  const std::uint32_t stage = in_entry_function(state) ? not_reported : state.stage;
  SpecStatement& entry = statements_[{stage, state.slot}];
  entry.stage = stage;
  entry.slot = state.slot;
  return entry;
}

/// Is the memory that a statement names still there? Broken on every input: no term.
std::optional<term::Id> Explorer::target_is_there(PathState& state, const SpecDemand& demand) {
  const Region& region = state.regions[demand.target.region];
  if (region.kind == RegionKind::ctx) return context_.store.true_();
  const Value<64> first = number(demand.target.term);
  const Value<64> size = Value<64>::lit(demand.size_bytes);
  if (region.kind == RegionKind::packet) {
    return term_of(
        runtime::spec_inside(first, size, number(state.packet.meta), number(state.packet.end)));
  }
  if (!region.live || region.kind == RegionKind::null) return std::nullopt;
  return term_of(
      runtime::spec_inside(first, size, Value<64>::lit(0), Value<64>::lit(region.size_bytes)));
}

std::optional<std::vector<Value<8>>> Explorer::read_target(PathState& state,
                                                           const SpecDemand& demand) {
  const Region region = state.regions[demand.target.region];
  if (region.kind == RegionKind::ctx) {
    Word value;
    const auto size = static_cast<unsigned>(demand.size_bytes);
    if (!load_ctx(state, demand.target, size, value)) return std::nullopt;
    if (!observable(state, value, "a specification")) return std::nullopt;
    const std::array<term::Id, 1> chunk{as_number(value)};
    return bytes_of_chunks(chunk);
  }
  std::vector<Value<8>> bytes;
  const bool packet = region.kind == RegionKind::packet;
  const std::uint32_t object = packet ? state.packet.object : region.object;
  for (std::uint64_t i = 0; i < demand.size_bytes; ++i) {
    const term::Id at = context_.store.bin(Op::add, demand.target.term, context_.lit(64, i));
    const auto read = state.objects.at(object).read(context_, at, 1);
    if (!read) {
      give_up(state, std::string(read.error().line()));
      return std::nullopt;
    }
    if (!*read) {
      never_written(
          state, demand.target,
          fmt::format("{}: byte {} of its target was never written", spec_name(demand.slot), i));
      return std::nullopt;
    }
    if (!observable(state, **read, "a specification")) return std::nullopt;
    bytes.push_back(Value<8>::of({as_number(**read), 0}));
  }
  return bytes;
}

/// Comparisons of memory with what was demanded.
bool Explorer::check_target(PathState& state, const SpecDemand& demand, term::Id applies) {
  term::Store& store = context_.store;
  const term::Id silent = store.not_(applies);
  const RegionKind kind = kind_of(state, demand.target);
  const auto there = target_is_there(state, demand);
  const std::string gone = kind == RegionKind::packet
                               ? "its target lies outside data..data_end at exit"
                           : kind == RegionKind::stack && !there
                               ? "its target is on the stack of a function that has returned"
                               : "its target is not there at exit";
  if (!require(state, Property::assertion, store.or_(silent, there.value_or(store.false_())),
               fmt::format("{}: {}", spec_name(demand.slot), gone))) {
    return false;
  }
  if (!there || solver_.possible(state, applies).answer == Answer::no) return true;
  const auto found = read_target(state, demand);
  if (!found) return false;
  const Bit right = runtime::spec_bytes_right<Provenance>(demand.call, demand.bytes, *found);
  const bool differ = demand.call == SpecCall::if_neq || demand.call == SpecCall::if_action_neq;
  return require(state, Property::assertion, store.or_(silent, term_of(right)),
                 [&](Valuation& valuation) {
                   return fmt::format("{}: demanded {}{}, found {}", spec_name(demand.slot),
                                      differ ? "anything but " : "", shown(demand.bytes, valuation),
                                      shown(*found, valuation));
                 });
}

bool Explorer::check_verdict(PathState& state, const SpecDemand& demand, Value<32> verdict,
                             term::Id applies) {
  const Bit right =
      runtime::spec_verdict_right<Provenance>(demand.call, number(demand.number), verdict);
  const bool differ = demand.call == SpecCall::assert_not_return;
  return require(
      state, Property::assertion, context_.store.or_(context_.store.not_(applies), term_of(right)),
      [&](Valuation& valuation) {
        const auto low = [&](term::Id term) { return static_cast<std::uint32_t>(valuation(term)); };
        return fmt::format("{}: demanded that {}{} is returned, found {}", spec_name(demand.slot),
                           differ ? "anything but " : "", low(demand.number),
                           low(verdict.raw().term));
      });
}

bool Explorer::check_length(PathState& state, const SpecDemand& demand) {
  const term::Id after = packet_length(state);
  const Bit right =
      runtime::spec_length_right(number(demand.number), number(length64_), number(after));
  return require(state, Property::assertion, term_of(right), [&](Valuation& valuation) {
    const auto before = static_cast<std::int64_t>(valuation(length64_));
    return fmt::format("{}: demanded a change of {} bytes, found {} ({} at entry, {} at exit)",
                       spec_name(demand.slot), static_cast<std::int64_t>(valuation(demand.number)),
                       static_cast<std::int64_t>(valuation(after)) - before, before,
                       static_cast<std::int64_t>(valuation(after)));
  });
}

/// What a map holds under a key, without a fork.
Explorer::SpecEntry Explorer::spec_entry(PathState& state, std::uint32_t map,
                                         std::span<const term::Id> key,
                                         std::span<const Value<8>> demanded) {
  term::Store& store = context_.store;
  const program::MapDef& def = maps_[map];
  using program::MapType;
  const bool indexed = def.type == MapType::array || def.type == MapType::percpu_array ||
                       def.type == MapType::devmap || def.type == MapType::cpumap ||
                       def.type == MapType::xskmap;
  const term::Id in_range =
      indexed ? store.bin(Op::ult, key[0], context_.lit(32, def.max_entries)) : store.true_();
  SpecEntry entry{store.false_(), store.true_()};
  term::Id known = store.false_();
  for (const Candidate& candidate : candidates(state, map, key)) {
    known = store.or_(known, candidate.condition);
    const Slot& slot = state.maps[map].slots[candidate.slot];
    entry.there = store.or_(entry.there, store.and_(candidate.condition, slot.present));
    const Memory& memory = state.objects.at(state.regions[slot.value].object);
    for (std::size_t i = 0; i < demanded.size(); ++i) {
      const auto read = memory.read(context_, context_.lit(64, i), 1);
      const term::Id byte = read && *read ? as_number(**read) : context_.lit(8, 0);
      const term::Id same = store.eq(byte, demanded[i].raw().term);
      entry.same = store.and_(entry.same, store.or_(store.not_(candidate.condition), same));
    }
  }
  // In every world the map holds no more entries than fit.
  static_cast<void>(assume_world(state, known));
  entry.there = store.and_(entry.there, in_range);
  return entry;
}

bool Explorer::check_entry(PathState& state, const SpecDemand& demand) {
  const SpecEntry entry = spec_entry(state, demand.map, demand.key, demand.bytes);
  const Bit right = runtime::spec_entry_right(bit(entry.there), bit(entry.same));
  const std::string map(maps_[demand.map].name);
  return require(state, Property::assertion, term_of(right), [&](Valuation& valuation) {
    const std::vector<Value<8>> key = bytes_of_chunks(demand.key);
    return fmt::format("{}: map {} {} key {}: demanded the value {}", spec_name(demand.slot), map,
                       valuation.holds(entry.there) ? "has another value under" : "has no",
                       shown(key, valuation), shown(demand.bytes, valuation));
  });
}

bool Explorer::check_map_unchanged(PathState& state, const SpecDemand& demand) {
  term::Store& store = context_.store;
  const program::MapDef& def = maps_[demand.map];
  for (std::size_t i = 0; i < state.maps[demand.map].slots.size(); ++i) {
    const Slot slot = state.maps[demand.map].slots[i];
    const term::Id at = store.zext(64, context_.fresh(32, "spec.byte"));
    const auto before = state.objects.at(slot.initial_object).read(context_, at, 1);
    const auto after = state.objects.at(state.regions[slot.value].object).read(context_, at, 1);
    if (!before || !*before || !after || !*after) {
      give_up(state, spec_name(demand.slot) + ": a value that cannot be compared");
      return false;
    }
    const term::Id outside = store.not_(store.bin(Op::ult, at, context_.lit(64, def.value_size)));
    const term::Id same = store.or_(outside, store.eq(as_number(**before), as_number(**after)));
    const Bit right =
        runtime::spec_entry_unchanged(bit(slot.initially_present), bit(slot.present), bit(same));
    const auto text = [&](Valuation& valuation) {
      const bool was = valuation.holds(slot.initially_present);
      const bool is = valuation.holds(slot.present);
      const std::vector<Value<8>> key = bytes_of_chunks(slot.key);
      return fmt::format("{}: map {}: the entry with key {} was {}", spec_name(demand.slot),
                         def.name, shown(key, valuation),
                         was && is ? "changed"
                         : is      ? "inserted"
                                   : "deleted");
    };
    const term::Id unknown = slot.guard ? store.not_(slot.guard) : store.false_();
    const term::Id holds = store.or_(unknown, term_of(right));
    if (!require(state, Property::assertion, holds, text)) return false;
  }
  return true;
}

/// All statements about one object together, at the first of them.
bool Explorer::check_only_modifies(PathState& state, const SpecDemand& demand) {
  term::Store& store = context_.store;
  std::vector<SpecRange<Provenance>> ranges;
  for (const SpecDemand& other : state.specs.demands) {
    if (other.call != demand.call || other.in_packet != demand.in_packet ||
        other.object != demand.object) {
      continue;
    }
    if (ranges.empty() && other.slot != demand.slot) return true;  // checked at that one
    ranges.push_back({number(other.target.term), Value<64>::lit(other.size_bytes)});
  }
  const term::Id at = store.zext(64, context_.fresh(16, "spec.byte"));
  const Memory packet(Unknown{packet_bytes_});
  const Memory& initial = demand.in_packet ? packet : state.objects.at(demand.initial_object);
  const std::uint32_t object = demand.in_packet ? state.packet.object : demand.object;
  const auto before = initial.read(context_, at, 1);
  const auto after = state.objects.at(object).read(context_, at, 1);
  if (!before || !*before || !after || !*after) {
    give_up(state, spec_name(demand.slot) + ": memory that cannot be compared");
    return false;
  }
  term::Id exists = store.true_();
  if (demand.in_packet) {
    exists = store.and_(
        store.bin(Op::ult, at, length64_),
        store.bin(Op::ult, store.bin(Op::sub, at, state.packet.head), packet_length(state)));
  } else {
    exists = store.bin(
        Op::ult, at,
        context_.lit64(static_cast<std::int64_t>(state.regions[demand.target.region].size_bytes)));
  }
  const auto byte = [](const Expected<std::optional<Word>>& read) {
    return Value<8>::of({as_number(**read), 0});
  };
  const Bit right =
      runtime::spec_byte_right<Provenance>(number(at), ranges, byte(before), byte(after));
  return require(state, Property::assertion, store.or_(store.not_(exists), term_of(right)),
                 [&](Valuation& valuation) {
                   return fmt::format("{}: byte {} was {:#04x} at entry and is {:#04x} at exit",
                                      spec_name(demand.slot),
                                      static_cast<std::uint64_t>(valuation(at)),
                                      static_cast<unsigned>(valuation(as_number(**before))),
                                      static_cast<unsigned>(valuation(as_number(**after))));
                 });
}

bool Explorer::check_demand(PathState& state, const SpecDemand& demand, Value<32> verdict) {
  const term::Id applies = term_of(
      runtime::spec_applies(demand.call, bit(demand.condition), number(demand.number), verdict));
  const Possibility shown = solver_.possible(state, applies);
  if (shown.answer == Answer::no) return true;
  if (shown.answer == Answer::unknown) give_up(state, spec_name(demand.slot) + ": " + shown.reason);
  ++statement(state).checked;
  switch (demand.call) {
    case SpecCall::assert_return:
    case SpecCall::assert_not_return:
    case SpecCall::leads_to_action: return check_verdict(state, demand, verdict, applies);
    case SpecCall::assert_constant:
    case SpecCall::end_eq_addr:
    case SpecCall::if_action_eq:
    case SpecCall::if_action_neq:
    case SpecCall::if_eq:
    case SpecCall::if_neq: return check_target(state, demand, applies);
    case SpecCall::len_delta: return check_length(state, demand);
    case SpecCall::map_unchanged: return check_map_unchanged(state, demand);
    case SpecCall::map_key_eq: return check_entry(state, demand);
    case SpecCall::only_modifies: return check_only_modifies(state, demand);
    case SpecCall::assert_true:
    case SpecCall::assume:
    case SpecCall::probe:
    case SpecCall::assert_unreachable:
    case SpecCall::map_has:
    case SpecCall::map_lacks:
    case SpecCall::ignore_map_state:
    case SpecCall::old:
    case SpecCall::leave: return true;  // never kept
  }
  return true;
}

bool Explorer::check_specs(PathState& state, Value<32> verdict) {
  const std::uint32_t end = state.slot;
  const std::vector<SpecDemand> demands = state.specs.demands;
  for (const SpecDemand& demand : demands) {
    state.slot = demand.slot;
    if (!check_demand(state, demand, verdict)) return false;
  }
  state.slot = end;
  return true;
}

namespace {

bool is_immediate(SpecCall call) {
  return call == SpecCall::assert_true || call == SpecCall::assert_unreachable ||
         call == SpecCall::old || program::is_assumption(call);
}

}  // namespace

/// Every statement of every program, those that no path reached included.
void Explorer::report_specs() {
  for (std::uint32_t stage = 0; stage < stages_.size(); ++stage) {
    if (!stages_[stage].specs || !options_.specs) continue;
    select(stage);
    for (std::uint32_t slot = 0; slot < insns_.size(); ++slot) {
      const auto& insn = insns_[slot];
      if (!insn || insn->form != bpf::Form::call_helper) continue;
      const auto helper = static_cast<std::uint32_t>(insn->imm);
      if (!program::is_spec_call(helper) || program::is_silent(static_cast<SpecCall>(helper))) {
        continue;
      }
      SpecStatement entry;
      if (const auto found = statements_.find({stage, slot}); found != statements_.end()) {
        entry = found->second;
      }
      entry.stage = stage;
      entry.slot = slot;
      entry.call = static_cast<SpecCall>(helper);
      entry.text = spec_name(slot);
      if (is_immediate(entry.call)) entry.checked = entry.reached;
      entry.status = spec_status(entry);
      result_.statements.push_back(std::move(entry));
    }
  }
}

SpecStatement::Status Explorer::spec_status(const SpecStatement& entry) const {
  using Status = SpecStatement::Status;
  const bool unknown = std::ranges::any_of(result_.unknowns, [&](const Unknowing& one) {
    return one.slot == entry.slot && one.stage == entry.stage;
  });
  Status status = entry.checked == 0 ? Status::vacuous : Status::proved;
  // That a place is not reached is what BPF_ASSERT_UNREACHABLE demands.
  if (entry.call == SpecCall::assert_unreachable) status = Status::proved;
  for (const Site& site : result_.sites) {
    if (site.slot != entry.slot || site.stage != entry.stage) continue;
    if (site.status == Site::Status::refuted) return Status::refuted;
    if (site.status == Site::Status::unknown) status = Status::unknown;
  }
  if (unknown) return Status::unknown;
  if (program::is_assumption(entry.call) && status == Status::proved) return Status::assumed;
  const bool folded =
      entry.call == SpecCall::assert_true && decided_by_compiler(program_, entry.slot);
  return status == Status::proved && folded ? Status::by_compiler : status;
}

}  // namespace probity::symex
