// SPDX-License-Identifier: Apache-2.0
// The expectation of a test is what the interpreter does with the program as it is deployed; where
// that is not what the path predicts, nothing is written and a bug of ours is reported.
#include "cli/emit_tests.hpp"

#include <fmt/format.h>

#include "cli/file_name.hpp"
#include "cli/source_place.hpp"
#include "replay/rerun.hpp"
#include "replay/verdict_name.hpp"

namespace probity::cli {
namespace {

/// How the path goes: "12 branches, the last at fw.c:77:20".
std::string way(const program::View& program, const symex::PathCase& path) {
  if (path.trail.empty()) return "straight from the entry";
  return fmt::format("{} branches, the last at {}", path.trail.size(),
                     place_of(program, path.trail.back().slot));
}

}  // namespace

Expected<EmittedTests> emit_tests(const std::string& folder, const std::string& object_path,
                                  const object::Image& image,
                                  const symex::Exploration& exploration) {
  const program::View program = image.view();
  TRY(const replay::NamedProgram named, replay::name_program(object_path, program));
  EmittedTests result;
  for (std::size_t i = 0; i < exploration.cases.size(); ++i) {
    const symex::PathCase& path = exploration.cases[i];
    if (!path.witness.helper_results.empty()) {
      ++result.helper_results;
      continue;
    }
    replay::WitnessFile file;
    file.made_by = "check";
    file.property = "path";
    file.programs = {named};
    file.inputs = {replay::input_of(path.witness)};
    file.runs = {{fmt::format("path {}", i + 1), 0, {{0, {}}}, {}}};
    TRY(const replay::ChainOutput output,
        replay::run_chain(file, file.runs.front(), {&program, 1}, runtime::EngineKind::interp));
    const auto value = static_cast<std::uint32_t>(output.last.return_value);
    if (output.last.fault.kind != runtime::FaultKind::none || value != path.return_value ||
        output.last.packet != path.packet) {
      result.different.push_back(
          fmt::format("path {} returns {} with {} bytes, predicted {} with {} bytes", i + 1, value,
                      output.last.packet.size(), path.return_value, path.packet.size()));
      continue;
    }
    file.text =
        fmt::format("{}: {}", replay::verdict_text(program.type, value), way(program, path));
    file.runs.front().expected = replay::expectation_of(output);
    const std::string name =
        fmt::format("{}/{}-{:04}.json", folder, file_name(program.name), i + 1);
    TRY(replay::write_witness(file, name));
    ++result.written;
  }
  return result;
}

}  // namespace probity::cli
