// SPDX-License-Identifier: Apache-2.0
// Coverage comes before the verdict: "nothing was violated" means little of a specification that
// says little.
#include "cli/check_against.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/equiv_report.hpp"
#include "cli/flags.hpp"
#include "cli/path_sum.hpp"
#include "cli/program_source.hpp"
#include "cli/side_text.hpp"
#include "equiv/specification.hpp"
#include "symex/flow.hpp"

namespace probity::cli {
namespace {

using report::Json;
using report::Tone;

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "0 %" : fmt::format("{:.0f} %", 100.0 * double(part) / double(whole));
}

/// Which share of the paths the specification says something about.
Json report_coverage(report::Document& document, const equiv::SpecResult& result) {
  const equiv::Coverage& coverage = result.coverage;
  const bool program_first = result.program_stage == 0;
  const std::uint64_t spoken = coverage.paths - coverage.silent;
  document.fields(
      {{"specification", fmt::format("says something of {} of {} paths ({}); {} alone has {}",
                                     spoken, coverage.paths, percent(spoken, coverage.paths),
                                     program_first ? "the program" : "it", coverage.first_paths)}});
  std::vector<std::vector<std::string>> rows;
  Json observables = Json::array();
  for (const auto& [observable, count] : coverage.by_observable) {
    rows.push_back({observable, fmt::format("{}", count.said), fmt::format("{}", count.partly),
                    fmt::format("{}", coverage.paths - count.said - count.partly),
                    percent(count.said + count.partly, coverage.paths)});
    observables.push(
        Json::object({{"observable", observable}, {"said", count.said}, {"partly", count.partly}}));
  }
  if (!rows.empty()) {
    document.table({"specified", "paths", "for some inputs", "left open", "share"}, rows);
  }
  return Json::object(
      {{"paths", coverage.paths},
       {program_first ? "program_paths" : "specification_paths", coverage.first_paths},
       {"silent", coverage.silent},
       {"observables", std::move(observables)}});
}

Expected<std::string> write_witness(const Checked& checked, const symex::Finding& finding,
                                    const symex::StageOutcome& expected, std::size_t number) {
  replay::WitnessFile file;
  file.made_by = "check";
  file.property = "specification";
  file.text = finding.text;
  file.inputs.push_back(input_of(finding.witness));
  TRY(replay::NamedProgram named,
      replay::name_program(object::split_selection(checked.file).path, checked.image.view()));
  file.programs.push_back(std::move(named));
  replay::WitnessRun run;
  run.name = checked.image.name;
  run.chain.push_back({0, {}});
  run.expected.return_value = expected.return_value;
  run.expected.packet = expected.packet;
  file.runs.push_back(std::move(run));
  const std::string path = fmt::format("{}/spec-{}.json", checked.witness_dir, number);
  TRY(replay::write_witness(file, path));
  return path;
}

Expected<Json> report_deviations(const Checked& checked, const equiv::SpecResult& result,
                                 report::Document& document) {
  Json findings = Json::array();
  std::size_t number = 0;
  for (const equiv::Deviation& deviation : result.deviations) {
    const symex::Finding& finding = deviation.finding;
    TRY(const std::string path,
        write_witness(checked, finding, finding.outcomes.at(result.program_stage), ++number));
    document.note(Tone::bad, fmt::format("refuted: specification: {}", finding.text));
    document.code(input_text(finding.witness) + replays_text(deviation.replays) +
                  fmt::format("written to {}", path));
    findings.push(Json::object({{"observable", finding.observable},
                                {"text", finding.text},
                                {"witness", replay::json_of(input_of(finding.witness))},
                                {"file", path},
                                {"replays", replays_json(deviation.replays)}}));
  }
  return findings;
}

Json report_unknowns(const equiv::SpecQuestion& question, const equiv::SpecResult& result,
                     report::Document& document) {
  Json list = Json::array();
  for (const symex::Unknowing& unknown : result.exploration.unknowns) {
    const bool in_spec = unknown.stage == result.specification_stage;
    document.note(
        Tone::warning,
        fmt::format("unknown: {} at {}", unknown.reason,
                    place_in(in_spec ? "the specification" : "the program",
                             in_spec ? *question.specification : *question.program, unknown.slot)));
    list.push(Json::object({{"program", in_spec ? "specification" : "program"},
                            {"slot", unknown.slot},
                            {"reason", unknown.reason}}));
  }
  return list;
}

Expected<object::Image> load_specification(const std::string& selection, const Checked& checked) {
  TRY(object::Image specification,
      load_program(selection, std::string(program::name(checked.image.type)), checked.kernel));
  TRY(require_checkable(specification));
  return specification;
}

Expected<Outcome> against_specification(const std::string& selection, const Checked& checked,
                                        const std::optional<equiv::SpecResult>& explored,
                                        report::Document& document) {
  TRY(const object::Image specification, load_specification(selection, checked));
  const equiv::SpecQuestion question{&specification, &checked.image, checked.options,
                                     checked.use_kernel, equiv::Order::specification_first};
  std::optional<equiv::SpecResult> own;
  if (!explored) {
    TRY(own, equiv::check_specification(question));
  }
  const equiv::SpecResult& result = explored ? *explored : *own;
  TRY(require_sum(result.exploration, "check --spec"));
  document.heading(
      fmt::format("{} against the specification {}", checked.image.name, specification.name));
  Json details = Json::object({{"object", selection}, {"program", specification.name}});
  report_sum(document, details, result.exploration.counts);
  details["coverage"] = report_coverage(document, result);
  TRY(details["findings"], report_deviations(checked, result, document));
  details["unknowns"] = report_unknowns(question, result, document);
  details["cpu_seconds"] = result.exploration.statistics.cpu_seconds;
  const auto broken_spec = [&](const symex::Finding& finding) {
    return finding.stage == result.specification_stage &&
           finding.property != symex::Property::relation;
  };
  const bool refuted =
      !result.deviations.empty() || std::ranges::any_of(result.exploration.findings, broken_spec);
  const bool vacuous = result.coverage.says_nothing();
  const bool unknown = !result.exploration.unknowns.empty() || vacuous;
  const std::string_view word = refuted ? "refuted" : unknown ? "unknown" : "proved";
  details["verdict"] = word;
  document.details()["specification"] = std::move(details);
  if (vacuous) {
    document.note(Tone::warning,
                  fmt::format("unknown: {} says nothing of any path", specification.name));
  }
  document.note(
      refuted   ? Tone::bad
      : unknown ? Tone::warning
                : Tone::good,
      fmt::format("{}: {} does what {} says", word, checked.image.name, specification.name));
  document.count(refuted   ? report::Tally::refuted
                 : unknown ? report::Tally::unknown
                           : report::Tally::proved,
                 1);
  if (result.contradicted()) return Outcome::bug;
  return refuted ? Outcome::refuted : unknown ? Outcome::unknown : Outcome::holds;
}

Expected<Outcome> against_deployed(const std::string& selection, const Checked& checked,
                                   report::Document& document) {
  TRY(const object::Image deployed, load_program(selection, checked.type, checked.kernel));
  TRY(require_checkable(deployed));
  const equiv::Question question{
      {&checked.image}, {&deployed}, {}, checked.options, checked.use_kernel};
  TRY(const equiv::Comparison comparison, equiv::compare(question));
  TRY(require_sum(comparison.exploration, "check --deployed"));
  document.heading(fmt::format("{} with its specifications off (A), and as it is deployed (B)",
                               checked.image.name));
  Json details = Json::object({});
  EquivReport report{document,  details, question, comparison, {checked.file, selection},
                     "deployed"};
  report.overview();
  TRY(report.findings(checked.witness_dir));
  report.unknowns();
  report.verdict();
  document.details()["deployed"] = std::move(details);
  return report.outcome();
}

}  // namespace

void declare_against(CLI::App& app, AgainstFlags& flags) {
  app.add_option("--spec", flags.specification,
                 "a specification outside the program: what it does, the program must do")
      ->type_name("FILE[:FUNCTION]");
  app.add_option("--deployed", flags.deployed,
                 "prove that the program with its specifications off behaves as this one")
      ->type_name("FILE[:PROG]");
}

Expected<std::optional<equiv::SpecResult>> explore_at_once(const AgainstFlags& flags,
                                                           const Checked& checked) {
  const symex::Options& options = checked.options;
  const bool path_by_path = options.collect_cases || options.record_claims || options.record_paths;
  if (flags.specification.empty() || path_by_path) return std::nullopt;
  const double ways = symex::static_paths(checked.image.view());
  if (ways < options.merge_from_static_paths) return std::nullopt;
  TRY(const object::Image specification, load_specification(flags.specification, checked));
  const equiv::SpecQuestion question{&specification, &checked.image, checked.options,
                                     checked.use_kernel, equiv::Order::program_first};
  TRY(equiv::SpecResult result, equiv::check_specification(question));
  return result;
}

Expected<Outcome> check_against(const AgainstFlags& flags, const Checked& checked,
                                const std::optional<equiv::SpecResult>& explored,
                                report::Document& document) {
  Outcome outcome = Outcome::holds;
  if (!flags.specification.empty()) {
    TRY(outcome, against_specification(flags.specification, checked, explored, document));
  }
  if (!flags.deployed.empty()) {
    TRY(const Outcome other, against_deployed(flags.deployed, checked, document));
    outcome = worse(outcome, other);
  }
  return outcome;
}

Outcome worse(Outcome a, Outcome b) {
  constexpr std::array order = {Outcome::bug, Outcome::bad_input, Outcome::refuted,
                                Outcome::unknown};
  for (const Outcome outcome : order) {
    if (a == outcome || b == outcome) return outcome;
  }
  return Outcome::holds;
}

}  // namespace probity::cli
