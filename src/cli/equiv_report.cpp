// SPDX-License-Identifier: Apache-2.0
// Text for a person and the same facts as JSON. What both programs did is told by the engines, not
// by the prediction.
#include "cli/equiv_report.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/exploration_flags.hpp"
#include "cli/exploration_text.hpp"
#include "cli/path_sum.hpp"
#include "cli/run_page.hpp"
#include "cli/side_text.hpp"
#include "object/object.hpp"
#include "replay/verdict_name.hpp"
#include "replay/witness_file.hpp"

namespace probity::cli {
namespace {

using report::Json;
using report::Tone;

std::string_view letter(std::uint32_t stage) {
  return stage == 0 ? "A" : "B";
}

bool is_relation(const symex::Finding& finding) {
  return finding.property == symex::Property::relation;
}

}  // namespace

const object::Image& EquivReport::image(std::uint32_t stage) const {
  return *(stage == 0 ? question_.a : question_.b).image;
}

std::string EquivReport::place(std::uint32_t stage, std::uint32_t slot) const {
  return place_in(letter(stage), image(stage), slot);
}

void EquivReport::overview() {
  const symex::Statistics& s = comparison_.exploration.statistics;
  for (const std::uint32_t stage : {0u, 1u}) {
    const object::Image& program = image(stage);
    document_.fields(
        {{std::string(letter(stage)), fmt::format("{} ({}, section {}), {} slots, {}", program.name,
                                                  program::name(program.type), program.section,
                                                  program.slots.size(), files_[stage])}});
    details_[stage == 0 ? "a" : "b"] = Json::object({{"object", files_[stage]},
                                                     {"program", program.name},
                                                     {"type", program::name(program.type)}});
  }
  document_.fields(
      {{"packets", packets_text(question_.options)}, {"explored", cost_text(s, "paths of both")}});
  report_sum(document_, details_, comparison_.exploration.counts);
  std::vector<std::vector<std::string>> rows;
  Json compared = Json::array();
  for (const auto& [observable, paths] : comparison_.compared) {
    const auto differs = [&](const equiv::Difference& difference) {
      return difference.finding.observable == observable;
    };
    const bool same = std::ranges::none_of(comparison_.differences, differs);
    rows.push_back({observable, fmt::format("{}", paths), same ? "no difference" : "differs"});
    compared.push(Json::object({{"observable", observable}, {"paths", paths}, {"differs", !same}}));
  }
  if (!rows.empty()) document_.table({"compared", "paths", ""}, rows);
  for (const symex::Site& site : comparison_.exploration.sites) {
    constexpr std::array<report::Tally, 3> tallies{report::Tally::proved, report::Tally::refuted,
                                                   report::Tally::unknown};
    document_.count(tallies[static_cast<std::size_t>(site.status)], 1);
  }
  for (const std::string& note : comparison_.exploration.notes) {
    document_.note(Tone::plain, "note: " + note);
  }
  details_["statistics"] = statistics_json(s);
  details_["compared"] = std::move(compared);
  details_["findings"] = Json::array();
}

Expected<std::string> EquivReport::write(const equiv::Difference& difference,
                                         const std::string& folder, std::size_t number) const {
  const symex::Finding& finding = difference.finding;
  replay::WitnessFile file;
  file.made_by = document_.command();
  file.property = is_relation(finding) ? "equivalence" : std::string(symex::name(finding.property));
  file.text = finding.text;
  file.inputs.push_back(input_of(finding.witness));
  for (const std::uint32_t stage : {0u, 1u}) {
    if (!is_relation(finding) && stage != finding.stage) continue;
    TRY(replay::NamedProgram named,
        replay::name_program(object::split_selection(files_[stage]).path, image(stage).view()));
    file.programs.push_back(std::move(named));
    replay::WitnessRun run;
    run.name = letter(stage);
    run.chain.push_back({static_cast<std::uint32_t>(file.programs.size() - 1), {}});
    if (is_relation(finding)) {
      run.expected.return_value = finding.outcomes.at(stage).return_value;
      run.expected.packet = finding.outcomes.at(stage).packet;
    } else {
      run.expected.effect = replay::Effect::fails;
      run.expected.slot = finding.slot;
    }
    file.runs.push_back(std::move(run));
  }
  if (is_relation(finding)) file.differences = witness_members(finding.observable);
  const std::string path = fmt::format("{}/{}-{}.json", folder, prefix_, number);
  TRY(replay::write_witness(file, path));
  return path;
}

Expected<void> EquivReport::findings(const std::string& witness_dir) {
  std::size_t number = 0;
  for (const equiv::Difference& difference : comparison_.differences) {
    const symex::Finding& finding = difference.finding;
    TRY(const std::string path, write(difference, witness_dir, ++number));
    const bool relation = is_relation(finding);
    std::string text;
    if (relation) {
      document_.note(Tone::bad, fmt::format("different: {}", finding.text));
    } else {
      document_.note(Tone::bad, fmt::format("{} is not safe: {}: {}", letter(finding.stage),
                                            symex::name(finding.property), finding.text));
      text = fmt::format("at {}\n", place(finding.stage, finding.slot));
    }
    text += input_text(finding.witness) + replays_text(difference.replays);
    document_.code(text + fmt::format("written to {}", path));
    details_["findings"].push(
        Json::object({{"property", relation ? "equivalence" : symex::name(finding.property)},
                      {"program", relation ? "both" : letter(finding.stage)},
                      {"observable", finding.observable},
                      {"text", finding.text},
                      {"place", relation ? "" : place(finding.stage, finding.slot)},
                      {"witness", replay::json_of(input_of(finding.witness))},
                      {"file", path},
                      {"replays", replays_json(difference.replays)}}));
    std::string files = path.substr(0, path.rfind(".json"));
    Json one = finding_json(cast(), finding, difference.replays, files);
    if (relation) one["property"] = "equivalence";
    log_["findings"].push(std::move(one));
  }
  return {};
}

void EquivReport::unknowns() {
  Json list = Json::array();
  for (const symex::Unknowing& unknown : comparison_.exploration.unknowns) {
    document_.note(Tone::warning, fmt::format("unknown: {} at {}", unknown.reason,
                                              place(unknown.stage, unknown.slot)));
    list.push(Json::object(
        {{"program", letter(unknown.stage)}, {"slot", unknown.slot}, {"reason", unknown.reason}}));
    log_["unknowns"].push(unknown_json(cast(), unknown));
  }
  details_["unknowns"] = std::move(list);
}

void EquivReport::verdict() {
  const bool unsafe = comparison_.is_unsafe(0) || comparison_.is_unsafe(1);
  const auto relation = [](const equiv::Difference& d) { return is_relation(d.finding); };
  const bool differ = std::ranges::any_of(comparison_.differences, relation);
  const bool unknown = !comparison_.exploration.unknowns.empty();
  const bool equal = !unsafe && !differ && !unknown;
  details_["verdict"] = differ || unsafe ? "different" : equal ? "equivalent" : "unknown";
  const symex::Options& options = question_.options;
  const std::string scope =
      fmt::format("for every packet of {}..{} bytes, every ctx and map content", options.min_packet,
                  options.max_packet);
  if (equal) {
    document_.note(Tone::good, fmt::format("equivalent: {} and {} behave the same {}",
                                           image(0).name, image(1).name, scope));
    return;
  }
  if (differ) {
    document_.note(Tone::bad, fmt::format("different: {} and {} can be told apart", image(0).name,
                                          image(1).name));
  }
  if (unknown) {
    document_.note(Tone::warning, fmt::format("unknown: not everything was compared ({} reasons "
                                              "above)",
                                              comparison_.exploration.unknowns.size()));
  }
  if (!unsafe) return;
  const std::string who = comparison_.is_unsafe(0) && comparison_.is_unsafe(1) ? "A and B are"
                          : comparison_.is_unsafe(0)                           ? "A is"
                                                                               : "B is";
  document_.note(Tone::bad,
                 fmt::format("{} not safe on some inputs, so they are not equivalent; they were "
                             "compared on the others{}",
                             who, differ || unknown ? "" : " and behave the same there"));
}

Cast EquivReport::cast() const {
  return {{image(0).view(), image(1).view()}, {0, 1}};
}

std::string EquivReport::page() const {
  const Json* verdict = details_.find("verdict");
  const auto* word = verdict == nullptr ? nullptr : verdict->get<std::string>();
  RunPage page(fmt::format("equiv {} and {}", image(0).name, image(1).name),
               fmt::format("{}: {} and {}", program::name(image(0).type), files_[0], files_[1]),
               word == nullptr ? "unknown" : *word, cast(), {"A", "B"});
  for (const std::uint32_t stage : {0u, 1u}) {
    page.fact(letter(stage), fmt::format("{}, {} slots, {} maps", image(stage).name,
                                         image(stage).slots.size(), image(stage).maps.size()));
  }
  page.fact("packets", packets_text(question_.options));
  const symex::Exploration& exploration = comparison_.exploration;
  page.fact("explored", cost_text(exploration.statistics, "paths of both"));
  page.sum(sum_json(exploration.counts));
  page.notes(exploration.notes);
  std::vector<std::vector<std::string>> rows;
  for (const auto& [observable, paths] : comparison_.compared) {
    rows.push_back({observable, fmt::format("{}", paths)});
  }
  page.table("Compared", {"observable", "paths"}, std::move(rows));
  const auto list = [&](std::string_view name) {
    const Json* found = log_.find(name);
    const auto* elements = found == nullptr ? nullptr : found->get<Json::Array>();
    return elements == nullptr ? std::span<const Json>() : std::span<const Json>(*elements);
  };
  for (std::size_t i = 0; i < list("findings").size(); ++i) {
    Json runs = Json::array();
    const auto& outcomes = comparison_.differences[i].finding.outcomes;
    for (std::uint32_t stage = 0; stage < outcomes.size(); ++stage) {
      const std::string text = replay::verdict_text(image(0).type, outcomes[stage].return_value);
      runs.push(run_json(letter(stage), fmt::format("returns {}", text), outcomes[stage].packet));
    }
    page.finding(list("findings")[i], std::move(runs));
  }
  for (const Json& unknown : list("unknowns")) page.unknown(unknown);
  page.paths(exploration);
  return page.render();
}

Outcome EquivReport::outcome() const {
  if (comparison_.contradicted()) return Outcome::bug;
  if (!comparison_.differences.empty()) return Outcome::refuted;
  return comparison_.exploration.unknowns.empty() ? Outcome::holds : Outcome::unknown;
}

}  // namespace probity::cli
