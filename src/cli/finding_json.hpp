// SPDX-License-Identifier: Apache-2.0
// Findings and unknowns as JSON with their places, the same for every verb:
// pages and SARIF logs are made from it. Where several programs ran, `artifact`
// says whose slot it is, counted from 0.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "report/json.hpp"
#include "symex/finding.hpp"
#include "symex/replay.hpp"

namespace probity::cli {

/// The programs of a run, and which of them each stage of its exploration runs.
struct Cast {
  std::vector<program::View> programs;
  std::vector<std::uint32_t> by_stage{0};

  std::uint32_t of(std::uint32_t stage) const {
    return stage < by_stage.size() ? by_stage[stage] : 0;
  }
};

/// The place of an insn: what an editor needs to go there.
report::Json place_json(const Cast& cast, std::uint32_t stage, std::uint32_t slot);
/// Each branch: its place, and whether it was taken.
report::Json trail_json(const Cast& cast, std::span<const symex::TrailStep> steps);
report::Json witness_json(const symex::Witness& witness);

/// `files`: what the names of the witness files begin with, or empty.
report::Json finding_json(const Cast& cast, const symex::Finding& finding,
                          std::span<const symex::Replayed> replays, const std::string& files);
report::Json unknown_json(const Cast& cast, const symex::Unknowing& unknown);

}  // namespace probity::cli
