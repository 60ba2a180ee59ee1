// SPDX-License-Identifier: Apache-2.0
// See check_page.hpp.
#include "cli/check_page.hpp"

#include <fmt/format.h>

#include "cli/exploration_flags.hpp"
#include "cli/run_page.hpp"

namespace probity::cli {

using report::Json;

namespace {

Json member(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  return found == nullptr ? Json() : *found;
}

std::span<const Json> list_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  const auto* list = found == nullptr ? nullptr : found->get<Json::Array>();
  return list == nullptr ? std::span<const Json>() : std::span<const Json>(*list);
}

}  // namespace

std::string check_page(const Json& details, const object::Image& image,
                       const symex::Exploration& exploration, const symex::Options& options) {
  const Json verdict = member(details, "verdict");
  const auto* word = verdict.get<std::string>();
  RunPage page(fmt::format("check {}", image.name),
               fmt::format("{}, section {}", program::name(image.type), image.section),
               word == nullptr ? "unknown" : *word, {{image.view()}});
  const symex::Statistics& s = exploration.statistics;
  page.fact("program", fmt::format("{}, {} slots, {} maps", image.name, image.slots.size(),
                                   image.maps.size()));
  page.fact("packets", packets_text(options));
  page.fact("mode", options.mode == symex::Mode::safety ? "safety" : "strict");
  page.fact("executed", fmt::format("{} insns, {} forks", s.insns, s.forks));
  page.fact("solver", fmt::format("{} checks (worst {:.3f} s), {:.3f} s CPU in all",
                                  s.solver_checks, s.worst_query_seconds, s.cpu_seconds));
  page.sum(member(details, "paths"));
  page.set("sites", member(details, "sites"));
  page.set("specs", member(details, "specs"));
  page.notes(exploration.notes);
  for (const Json& finding : list_of(details, "findings")) page.finding(finding, {});
  for (const Json& unknown : list_of(details, "unknowns")) page.unknown(unknown);
  page.paths(exploration);
  return page.render();
}

}  // namespace probity::cli
