// SPDX-License-Identifier: Apache-2.0
// A chain is a session for each of its programs; maps go from one to the next by name, each
// program's globals (`.data` …) stay its own.
#include "replay/rerun.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "runtime/furnished.hpp"

namespace probity::replay {
namespace {

using runtime::EngineKind;
using runtime::FaultKind;
using symex::Outcome;

constexpr std::size_t max_property_number = 64;

std::string shown(const runtime::RunOutput& output) {
  if (output.fault.kind != FaultKind::none) {
    return fmt::format("fault at slot {}: {}", output.fault.slot, output.fault.text);
  }
  return fmt::format("returns {} ({} bytes out)", static_cast<std::uint32_t>(output.return_value),
                     output.packet.size());
}

bool has_map(const program::View& program, std::string_view name) {
  return std::ranges::find(program.maps, name, &program::MapDef::name) != program.maps.end();
}

Expected<void> require_maps(const WitnessInput& input, const WitnessRun& run,
                            std::span<const program::View> programs) {
  std::vector<std::string_view> wanted;
  for (const runtime::MapContents& contents : input.maps) wanted.emplace_back(contents.map);
  for (const runtime::TailStub& stub : input.stubs) wanted.emplace_back(stub.map);
  for (const std::string_view map : wanted) {
    const bool known = std::ranges::any_of(run.chain, [&](const Step& step) {
      const program::View& program = programs[step.program];
      return has_map(program, map) || runtime::is_made_map(program, map);
    });
    if (known) continue;
    return error(Fault::bad_input,
                 fmt::format("run \"{}\": no program has the map '{}'", run.name, map));
  }
  return {};
}

/// Contents of all maps between the programs of a chain, and what changed since its beginning.
class World {
 public:
  explicit World(const WitnessInput& input) {
    for (const runtime::MapContents& contents : input.maps) maps_[contents.map] = contents;
  }

  /// A program with what the maps hold now.
  Expected<runtime::Furnished> furnish(const program::View& program) const {
    std::vector<runtime::MapContents> all;
    for (const auto& [name, contents] : maps_) all.push_back(contents);
    return runtime::furnish(program, all);
  }
  Expected<void> take(RunSession& session, const program::View& program,
                      std::vector<MapChange> changes) {
    TRY(std::vector<runtime::MapContents> after, session.maps());
    for (runtime::MapContents& contents : after) {
      if (contents.map.starts_with('.')) continue;  // the program's own
      const auto def = std::ranges::find(program.maps, contents.map, &program::MapDef::name);
      if (def != program.maps.end() && runtime::holds_maps(def->type)) continue;  // never changes
      maps_[contents.map] = std::move(contents);
    }
    for (MapChange& change : changes) note(std::move(change));
    return {};
  }
  std::vector<MapChange> changes() const {
    std::vector<MapChange> all;
    for (const auto& [place, change] : changes_) {
      if (change.before != change.after) all.push_back(change);
    }
    return all;
  }

 private:
  void note(MapChange change) {
    const auto [at, is_new] = changes_.try_emplace({change.map, change.key}, change);
    if (!is_new) at->second.after = std::move(change.after);
  }
  std::map<std::string, runtime::MapContents> maps_;
  std::map<std::pair<std::string, runtime::Bytes>, MapChange> changes_;
};

bool goes_on(const Step& step, const runtime::RunOutput& output) {
  if (output.fault.kind != FaultKind::none) return false;
  const auto value = static_cast<std::uint32_t>(output.return_value);
  return step.continue_on.empty() ||
         std::ranges::find(step.continue_on, value) != step.continue_on.end();
}

/// The first thing that is not as expected, in one line.
std::optional<std::string> difference(const Expectation& expected, const ChainOutput& output,
                                      EngineKind kind) {
  if (output.last.fault.kind != FaultKind::none) return shown(output.last);
  const auto value = static_cast<std::uint32_t>(output.last.return_value);
  if (expected.return_value && value != *expected.return_value) {
    return fmt::format("returns {}, expected {}", value, *expected.return_value);
  }
  if (expected.packet && output.last.packet != *expected.packet) {
    return fmt::format("packet {}, expected {}", report::hex(output.last.packet),
                       report::hex(*expected.packet));
  }
  if (expected.events && kind != EngineKind::kernel && output.events != *expected.events) {
    return fmt::format("{} output events that are not the {} expected", output.events.size(),
                       expected.events->size());
  }
  if (!expected.map_changes) return std::nullopt;
  std::vector<MapChange> wanted = *expected.map_changes;
  std::erase_if(wanted, [&output](const MapChange& change) {
    return std::ranges::find(output.unreadable, change.map) != output.unreadable.end();
  });
  for (const MapChange& change : wanted) {
    if (std::ranges::find(output.changes, change) != output.changes.end()) continue;
    return fmt::format("map {}[{}] does not change as expected", change.map,
                       report::hex(change.key));
  }
  for (const MapChange& change : output.changes) {
    if (std::ranges::find(wanted, change) != wanted.end()) continue;
    return fmt::format("map {}[{}] changes, which was not expected", change.map,
                       report::hex(change.key));
  }
  return std::nullopt;
}

std::string refusal(const WitnessInput& input, EngineKind kind) {
  if (!input.helper_results.empty()) {
    return "depends on the helper result " + input.helper_results.front();
  }
  if (kind == EngineKind::kernel && !input.not_replayable.empty()) {
    return "cannot be arranged: " + input.not_replayable.front();
  }
  return {};
}

/// A refusal of the engine is an answer; what the file does wrong is an error.
Expected<std::optional<ChainOutput>> try_chain(const WitnessFile& file, const WitnessRun& run,
                                               std::span<const program::View> programs,
                                               EngineKind kind, Shown& result) {
  auto output = run_chain(file, run, programs, kind);
  if (output) return std::optional<ChainOutput>(*std::move(output));
  if (output.error().fault() == Fault::bad_input) return std::unexpected(output.error());
  result.text = output.error().line();
  return std::optional<ChainOutput>();
}

bool differs(std::string_view observable, const ChainOutput& a, const ChainOutput& b) {
  if (observable == "return_value") {
    return static_cast<std::uint32_t>(a.last.return_value) !=
           static_cast<std::uint32_t>(b.last.return_value);
  }
  if (observable == "packet") return a.last.packet != b.last.packet;
  if (observable == "maps") return a.changes != b.changes;
  return a.events != b.events;
}

/// Do the runs differ where the file says they do?
Shown judge_differences(const WitnessFile& file, std::span<const ChainOutput> outputs,
                        EngineKind kind) {
  Shown result{"differences", std::string(runtime::name(kind)), Outcome::reproduced, {}};
  std::string list;
  for (const std::string& observable : file.differences) {
    if (observable == "events" && kind == EngineKind::kernel) continue;
    const bool found = std::ranges::any_of(outputs, [&](const ChainOutput& output) {
      return differs(observable, outputs.front(), output);
    });
    list += fmt::format("{}{}: {}", list.empty() ? "" : ", ", observable,
                        found ? "different" : "equal");
    if (!found) result.outcome = Outcome::contradicted;
  }
  result.text = list.empty() ? "nothing to compare on this engine" : list;
  if (list.empty()) result.outcome = Outcome::not_applicable;
  return result;
}

Shown shown_violation(const WitnessFile& file, const object::Image& image,
                      const symex::Finding& finding, EngineKind kind) {
  const symex::Replayed one = symex::replay_on(image, finding, kind);
  return {file.runs.front().name, one.engine, one.outcome, one.text};
}

}  // namespace

Expected<ChainOutput> run_chain(const WitnessFile& file, const WitnessRun& run,
                                std::span<const program::View> programs, EngineKind kind) {
  const WitnessInput& input = file.inputs[run.input];
  World world(input);
  RunItem item{run.name, input.run, 0};
  ChainOutput output;
  for (std::size_t i = 0; i < run.chain.size(); ++i) {
    if (i > 0 && !goes_on(run.chain[i - 1], output.last)) break;
    TRY(const runtime::Furnished furnished, world.furnish(programs[run.chain[i].program]));
    const runtime::StubbedProgram stubbed(furnished.view, input.stubs);
    const program::View& program = stubbed.view();
    TRY(RunSession session, RunSession::load(program, {{kind}}, {}, runtime::NetworkChoice::fresh));
    for (const runtime::MapContents& contents : furnished.contents) TRY(session.seed(contents));
    TRY(ItemResult result, session.run(item));
    EngineResult& one = result.engines.front();
    TRY(world.take(session, program, std::move(one.changes)));
    for (const program::MapDef& map : program.maps) {
      if (!session.reads(map.name)) output.unreadable.emplace_back(map.name);
    }
    std::ranges::move(one.output.events, std::back_inserter(output.events));
    output.last = std::move(one.output);
    item.input.packet = output.last.packet;
    item.input.metadata_size =
        std::min(item.input.metadata_size, static_cast<std::uint32_t>(item.input.packet.size()));
  }
  output.changes = world.changes();
  return output;
}

Expectation expectation_of(const ChainOutput& output) {
  Expectation expected;
  expected.return_value = static_cast<std::uint32_t>(output.last.return_value);
  expected.packet = output.last.packet;
  expected.map_changes = output.changes;
  expected.events = output.events;
  return expected;
}

Expected<symex::Finding> finding_of(const WitnessFile& file) {
  const WitnessRun& run = file.runs.front();
  symex::Finding finding;
  bool known = false;
  for (std::size_t i = 0; i < max_property_number && !known; ++i) {
    finding.property = static_cast<symex::Property>(i);
    known = symex::name(finding.property) == file.property;
  }
  if (!known || file.runs.size() != 1 || run.chain.size() != 1) {
    return error(Fault::bad_input,
                 fmt::format("property \"{}\" of {} runs is not one that a single program breaks",
                             file.property, file.runs.size()));
  }
  const WitnessInput& input = file.inputs[run.input];
  finding.slot = run.expected.slot;
  finding.text = file.text;
  finding.return_value = run.expected.return_value.value_or(0);
  finding.witness.input = input.run;
  finding.witness.maps = input.maps;
  finding.witness.stubs = input.stubs;
  finding.witness.helper_results = input.helper_results;
  finding.witness.not_replayable = input.not_replayable;
  return finding;
}

WitnessInput input_of(const symex::Witness& witness) {
  return {witness.input, witness.maps, witness.stubs, witness.helper_results,
          witness.not_replayable};
}

Expected<std::vector<Shown>> rerun(const WitnessFile& file, std::span<const object::Image> images,
                                   EngineKind kind) {
  std::vector<program::View> programs;
  for (const object::Image& image : images) programs.push_back(image.view());
  std::vector<Shown> all;
  std::vector<ChainOutput> outputs;
  for (const WitnessRun& run : file.runs) {
    TRY(require_maps(file.inputs[run.input], run, programs));
    Shown result{run.name, std::string(runtime::name(kind)), Outcome::not_applicable, {}};
    result.text = refusal(file.inputs[run.input], kind);
    const bool fails = run.expected.effect == Effect::fails;
    bool go_on = result.text.empty();
    if (go_on && fails) {
      TRY(const symex::Finding finding, finding_of(file));
      const object::Image& image = images[run.chain.front().program];
      if (finding.slot >= image.slots.size()) {
        return error(Fault::bad_input, fmt::format("slot {} of a program of {} slots", finding.slot,
                                                   image.slots.size()));
      }
      if (kind != EngineKind::kernel) result = shown_violation(file, image, finding, kind);
      const bool kernel_shows = symex::shows_on_kernel(finding.property);
      if (!kernel_shows && result.text.empty()) result.text = "the kernel refuses such a program";
      go_on = run.expected.packet.has_value() && kernel_shows &&
              (kind == EngineKind::kernel || result.outcome == Outcome::reproduced);
    }
    if (go_on) {
      TRY(const std::optional<ChainOutput> output, try_chain(file, run, programs, kind, result));
      if (output) {
        const auto wrong = difference(run.expected, *output, kind);
        result.outcome = wrong ? Outcome::contradicted : Outcome::reproduced;
        result.text = wrong.value_or(fails && kind != EngineKind::kernel
                                         ? result.text + "; deployed, " + shown(output->last)
                                         : shown(output->last));
        outputs.push_back(*output);
      }
    }
    all.push_back(std::move(result));
  }
  if (!file.differences.empty() && outputs.size() == file.runs.size()) {
    all.push_back(judge_differences(file, outputs, kind));
  }
  return all;
}

}  // namespace probity::replay
