// SPDX-License-Identifier: Apache-2.0
// The HTML page of one `interact`, and its findings as a SARIF log wants them:
// pairs whose order matters are counterexamples, what was not decided is open.
#pragma once

#include <string>
#include <vector>

#include "cli/interact_report.hpp"
#include "interact/footprint.hpp"
#include "interact/subject.hpp"
#include "report/json.hpp"

namespace probity::cli {

/// What an `interact` came to.
struct InteractRun {
  const std::vector<interact::Subject>& subjects;
  const std::vector<interact::Footprint>& footprints;
  const std::vector<PairResult>& pairs;
};

/// `findings` and `unknowns` with their places.
report::Json interact_log(const InteractRun& run);

/// `details` are those of the finished document, `log` is that of
/// interact_log().
std::string interact_page(const InteractRun& run, const report::Json& details,
                          const report::Json& log);

}  // namespace probity::cli
