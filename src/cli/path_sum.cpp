// SPDX-License-Identifier: Apache-2.0
// See path_sum.hpp.
#include "cli/path_sum.hpp"

#include <fmt/format.h>

namespace probity::cli {

using report::Json;

Expected<void> require_sum(const symex::PathCounts& counts, std::string_view verb) {
  if (symex::adds_up(counts)) return {};
  return error(Fault::bug, fmt::format("{}: the paths do not add up: {} began, {} were dropped "
                                       "without a verdict (please report it)",
                                       verb, counts.begun, counts.of(symex::PathVerdict::dropped)));
}

Expected<void> require_sum(const symex::Exploration& exploration, std::string_view verb) {
  const symex::PathCounts& counts = exploration.counts;
  TRY(require_sum(counts, verb));
  const bool refuted = counts.of(symex::PathVerdict::refuted) > 0;
  const bool unknown = counts.of(symex::PathVerdict::unknown) > 0;
  if (refuted == !exploration.findings.empty() && (!unknown || !exploration.unknowns.empty())) {
    return {};
  }
  return error(
      Fault::bug,
      fmt::format("{}: {} paths are refuted with {} findings, {} unknown with {} "
                  "reasons (please report it)",
                  verb, counts.of(symex::PathVerdict::refuted), exploration.findings.size(),
                  counts.of(symex::PathVerdict::unknown), exploration.unknowns.size()));
}

std::string sum_text(const symex::PathCounts& counts) {
  std::string text = fmt::format("{} =", counts.begun);
  for (std::size_t i = 0; i < symex::path_verdict_count; ++i) {
    const auto verdict = static_cast<symex::PathVerdict>(i);
    const std::uint64_t count = counts.of(verdict);
    const bool always = i <= static_cast<std::size_t>(symex::PathVerdict::unknown);
    if (!always && count == 0) continue;
    text += fmt::format("{} {} {}", i == 0 ? "" : " +", count, symex::name(verdict));
  }
  return text;
}

Json sum_json(const symex::PathCounts& counts) {
  Json json = Json::object({{"explored", counts.begun}});
  for (std::size_t i = 0; i < symex::path_verdict_count; ++i) {
    const auto verdict = static_cast<symex::PathVerdict>(i);
    json[symex::name(verdict)] = counts.of(verdict);
  }
  json["causes"] = Json::object({});
  for (const auto& [cause, count] : counts.causes) json["causes"][cause] = count;
  return json;
}

void report_sum(report::Document& document, Json& details, const symex::PathCounts& counts) {
  document.fields({{"paths", sum_text(counts)}});
  for (const auto& [cause, count] : counts.causes) {
    document.fields({{fmt::format("  {} unknown", count), cause}});
  }
  details["paths"] = sum_json(counts);
}

}  // namespace probity::cli
