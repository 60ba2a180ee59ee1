// SPDX-License-Identifier: Apache-2.0
// What an exploration cost, in the same words for every verb: one line for a person, `statistics`
// in the details.
#pragma once

#include <string>
#include <string_view>

#include "report/json.hpp"
#include "symex/finding.hpp"

namespace probity::cli {

/// E.g. "12 paths, 340 insns, 5 solver checks (worst 0.002 s), 0.013 s CPU"; `paths` is the word
/// for them.
std::string cost_text(const symex::Statistics& statistics, std::string_view paths = "paths");

report::Json statistics_json(const symex::Statistics& statistics);

}  // namespace probity::cli
