// SPDX-License-Identifier: Apache-2.0
// What is told in the same way of every counterexample: the input, what an engine
// said, the member of a witness file that must differ, and where in which program something is.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "object/image.hpp"
#include "replay/witness_file.hpp"
#include "report/json.hpp"
#include "symex/finding.hpp"
#include "symex/replay.hpp"

namespace probity::cli {

/// E.g. "reproduced".
std::string_view outcome_text(symex::Outcome outcome);

/// A map's entries, a line each; long lists are cut with a count.
std::string map_text(const runtime::MapContents& contents);

/// The packet in hexadecimal, the maps, and what helpers answered.
std::string input_text(const symex::Witness& witness);

/// One line for each engine.
std::string replays_text(std::span<const symex::Replayed> replays);
report::Json replays_json(std::span<const symex::Replayed> replays);

replay::WitnessInput input_of(const symex::Witness& witness);

/// In what two runs of a witness file must differ; empty: the file cannot say it.
std::vector<std::string> witness_members(std::string_view observable);

/// E.g. "B, lb.c:12: return XDP_TX; (slot 40)".
std::string place_in(std::string_view program, const object::Image& image, std::uint32_t slot);

}  // namespace probity::cli
