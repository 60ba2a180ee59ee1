// SPDX-License-Identifier: Apache-2.0
// The sum of an exploration: every path that began has ended with a verdict. Each verb that
// explores demands it before it reports, and shows it.
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostic.hpp"
#include "report/document.hpp"
#include "symex/finding.hpp"

namespace probity::cli {

/// Fault::bug when a path was dropped, or when paths and findings contradict
/// each other.
Expected<void> require_sum(const symex::Exploration& exploration, std::string_view verb);
/// The same, when nothing but the sum is known.
Expected<void> require_sum(const symex::PathCounts& counts, std::string_view verb);

/// The sum as text, e.g. "12 = 10 proved + 2 refuted + 0 unknown".
std::string sum_text(const symex::PathCounts& counts);
report::Json sum_json(const symex::PathCounts& counts);

/// The sum as text, and as `paths` in `details`.
void report_sum(report::Document& document, report::Json& details, const symex::PathCounts& counts);

}  // namespace probity::cli
