// SPDX-License-Identifier: Apache-2.0
// A violated access shows as a fault of the interpreter at the same slot. Specifications show as
// recorded events of the reserved helpers. What the interpreter defines although a program must not
// rely on it (registers and stack start as zero) is confirmed by a probe: a copy of the program
// records an event where the violating insn stood.
#include "symex/replay.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "program/spec_call.hpp"
#include "runtime/engine.hpp"
#include "runtime/furnished.hpp"
#include "runtime/spec_run.hpp"
#include "symex/arrange.hpp"

namespace probity::symex {
namespace {

using runtime::RunOutput;

Expected<RunOutput> run_on(runtime::EngineKind kind, const program::View& program,
                           const Witness& witness) {
  TRY(const runtime::Furnished furnished, runtime::furnish(program, witness.maps));
  const runtime::StubbedProgram stubbed(furnished.view, witness.stubs);
  TRY(const auto engine, kind == runtime::EngineKind::kernel
                             ? runtime::load_kernel(stubbed.view())
                             : runtime::load_engine(kind, stubbed.view(), {}));
  TRY(runtime::write_maps(*engine, furnished));
  return engine->run(witness.input);
}

std::string outcome_text(const RunOutput& output) {
  if (output.fault.kind != runtime::FaultKind::none) {
    return fmt::format("fault at slot {}: {}", output.fault.slot, output.fault.text);
  }
  return fmt::format("returns {} ({} bytes out)", static_cast<std::uint32_t>(output.return_value),
                     output.packet.size());
}

/// Did the statement at `slot` fail in this run?
bool spec_failed(const RunOutput& output, std::uint32_t slot) {
  return std::ranges::any_of(output.events, [&](const runtime::OutputEvent& event) {
    return event.helper == runtime::violation_event && event.values.at(0) == slot;
  });
}

/// Did the run break an assumption, so that it says nothing?
bool assumption_broken(const RunOutput& output) {
  return std::ranges::any_of(output.events, [](const runtime::OutputEvent& event) {
    return event.helper == runtime::assumption_event && event.values.at(0) == 0;
  });
}

/// Is the violation one that the interpreter must trap on?
bool traps(Property property) {
  switch (property) {
    case Property::memory_bounds:
    case Property::null_pointer:
    case Property::not_a_pointer:
    case Property::write_permission:
    case Property::ctx_access:
    case Property::call_depth:
    case Property::helper_argument: return true;
    case Property::initialised_register:
    case Property::initialised_stack:
    case Property::return_value:
    case Property::assertion:
    case Property::stale_pointer:
    case Property::alignment:
    case Property::references:
    case Property::kernel_contract:
    case Property::relation: return false;
  }
  return false;
}

Replayed judge(const Finding& finding, const RunOutput& output, std::string_view engine) {
  Replayed result{std::string(engine), Outcome::contradicted, outcome_text(output)};
  const bool faulted = output.fault.kind != runtime::FaultKind::none;
  if (assumption_broken(output)) {
    result.text += "; an assumption does not hold";
    return result;
  }
  if (traps(finding.property)) {
    if (faulted && output.fault.slot == finding.slot) result.outcome = Outcome::reproduced;
    return result;
  }
  if (faulted) return result;
  if (finding.property == Property::assertion && spec_failed(output, finding.slot)) {
    result.outcome = Outcome::reproduced;
  }
  if (finding.property == Property::return_value &&
      static_cast<std::uint32_t>(output.return_value) == finding.return_value) {
    result.outcome = Outcome::reproduced;
  }
  return result;
}

/// Runs a copy that records an event at the violating slot instead of executing the insn.
Replayed probe(const object::Image& image, const Finding& finding, runtime::EngineKind kind) {
  Replayed result{std::string(runtime::name(kind)), Outcome::not_applicable, {}};
  std::vector<program::MapDef> maps;
  std::vector<bpf::Slot> slots = image.slots;
  slots[finding.slot] = {0x85, 0, 0, static_cast<std::int32_t>(program::SpecCall::probe)};
  program::View view = with_specs(image, maps);
  view.slots = slots;
  const auto output = run_on(kind, view, finding.witness);
  if (!output) {
    result.text = output.error().line();
    return result;
  }
  const bool reached = std::ranges::any_of(output->events, [&](const runtime::OutputEvent& event) {
    return event.helper == runtime::probe_event && event.values.at(0) == finding.slot;
  });
  result.outcome = reached ? Outcome::reproduced : Outcome::contradicted;
  result.text = reached ? fmt::format("reaches slot {}", finding.slot) : outcome_text(*output);
  return result;
}

bool needs_probe(Property property) {
  return property == Property::initialised_register || property == Property::initialised_stack ||
         property == Property::stale_pointer || property == Property::alignment ||
         property == Property::references || property == Property::kernel_contract;
}

/// On an engine of this process, with the specifications switched on.
Replayed on_engine(const object::Image& image, const Finding& finding, runtime::EngineKind kind,
                   std::optional<RunOutput>& output_of_run) {
  const std::string name(runtime::name(kind));
  if (!finding.witness.helper_results.empty()) {
    const std::string& first = finding.witness.helper_results.front();
    return {name, Outcome::not_applicable, "depends on the helper result " + first};
  }
  std::vector<program::MapDef> maps;
  auto output = run_on(kind, with_specs(image, maps), finding.witness);
  if (!output) return {name, Outcome::not_applicable, std::string(output.error().line())};
  output_of_run = *output;
  if (needs_probe(finding.property)) return probe(image, finding, kind);
  return judge(finding, *output, name);
}

/// A run of the program as it is deployed; the error says what could not be arranged.
Expected<RunOutput> run_deployed(const object::Image& image, const Witness& witness,
                                 std::string_view engine_name) {
  const bool kernel = engine_name == "kernel";
  if (kernel && !witness.not_replayable.empty()) {
    return error(Fault::unsupported, "cannot be arranged: " + witness.not_replayable.front());
  }
  if (const std::string reason = kernel ? runtime::kernel_unavailable_reason() : std::string();
      !reason.empty()) {
    return error(Fault::unsupported, reason);
  }
  const auto kind = kernel ? runtime::EngineKind::kernel : runtime::EngineKind::interp;
  return run_on(kind, image.view(), witness);
}

Replayed on_kernel(const object::Image& image, const Finding& finding, const RunOutput& expected) {
  const auto output = run_deployed(image, finding.witness, "kernel");
  if (!output) return {"kernel", Outcome::not_applicable, std::string(output.error().line())};
  const bool same = static_cast<std::uint32_t>(output->return_value) ==
                        static_cast<std::uint32_t>(expected.return_value) &&
                    output->packet == expected.packet;
  return {"kernel", same ? Outcome::reproduced : Outcome::contradicted, outcome_text(*output)};
}

/// Of the crowded witnesses the first that shows the finding; else the finding as it is.
Finding arranged(const object::Image& image, const Finding& finding) {
  if (!needs_crowding(finding.witness)) return finding;
  for (std::uint32_t bytes = most_metadata; bytes != 0; bytes -= metadata_step) {
    Finding attempt = finding;
    attempt.witness = crowded(finding.witness, bytes);
    std::optional<RunOutput> output;
    if (on_engine(image, attempt, runtime::EngineKind::interp, output).outcome ==
        Outcome::reproduced)
      return attempt;
  }
  return finding;
}

}  // namespace

program::View with_specs(const object::Image& image, std::vector<program::MapDef>& maps) {
  maps = image.maps;
  for (program::MapDef& map : maps) {
    if (map.name != program::specs_section) continue;
    map.initial = std::span(program::specs_on)
                      .first(std::min<std::size_t>(map.value_size, program::max_specs_bytes));
  }
  program::View view = image.view();
  view.maps = maps;
  return view;
}

std::vector<Replayed> replay(const object::Image& image, const Finding& found,
                             UseKernel use_kernel) {
  const Finding finding = arranged(image, found);
  std::optional<RunOutput> output;
  std::vector<Replayed> results{on_engine(image, finding, runtime::EngineKind::interp, output)};
  if (use_kernel == UseKernel::yes && output && output->fault.kind == runtime::FaultKind::none &&
      !traps(finding.property) && !needs_probe(finding.property)) {
    results.push_back(on_kernel(image, finding, *output));
  }
  return results;
}

Replayed replay_entry(const object::Image& function, const Finding& finding) {
  Replayed result{"interp", Outcome::not_applicable, {}};
  if (!finding.witness.helper_results.empty()) {
    result.text = "depends on the helper result " + finding.witness.helper_results.front();
    return result;
  }
  std::vector<program::MapDef> maps;
  const program::View view = with_specs(function, maps);
  const auto output = run_on(runtime::EngineKind::interp, view, finding.witness);
  if (!output) {
    result.text = output.error().line();
    return result;
  }
  const bool considered = output->fault.kind == runtime::FaultKind::none &&
                          static_cast<std::uint32_t>(output->return_value) != 0 &&
                          !assumption_broken(*output);
  result.outcome = considered ? Outcome::reproduced : Outcome::contradicted;
  result.text = fmt::format("assumption {}: {}", function.name, outcome_text(*output));
  return result;
}

Replayed replay_on(const object::Image& image, const Finding& finding, runtime::EngineKind kind) {
  std::optional<RunOutput> output;
  return on_engine(image, arranged(image, finding), kind, output);
}

bool shows_on_kernel(Property property) {
  return !traps(property) && !needs_probe(property);
}

namespace {

Replayed run_case(const object::Image& image, const PathCase& path, std::string_view engine_name) {
  Replayed result{std::string(engine_name), Outcome::not_applicable, {}};
  if (!path.witness.helper_results.empty()) {
    result.text = "depends on the helper result " + path.witness.helper_results.front();
    return result;
  }
  const auto output = run_deployed(image, path.witness, engine_name);
  if (!output) {
    result.text = output.error().line();
    return result;
  }
  const bool same = output->fault.kind == runtime::FaultKind::none &&
                    static_cast<std::uint32_t>(output->return_value) == path.return_value &&
                    output->packet == path.packet;
  result.outcome = same ? Outcome::reproduced : Outcome::contradicted;
  result.text = fmt::format("{}; predicted {} ({} bytes out)", outcome_text(*output),
                            path.return_value, path.packet.size());
  return result;
}

/// Of the crowded inputs the first that leads along the path; else the path as it is.
PathCase arranged(const object::Image& image, const PathCase& path) {
  if (!needs_crowding(path.witness)) return path;
  for (std::uint32_t bytes = most_metadata; bytes != 0; bytes -= metadata_step) {
    PathCase attempt = path;
    attempt.witness = crowded(path.witness, bytes);
    attempt.packet.insert(attempt.packet.begin(), bytes, 0);
    if (run_case(image, attempt, "interp").outcome == Outcome::reproduced) return attempt;
  }
  return path;
}

}  // namespace

Replayed replay_case(const object::Image& image, const PathCase& path,
                     std::string_view engine_name) {
  return run_case(image, arranged(image, path), engine_name);
}

}  // namespace probity::symex
