// SPDX-License-Identifier: Apache-2.0
// See path_sum.hpp.
#include "cli/path_sum.hpp"

#include <fmt/format.h>

namespace probity::cli {

using report::Json;

Expected<void> require_sum(const symex::Exploration& exploration) {
  const symex::PathCounts& counts = exploration.counts;
  const std::uint64_t dropped = counts.of(symex::PathVerdict::dropped);
  if (!symex::adds_up(counts)) {
    return error(Fault::bug,
                 fmt::format("check: the paths do not add up: {} began, {} were dropped "
                             "without a verdict (please report it)",
                             counts.begun, dropped));
  }
  const bool refuted = counts.of(symex::PathVerdict::refuted) > 0;
  const bool unknown = counts.of(symex::PathVerdict::unknown) > 0;
  if (refuted == !exploration.findings.empty() && (!unknown || !exploration.unknowns.empty())) {
    return {};
  }
  return error(Fault::bug,
               fmt::format("check: {} paths are refuted with {} findings, {} unknown with {} "
                           "reasons (please report it)",
                           counts.of(symex::PathVerdict::refuted), exploration.findings.size(),
                           counts.of(symex::PathVerdict::unknown), exploration.unknowns.size()));
}

void report_sum(report::Document& document, const symex::PathCounts& counts) {
  using symex::PathVerdict;
  Json json = Json::object({{"explored", counts.begun}});
  std::string text = fmt::format("{} =", counts.begun);
  for (std::size_t i = 0; i < symex::path_verdict_count; ++i) {
    const auto verdict = static_cast<PathVerdict>(i);
    const std::uint64_t count = counts.of(verdict);
    json[symex::name(verdict)] = count;
    const bool always = i <= static_cast<std::size_t>(PathVerdict::unknown);
    if (!always && count == 0) continue;
    text += fmt::format("{} {} {}", i == 0 ? "" : " +", count, symex::name(verdict));
  }
  json["causes"] = Json::object({});
  for (const auto& [cause, count] : counts.causes) json["causes"][cause] = count;
  document.fields({{"paths", std::move(text)}});
  for (const auto& [cause, count] : counts.causes) {
    document.fields({{fmt::format("  {} unknown", count), cause}});
  }
  document.details()["paths"] = std::move(json);
}

}  // namespace probity::cli
