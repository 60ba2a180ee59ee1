// SPDX-License-Identifier: Apache-2.0
// Obligations discharged by our own solver alone, and a verdict as a word or two.
#pragma once

#include <string>
#include <vector>

#include "proof/proof.hpp"

namespace probity::opt {

using proof::Obligation;
using proof::Result;

inline std::vector<Result> discharged(const std::vector<Obligation>& obligations) {
  proof::Options options;
  options.solver.external = solver::External::none;
  return proof::discharge(obligations, options);
}

inline std::string verdict(const Result& result) {
  if (proof::is_proved(result)) return "proved";
  if (const auto* refuted = std::get_if<proof::Refuted>(&result.verdict)) {
    return "refuted: " + refuted->conclusion;
  }
  return "unknown: " + std::get<proof::Unknown>(result.verdict).reason;
}

}  // namespace probity::opt
