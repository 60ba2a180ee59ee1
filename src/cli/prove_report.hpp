// SPDX-License-Identifier: Apache-2.0
// How `prove` tells what became of a list of obligations: counts, what was left to the solver, the
// slowest, each refutation with its counterexample, each unknown with its reason.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/verb.hpp"
#include "proof/proof.hpp"
#include "report/document.hpp"

namespace probity::cli {

struct ProveRequest {
  std::string title;  ///< what is proved, e.g. "jit x86_64"
  std::string only;   ///< a glob over names; empty: all
  bool list = false;
  bool cross_check = false;
  bool use_cache = true;
  bool use_external = true;  ///< solvers on PATH, where ours give up
  unsigned jobs = 0;         ///< 0: one per core
  std::uint64_t conflicts = 0;
};

/// The obligations whose name matches the glob: `*` any text, `?` one character, `[…]` one of a
/// set.
std::vector<proof::Obligation> select(std::vector<proof::Obligation> obligations,
                                      const std::string& glob);

/// Lists or discharges the obligations and fills the document.
Expected<Outcome> prove(std::vector<proof::Obligation> obligations, const ProveRequest& request,
                        report::Document& document);

}  // namespace probity::cli
