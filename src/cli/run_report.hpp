// SPDX-License-Identifier: Apache-2.0
// The results of `probity run` as a document: one block per packet, and where two engines ran, what
// differs. The JSON shape is described in docs/json.md.
#pragma once

#include <span>

#include "cli/verb.hpp"
#include "replay/run_session.hpp"
#include "report/document.hpp"

namespace probity::cli {

using replay::EngineResult;
using replay::ItemResult;
using replay::RunItem;

struct RunReport {
  program::View program;
  std::vector<std::string> engines;
  std::vector<std::string> notes;
  std::vector<RunItem> items;
  std::vector<ItemResult> results;  ///< parallel to items
};

void describe_run(const RunReport& report, report::Document& document);

/// 1 when engines disagree or a program faults, 2 when fuel ran out or something is not modelled,
/// else 0.
Outcome run_outcome(const RunReport& report);

}  // namespace probity::cli
