// SPDX-License-Identifier: Apache-2.0
// Running a WitnessFile again: each of its runs on an engine, and whether that shows what the file
// expects. A violation is looked for with the specifications switched on; what comes out is
// compared with the program as it is deployed. An engine that cannot be asked says why.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "object/image.hpp"
#include "replay/witness_file.hpp"
#include "symex/finding.hpp"
#include "symex/replay.hpp"

namespace probity::replay {

/// What a chain of programs left behind.
struct ChainOutput {
  runtime::RunOutput last;                   ///< of the last program that ran
  std::vector<MapChange> changes;            ///< of the whole chain, by map and key
  std::vector<runtime::OutputEvent> events;  ///< of all programs, in order
  std::vector<std::string> unreadable;       ///< maps whose entries the engine cannot read
};

/// Runs the programs of `run` as they are deployed. `programs` are those of the file, in order.
Expected<ChainOutput> run_chain(const WitnessFile& file, const WitnessRun& run,
                                std::span<const program::View> programs, runtime::EngineKind kind);

/// The expectation that `output` meets.
Expectation expectation_of(const ChainOutput& output);

/// What one engine showed.
struct Shown {
  std::string run;  ///< name of the run; "differences" for what the runs say together
  std::string engine;
  symex::Outcome outcome = symex::Outcome::not_applicable;
  std::string text;  ///< one line: what the engine did, or why it was not asked
};

/// Every run of the file on one engine. An error is one of the file: a map that no program has.
Expected<std::vector<Shown>> rerun(const WitnessFile& file, std::span<const object::Image> images,
                                   runtime::EngineKind kind);

/// An input in the words of the file.
WitnessInput input_of(const symex::Witness& witness);

/// The finding that a file with one run that fails describes; an error names an unknown property.
Expected<symex::Finding> finding_of(const WitnessFile& file);

}  // namespace probity::replay
