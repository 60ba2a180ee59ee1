// SPDX-License-Identifier: Apache-2.0
// The findings of a run as a SARIF 2.1.0 log (OASIS, Static Analysis Results Interchange Format):
// refuted is a failure with level error, its branches are a code flow; undecided is kind open. The
// source is the JSON that a verb puts into its details: `findings` and `unknowns` with their
// places, so every verb with these members can have one.
#pragma once

#include <string>
#include <vector>

#include "report/json.hpp"

namespace probity::cli {

struct SarifArtifact {
  std::string object;   ///< path of the object file
  std::string sha256;   ///< of it
  std::string program;  ///< function
};

/// What was analysed; a place names its artifact by its number.
struct SarifSubject {
  std::vector<SarifArtifact> artifacts;
  int exit_status = 0;
};

/// The log, pretty-printed.
std::string sarif_log(const report::Json& details, const SarifSubject& subject);

}  // namespace probity::cli
