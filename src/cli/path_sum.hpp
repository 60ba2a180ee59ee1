// SPDX-License-Identifier: Apache-2.0
// The sum of an exploration: every path that began has ended with a verdict. Each verb that
// explores demands it before it reports, and shows it.
#pragma once

#include "base/diagnostic.hpp"
#include "report/document.hpp"
#include "symex/finding.hpp"

namespace probity::cli {

/// Fault::bug when a path was dropped, or when paths and findings contradict each other.
Expected<void> require_sum(const symex::Exploration& exploration);

/// The sum as text, and as `paths` in the details.
void report_sum(report::Document& document, const symex::PathCounts& counts);

}  // namespace probity::cli
