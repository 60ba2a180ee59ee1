// SPDX-License-Identifier: Apache-2.0
// Only what engines report can be compared: of the context they report nothing, so a difference
// that shows only there is not replayed, and says so.
#include "interact/chain_run.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.hpp"

namespace probity::interact {
namespace {

using runtime::Engine;
using runtime::EngineKind;
using runtime::MapContents;
using symex::Outcome;
using symex::Replayed;

/// The largest map whose entries are compared.
constexpr std::uint32_t max_compared_entries = 65'536;

/// One program of the chain in an engine of its own.
struct Seat {
  const Subject* subject = nullptr;
  std::unique_ptr<runtime::StubbedProgram> program;
  std::unique_ptr<Engine> engine;
};

bool has_contents(const program::MapDef& map) {
  using program::MapType;
  constexpr MapType types[] = {MapType::array,    MapType::percpu_array,
                               MapType::hash,     MapType::percpu_hash,
                               MapType::lru_hash, MapType::lru_percpu_hash};
  return std::ranges::find(types, map.type) != std::end(types) && !map.read_only &&
         map.max_entries <= max_compared_entries;
}

Expected<Seat> seat(EngineKind kind, const Subject& subject, const symex::Witness& witness) {
  Seat result{&subject, subject.stubbed(witness.stubs), nullptr};
  TRY(result.engine, kind == EngineKind::kernel
                         ? runtime::load_kernel(result.program->view())
                         : runtime::load_engine(kind, result.program->view(), {}));
  for (MapContents contents : witness.maps) {
    const std::string_view own = subject.own_name(contents.map);
    if (own.empty()) continue;
    TRY(subject.require_plain(own));
    contents.map = own;
    TRY(result.engine->write_map(contents));
  }
  return result;
}

/// The second program finds the maps as the first left them.
Expected<void> hand_maps_on(Seat& from, Seat& to) {
  const auto theirs = to.subject->view().maps;
  for (const program::MapDef& map : from.subject->view().maps) {
    const auto same = std::ranges::find(theirs, map.name, &program::MapDef::name);
    if (same == theirs.end() || !has_contents(map)) continue;
    TRY(MapContents contents, from.engine->read_map(from.subject->own_name(map.name)));
    contents.map = to.subject->own_name(map.name);
    TRY(const MapContents before, to.engine->read_map(contents.map));
    if (before == contents) continue;
    TRY(to.engine->write_map(contents));
    TRY(const MapContents after, to.engine->read_map(contents.map));
    if (after == contents) continue;
    return error(Fault::unsupported,
                 fmt::format("the contents of map {} cannot be handed on", map.name));
  }
  return {};
}

Expected<runtime::RunOutput> run_one(Seat& seat, const runtime::RunInput& input) {
  TRY(runtime::RunOutput output, seat.engine->run(input));
  if (output.fault.kind == runtime::FaultKind::none) return output;
  return error(Fault::unsupported, fmt::format("{} faults at slot {}: {}", seat.subject->label(),
                                               output.fault.slot, output.fault.text));
}

Expected<void> read_maps(Seat& seat, ChainRun& run) {
  for (const program::MapDef& map : seat.subject->view().maps) {
    const auto known = std::ranges::find(run.maps, map.name, &MapContents::map);
    if (known != run.maps.end() || !has_contents(map)) continue;
    TRY(MapContents contents, seat.engine->read_map(seat.subject->own_name(map.name)));
    contents.map = map.name;
    run.maps.push_back(std::move(contents));
  }
  return {};
}

Replayed outcome(EngineKind engine, Outcome what, std::string text) {
  return {std::string(runtime::name(engine)), what, std::move(text)};
}

std::string chain_text(const ChainRun& run, program::ProgType type) {
  std::string text;
  for (const ProgramRun& program : run.programs) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", program.label,
                        program.ran ? action_name(type, program.return_value) : "does not run");
  }
  return text;
}

/// How differences() calls the observable of a finding.
std::string shown_as(std::string_view observable) {
  if (observable == "return value") return "verdict";
  if (observable == "redirect") return "output";
  return std::string(observable);
}

/// What engines cannot show of the finding, or empty.
std::string hidden(const Order& order, const Subject& a, const Subject& b) {
  const symex::Finding& finding = *order.difference;
  if (!finding.witness.helper_results.empty()) {
    return "depends on the helper result " + finding.witness.helper_results.front();
  }
  if (finding.observable == "ctx" || finding.observable == "metadata") {
    return fmt::format("engines do not report the {}", finding.observable);
  }
  if (order.hands_context_on) return "engines do not hand fields of the context on";
  constexpr std::int32_t adjust_meta = 54;
  constexpr std::uint8_t call = 0x85;
  for (const Subject* subject : {&a, &b}) {
    for (const bpf::Slot& slot : subject->image().slots) {
      if (slot.opcode == call && slot.imm == adjust_meta) {
        return "metadata is not handed on from program to program";
      }
    }
  }
  return {};
}

}  // namespace

Expected<ChainRun> run_chain(EngineKind engine, const Subject& first, const Subject& second,
                             Chain chain, const symex::Witness& witness) {
  TRY(Seat one, seat(engine, first, witness));
  TRY(Seat two, seat(engine, second, witness));
  const program::ProgType type = first.image().type;
  ChainRun run;
  TRY(const runtime::RunOutput output, run_one(one, witness.input));
  TRY(hand_maps_on(one, two));
  run.verdict = static_cast<std::uint32_t>(output.return_value);
  run.packet = output.packet;
  run.events = output.events;
  run.programs = {{first.label(), true, run.verdict}, {second.label(), false, 0}};
  if (chain == Chain::all || passes(type, run.verdict)) {
    runtime::RunInput input = witness.input;
    input.packet = output.packet;
    TRY(const runtime::RunOutput last, run_one(two, input));
    const auto returned = static_cast<std::uint32_t>(last.return_value);
    run.programs[1] = {second.label(), true, returned};
    run.verdict = chain == Chain::all ? stronger(type, run.verdict, returned) : returned;
    run.packet = last.packet;
    run.events.insert(run.events.end(), last.events.begin(), last.events.end());
  }
  TRY(read_maps(two, run));  // of a map that both have, the second program's is the last state
  TRY(read_maps(one, run));
  std::ranges::sort(run.maps, {}, &MapContents::map);
  return run;
}

std::vector<std::string> differences(const ChainRun& a, const ChainRun& b, program::ProgType type) {
  std::vector<std::string> result;
  if (a.verdict != b.verdict) result.emplace_back("verdict");
  const bool seen = keeps_packet(type, a.verdict) || keeps_packet(type, b.verdict);
  if (seen && a.packet != b.packet) result.emplace_back("packet");
  for (const MapContents& contents : a.maps) {
    const auto other = std::ranges::find(b.maps, contents.map, &MapContents::map);
    if (other == b.maps.end() || *other != contents) {
      result.push_back(fmt::format("map {}", contents.map));
    }
  }
  if (a.events != b.events) result.emplace_back("output");
  return result;
}

OrderReplay replay_orders(EngineKind engine, const Subject& a, const Subject& b, Chain chain,
                          const Order& order) {
  PROBITY_CHECK(order.difference.has_value());
  const symex::Finding& finding = *order.difference;
  OrderReplay result;
  if (const std::string why = hidden(order, a, b); !why.empty()) {
    result.replayed = outcome(engine, Outcome::not_applicable, why);
    return result;
  }
  const bool sent = finding.observable == "output" || finding.observable == "redirect";
  if (engine == EngineKind::kernel && sent) {
    result.replayed = outcome(engine, Outcome::not_applicable,
                              fmt::format("a test run does not report the {}", finding.observable));
    return result;
  }
  if (engine == EngineKind::kernel && !finding.witness.not_replayable.empty()) {
    result.replayed = outcome(engine, Outcome::not_applicable,
                              "cannot be arranged: " + finding.witness.not_replayable.front());
    return result;
  }
  const auto a_first = run_chain(engine, a, b, chain, finding.witness);
  const auto b_first = run_chain(engine, b, a, chain, finding.witness);
  for (const auto* run : {&a_first, &b_first}) {
    if (*run) continue;
    result.replayed = outcome(engine, Outcome::not_applicable, std::string(run->error().line()));
    return result;
  }
  result.a_first = *a_first;
  result.b_first = *b_first;
  const program::ProgType type = a.image().type;
  const std::vector<std::string> found = differences(*a_first, *b_first, type);
  std::string text = fmt::format("{} | {}", chain_text(*a_first, type), chain_text(*b_first, type));
  for (const std::string& what : found) text += fmt::format("; {} differs", what);
  const bool shows = std::ranges::find(found, shown_as(finding.observable)) != found.end();
  result.replayed =
      outcome(engine, shows ? Outcome::reproduced : Outcome::contradicted, std::move(text));
  return result;
}

}  // namespace probity::interact
