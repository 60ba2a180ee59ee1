// SPDX-License-Identifier: Apache-2.0
// The world of several programs and the passage from one stage to the next. An initial stage gets
// every map entry that an earlier one looked at, as it was at first, at the same place of the list
// of entries: so endings compare entry by entry, and the later list is the longer one.
#include "symex/stage.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "isa/bpf/codec.hpp"
#include "runtime/furnished.hpp"
#include "runtime/map_definition.hpp"
#include "symex/call_count.hpp"
#include "symex/explorer.hpp"
#include "symex/map_kind.hpp"

namespace probity::symex {
namespace {

bool is_global(const program::MapDef& def) {
  return def.name.starts_with('.');
}

bool same_shape(const program::MapDef& a, const program::MapDef& b) {
  return a.type == b.type && a.key_size == b.key_size && a.value_size == b.value_size &&
         a.max_entries == b.max_entries && a.read_only == b.read_only;
}

std::string shape(const program::MapDef& def) {
  return fmt::format("{} with {}-byte keys, {}-byte values and {} entries", program::name(def.type),
                     def.key_size, def.value_size, def.max_entries);
}

}  // namespace

/// The number in the world of a map that some program defines.
Expected<std::uint32_t> Explorer::world_map(const program::MapDef& def) {
  const bool own = def.name == program::specs_section ||
                   (is_global(def) && options_.sharing == MapSharing::but_no_globals);
  for (std::uint32_t i = 0; i < maps_.size() && !own; ++i) {
    const program::MapDef& other = maps_[i];
    if (other.name != def.name) continue;
    if (def.read_only && !std::ranges::equal(def.initial, other.initial)) continue;
    if (same_shape(def, other)) return i;
    return error(Fault::bad_input, fmt::format("map {} is {} in one program and {} in another",
                                               def.name, shape(other), shape(def)));
  }
  maps_.push_back(def);
  return static_cast<std::uint32_t>(maps_.size() - 1);
}

/// Decodes a program and gives it the world's numbers of maps.
Expected<std::uint32_t> Explorer::add_code(const program::View& program) {
  Code code;
  code.view = program;
  for (program::MapDef map : program.maps) {
    map.max_entries = std::max(map.max_entries, 1u);  // 0 is often filled in before loading
    TRY(runtime::require_definition(map));
    TRY(const std::uint32_t number, world_map(map));
    code.world_map.push_back(number);
  }
  const auto numbered = [&](std::uint32_t map) { return code.world_map.at(map); };
  for (std::size_t i = 0; i < program.maps.size(); ++i) {
    program::MapDef& map = maps_[code.world_map[i]];
    const std::int32_t inner = program.maps[i].inner;
    if (inner >= 0)
      map.inner = static_cast<std::int32_t>(numbered(static_cast<std::uint32_t>(inner)));
  }
  for (program::TailTarget target : program.tail_targets) {
    target.map = numbered(target.map);
    code.tail_targets.push_back(target);
  }
  for (program::InnerMap inner : program.inner_maps) {
    inner.map = numbered(inner.map);
    inner.inner = numbered(inner.inner);
    code.inner_maps.push_back(inner);
  }
  code.insns.assign(program.slots.size(), std::nullopt);
  for (std::size_t at = 0; at < program.slots.size();) {
    TRY(const bpf::Insn insn, bpf::decode(program.slots, at));
    code.insns[at] = insn;
    at += insn.slot_count();
  }
  code.flow = std::make_unique<const Flow>(program, code.insns);
  codes_.push_back(std::move(code));
  return static_cast<std::uint32_t>(codes_.size() - 1);
}

Expected<void> Explorer::make_world() {
  for (const Stage& stage : stages_) {
    TRY(const std::uint32_t code, add_code(stage.program));
    static_cast<void>(code);  // stage k is code k
  }
  for (const program::View& function : options_.entry_functions) {
    TRY(const std::uint32_t code, add_code(function));
    static_cast<void>(code);  // function k comes k places after the stages
  }
  TRY(add_tail_targets());
  add_inner_maps();
  for (Code& code : codes_) {
    code.view.maps = maps_;
    code.view.tail_targets = code.tail_targets;
    code.view.inner_maps = code.inner_maps;
  }
  select(0);
  return {};
}

/// The programs that tail calls enter, those of theirs included.
Expected<void> Explorer::add_tail_targets() {
  for (std::size_t at = 0; at < codes_.size(); ++at) {
    for (const program::TailTarget& target : codes_[at].view.tail_targets) {
      if (target.program == nullptr || tail_codes_.contains(target.program)) continue;
      TRY(tail_codes_[target.program], add_code(*target.program));
    }
  }
  return {};
}

/// For each map of maps, those that may lie in it.
void Explorer::add_inner_maps() {
  const std::size_t count = maps_.size();
  for (std::size_t outer = 0; outer < count; ++outer) {
    if (!is_outer(maps_[outer].type) || maps_[outer].inner < 0) continue;
    for (std::uint32_t i = 0; i < max_inner_maps; ++i) {
      program::MapDef inner = maps_[static_cast<std::size_t>(maps_[outer].inner)];
      inner_names_.push_back(runtime::made_map_name(maps_[outer].name, i));
      inner.name = inner_names_.back();
      inner_maps_[static_cast<std::uint32_t>(outer)].push_back(
          static_cast<std::uint32_t>(maps_.size()));
      maps_.push_back(inner);
    }
  }
}

void Explorer::select(std::uint32_t code) {
  code_ = code;
  program_ = codes_[code].view;
  insns_ = codes_[code].insns;
}

void Explorer::forget_registers(PathState& state) {
  for (unsigned i = 0; i < bpf::reg_count; ++i) unset(state, i);
}

/// The packet and all map entries that the path knows, as they were at first.
void Explorer::restore_world(PathState& state) {
  if (state.packet.region != 0) state.regions[state.packet.region].live = false;
  make_packet(state);
  state.ctx_written.clear();
  state.skb = {};
  for (std::uint32_t map = 0; map < state.maps.size(); ++map) {
    state.maps[map].begin_run();
    for (Slot& slot : state.maps[map].slots) {
      Region region = state.regions[slot.value];
      region.object = state.objects.add(Memory(state.objects.at(slot.initial_object)));
      region.live = true;
      slot.value = state.add_region(region);
      slot.present = slot.initially_present;
    }
  }
}

void Explorer::begin_stage(PathState& state) {
  begin_run(state, state.stage, stages_[state.stage].start);
}

void Explorer::begin_run(PathState& state, std::uint32_t code, Start start) {
  state.code = code;
  for (const Frame& frame : state.frames) state.regions[frame.stack].live = false;
  state.frames.clear();
  state.visits.clear();
  restart_call_counts(state);
  state.trace.clear();
  state.says = {};
  state.effects.clear();
  state.tail_calls = 0;
  state.packet_loads = 0;
  state.packet_checked = 0;
  state.specs.demands.clear();
  forget_registers(state);
  if (start == Start::initial) {
    restore_world(state);
  } else {
    move_packet(state, state.packet.head, state.packet.end, state.packet.meta);
  }
  make_ctx(state);
  push_frame(state, 0);
  state.slot = entry_slot(codes_[state.code].view);
  state.frames.back().first_slot = state.slot;
}

Ending Explorer::ending_of(PathState& state) const {
  Ending ending;
  ending.packet = state.packet;
  ending.maps = state.maps;
  ending.ctx_written = state.ctx_written;
  ending.trace = state.trace;
  ending.says = state.says;
  ending.regions = state.regions;
  ending.objects = state.objects;
  return ending;
}

bool Explorer::next_stage(PathState& state, term::Id action) {
  if (stages_.size() == 1 && !options_.relation) {
    state.fate.finish();
    return false;
  }
  Ending ending = ending_of(state);
  ending.action = action;
  state.endings.push_back(std::make_shared<const Ending>(std::move(ending)));
  return advance(state);
}

/// Leaves what the stage before left.
bool Explorer::skip_stage(PathState& state) {
  Ending ending = *state.endings.back();
  ending.ran = false;
  ending.trace.clear();
  state.endings.push_back(std::make_shared<const Ending>(std::move(ending)));
  return advance(state);
}

bool Explorer::advance(PathState& state) {
  if (state.endings.size() == stages_.size()) return check_relation(state);
  state.stage = static_cast<std::uint32_t>(state.endings.size());
  state.lineage = ++lineages_;
  const Stage& stage = stages_[state.stage];
  if (stage.only_after.empty()) {
    begin_stage(state);
    return true;
  }
  const std::shared_ptr<const Ending> before = state.endings.back();
  if (!before->ran) return skip_stage(state);
  term::Store& store = context_.store;
  term::Id wanted = store.false_();
  for (const std::uint32_t action : stage.only_after) {
    wanted = store.or_(wanted, store.eq(before->action, context_.lit(32, action)));
  }
  const term::Id unwanted = store.not_(wanted);
  const Possibility runs = solver_.possible(state, wanted);
  const Possibility stays = solver_.possible(state, unwanted);
  if (runs.answer == Answer::unknown) give_up(state, "verdict: " + runs.reason);
  if (stays.answer == Answer::unknown) give_up(state, "verdict: " + stays.reason);
  if (runs.answer == Answer::yes && stays.answer == Answer::yes) {
    ++result_.statistics.forks;
    auto other = std::make_unique<PathState>(state);
    solver_.assume(*other, unwanted, stays);
    if (skip_stage(*other)) {
      enqueue(std::move(other));
    } else {
      end_path(*other);
    }
  }
  if (runs.answer == Answer::yes) {
    solver_.assume(state, wanted, runs);
    begin_stage(state);
    return true;
  }
  return stays.answer == Answer::yes && skip_stage(state);
}

/// The demands of the relation; the path ends.
bool Explorer::check_relation(PathState& state) {
  state.fate.finish();
  if (!options_.relation) return false;
  std::uint32_t number = 0;
  for (const Demand& demand : options_.relation(*this, state, state.endings)) {
    ++number;
    Site& entry = sites_[{state.stage, static_cast<std::uint32_t>(Property::relation), number}];
    entry.property = Property::relation;
    entry.stage = state.stage;
    entry.slot = state.slot;
    ++entry.paths;
    const term::Id broken = context_.store.not_(demand.condition);
    const Possibility bad = solver_.possible(state, broken);
    if (bad.answer == Answer::unknown) {
      if (entry.status == Site::Status::proved) entry.status = Site::Status::unknown;
      give_up(state, fmt::format("{}: {}", demand.observable, bad.reason));
    }
    if (bad.answer != Answer::yes) continue;
    state.fate.refute();
    if (entry.status != Site::Status::refuted) {
      entry.status = Site::Status::refuted;
      const auto valuation = witness_valuation(state, bad, broken);
      Finding finding = describe(state, Property::relation, demand.text, valuation, broken);
      finding.observable = demand.observable;
      finding.outcomes = outcomes(state, *valuation);
      result_.findings.push_back(std::move(finding));
    }
    return false;  // later observables differ for the same reason
  }
  return false;
}

StageOutcome Explorer::outcome(const Ending& ending, Valuation& valuation) {
  StageOutcome result;
  result.ran = ending.ran;
  result.return_value = static_cast<std::uint32_t>(valuation(ending.action));
  const auto signed_value = [&](term::Id a) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(valuation(a)));
  };
  const auto byte_at = [&](const Memory& memory, std::int64_t at) {
    const auto byte = memory.read(context_, context_.lit64(at), 1);
    const term::Id value = byte && *byte ? as_number(**byte) : context_.lit(8, 0);
    return static_cast<std::uint8_t>(valuation(value));
  };
  const Memory& packet = ending.objects.at(ending.packet.object);
  const std::int64_t end = signed_value(ending.packet.end);
  for (std::int64_t i = signed_value(ending.packet.meta); i < end; ++i) {
    result.packet.push_back(byte_at(packet, i));
  }
  for (std::uint32_t map = 0; map < maps_.size(); ++map) {
    if (maps_[map].read_only || ending.maps[map].slots.empty()) continue;
    result.maps.push_back(final_entries(ending, valuation, map));
  }
  return result;
}

std::vector<StageOutcome> Explorer::outcomes(PathState& state, Valuation& valuation) {
  std::vector<StageOutcome> list;
  for (const auto& ending : state.endings) list.push_back(outcome(*ending, valuation));
  return list;
}

}  // namespace probity::symex
