// SPDX-License-Identifier: Apache-2.0
// Text for a person and the same facts as JSON. A finding without a replay that reproduces it is
// marked as such.
#include "cli/check_report.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "cli/disassembly.hpp"
#include "cli/exploration_flags.hpp"
#include "cli/exploration_text.hpp"
#include "cli/file_name.hpp"
#include "cli/finding_json.hpp"
#include "cli/path_sum.hpp"
#include "cli/side_text.hpp"
#include "cli/source_place.hpp"
#include "packet/packet.hpp"
#include "replay/map_json.hpp"
#include "replay/rerun.hpp"
#include "report/file.hpp"

namespace probity::cli {
using report::Json;
using report::Tone;

std::string CheckReport::place(std::uint32_t slot) const {
  return fmt::format("{} (slot {})", place_of(image_.view(), slot), slot);
}

std::string CheckReport::trail(std::span<const symex::TrailStep> steps) const {
  constexpr std::size_t max_shown = 40;
  std::string text = "path:\n";
  const std::size_t skipped = steps.size() > max_shown ? steps.size() - max_shown : 0;
  if (skipped > 0) text += fmt::format("  … {} branches before\n", skipped);
  for (const symex::TrailStep& step : steps.subspan(skipped)) {
    text += fmt::format("  slot {:<5} {:<9} {}\n", step.slot, step.taken ? "taken" : "not taken",
                        source_line(image_.view(), step.slot));
  }
  return steps.empty() ? "path: straight from the entry\n" : text;
}

void CheckReport::overview(const symex::Options& options) {
  const symex::Statistics& s = exploration_.statistics;
  document_.heading(
      fmt::format("{} ({}, section {})", image_.name, program::name(image_.type), image_.section));
  document_.fields(
      {{"insns", fmt::format("{} slots, {} maps", image_.slots.size(), image_.maps.size())},
       {"packets", packets_text(options)},
       {"explored", cost_text(s)}});
  report_sum(document_, document_.details(), exploration_.counts);
  std::map<symex::Property, std::array<std::uint64_t, 3>> counts;
  Json sites = Json::array();
  for (const symex::Site& site : exploration_.sites) {
    ++counts[site.property][static_cast<std::size_t>(site.status)];
    constexpr std::array<report::Tally, 3> tallies{report::Tally::proved, report::Tally::refuted,
                                                   report::Tally::unknown};
    document_.count(tallies[static_cast<std::size_t>(site.status)], 1);
    constexpr std::array<std::string_view, 3> words{"proved", "refuted", "unknown"};
    sites.push(Json::object({{"property", symex::name(site.property)},
                             {"slot", site.slot},
                             {"status", words[static_cast<std::size_t>(site.status)]},
                             {"paths", site.paths}}));
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [property, count] : counts) {
    rows.push_back({std::string(symex::name(property)), fmt::format("{}", count[0]),
                    fmt::format("{}", count[1]), fmt::format("{}", count[2])});
  }
  if (!rows.empty())
    document_.table({"checked at each place", "proved", "refuted", "unknown"}, rows);
  for (const std::string& note : exploration_.notes) document_.note(Tone::plain, "note: " + note);
  Json& details = document_.details();
  details["program"] = image_.name;
  details["type"] = std::string(program::name(image_.type));
  details["statistics"] = statistics_json(s);
  details["sites"] = std::move(sites);
  details["findings"] = Json::array();
}

Expected<std::string> CheckReport::write_witness(const symex::Finding& finding,
                                                 std::size_t number) {
  const std::string base = fmt::format("{}/{}-{}", witness_dir_, file_name(image_.name), number);
  const std::string hex =
      fmt::format("# {}\n{}", finding.text, packet::print_hex(finding.witness.input.packet));
  TRY(report::write_file_atomically(base + ".hex", hex));
  const packet::Record record{finding.witness.input.packet, 0};
  TRY(const std::string capture, packet::print_capture({&record, 1}));
  TRY(report::write_file_atomically(base + ".pcap", capture));
  TRY(const replay::WitnessFile file, witness_of(finding));
  TRY(replay::write_witness(file, base + ".json"));
  for (const runtime::MapContents& contents : finding.witness.maps) {
    const Json maps = replay::maps_json({&contents, 1});
    TRY(report::write_file_atomically(fmt::format("{}.map.{}.json", base, file_name(contents.map)),
                                      report::print(*maps.find(contents.map)) + "\n"));
  }
  return base;
}

Expected<replay::WitnessFile> CheckReport::witness_of(const symex::Finding& finding) const {
  replay::WitnessFile file;
  file.made_by = "check";
  file.property = symex::name(finding.property);
  file.text = finding.text;
  file.source = place_of(image_.view(), finding.slot);
  TRY(replay::NamedProgram program, replay::name_program(object_path_, image_.view()));
  file.programs.push_back(std::move(program));
  file.inputs.push_back(replay::input_of(finding.witness));
  file.runs.push_back({std::string(image_.name), 0, {{0, {}}}, {}});
  replay::Expectation& expected = file.runs.front().expected;
  // Where the deployed program runs to its end, its output is what the kernel must show.
  if (symex::shows_on_kernel(finding.property) && finding.witness.helper_results.empty()) {
    const program::View view = image_.view();
    const auto output =
        replay::run_chain(file, file.runs.front(), {&view, 1}, runtime::EngineKind::interp);
    if (output && output->last.fault.kind == runtime::FaultKind::none) {
      expected = replay::expectation_of(*output);
    }
  }
  expected.effect = replay::Effect::fails;
  expected.slot = finding.slot;
  if (finding.property == symex::Property::return_value) {
    expected.return_value = finding.return_value;
  }
  return file;
}

Expected<void> CheckReport::finding(const symex::Finding& finding, std::size_t number,
                                    std::span<const symex::Replayed> replayed) {
  TRY(const std::string base, write_witness(finding, number));
  const std::string diagnostic =
      diagnostic_text(image_.view(), finding.slot, "refuted",
                      fmt::format("{}: {}", symex::name(finding.property), finding.text));
  const std::size_t first_line = diagnostic.find('\n');
  document_.note(Tone::bad, diagnostic.substr(0, first_line));
  std::string text = diagnostic.substr(first_line + 1) + trail(finding.trail);
  text += "registers:";
  for (const symex::Register& reg : finding.registers)
    text += fmt::format(" {}={}", reg.name, reg.value);
  text += "\n" + input_text(finding.witness);
  for (const symex::Replayed& one : replayed) {
    text += fmt::format("replay on {}: {}: {}\n", one.engine, outcome_text(one.outcome), one.text);
  }
  text += fmt::format("written to {}.json, .hex, .pcap; again: probity replay {}.json", base, base);
  document_.code(text);
  document_.details()["findings"].push(finding_json(cast(), finding, replayed, base));
  return {};
}

Cast CheckReport::cast() const {
  return {{image_.view()}};
}

std::size_t CheckReport::replay_paths(std::string_view engine) {
  std::size_t equal = 0;
  std::map<std::string, std::size_t> skipped;
  std::size_t differing = 0;
  for (const symex::PathCase& path : exploration_.cases) {
    const symex::Replayed one = symex::replay_case(image_, path, engine);
    if (one.outcome == symex::Outcome::reproduced) ++equal;
    if (one.outcome == symex::Outcome::not_applicable) ++skipped[one.text];
    if (one.outcome != symex::Outcome::contradicted) continue;
    if (++differing > 3) continue;
    document_.note(Tone::bad,
                   fmt::format("path differs on {}: {} (a bug of ours)", engine, one.text));
    document_.code(trail(path.trail) + input_text(path.witness));
  }
  document_.note(
      differing == 0 ? Tone::good : Tone::bad,
      fmt::format("paths replayed on {}: {} of {} equal in return value and packet, {} different",
                  engine, equal, exploration_.cases.size(), differing));
  for (const auto& [reason, count] : skipped) {
    document_.note(Tone::warning, fmt::format("not replayed: {} paths: {}", count, reason));
  }
  document_.details()["replayed_paths"] = Json::object({{"engine", engine},
                                                        {"equal", equal},
                                                        {"different", differing},
                                                        {"total", exploration_.cases.size()}});
  return differing;
}

std::size_t CheckReport::cross_checked(std::span<const proof::Result> results) {
  std::map<std::string, std::size_t> confirmed;
  std::size_t unconfirmed = 0;
  for (const proof::Result& result : results) {
    if (proof::is_proved(result)) {
      ++confirmed[result.cross_checked];
      continue;
    }
    ++unconfirmed;
    const auto* unknown = std::get_if<proof::Unknown>(&result.verdict);
    document_.note(
        result.our_bug ? Tone::bad : Tone::warning,
        fmt::format("cross-check: {} ({}): {}", result.name, result.provenance,
                    unknown != nullptr ? unknown->reason : "refuted by the second solver"));
  }
  for (const auto& [engine, count] : confirmed) {
    document_.note(Tone::good, fmt::format("cross-check: {} of {} claims confirmed: {}", count,
                                           results.size(), engine));
  }
  document_.details()["cross_check"] =
      Json::object({{"claims", results.size()}, {"unconfirmed", unconfirmed}});
  return unconfirmed;
}

void CheckReport::warn(std::string_view line) {
  document_.note(Tone::warning, fmt::format("warning: {}", line));
}

void CheckReport::unknowns() {
  Json list = Json::array();
  for (const symex::Unknowing& unknown : exploration_.unknowns) {
    document_.note(Tone::warning,
                   fmt::format("unknown: {} at {}", unknown.reason, place(unknown.slot)));
    list.push(unknown_json(cast(), unknown));
  }
  document_.details()["unknowns"] = std::move(list);
}

void CheckReport::verdict(const symex::Options& options, std::size_t doubts) {
  const bool refuted = !exploration_.findings.empty();
  const bool unknown = !exploration_.unknowns.empty() || doubts > 0;
  const std::string_view word = refuted ? "refuted" : unknown ? "unknown" : "proved";
  document_.details()["verdict"] = std::string(word);
  const bool safety = options.mode == symex::Mode::safety;
  document_.details()["mode"] = safety ? "safety" : "strict";
  const bool assumes = !options.assumptions.empty() || !options.entry_functions.empty();
  if (!refuted && !unknown) {
    document_.note(
        Tone::good,
        fmt::format("proved: {} is memory-safe{} for every packet of {}..{} bytes, every ctx and "
                    "every map content{}",
                    image_.name, safety ? " and ends" : ", ends, and meets its specification",
                    options.min_packet, options.max_packet,
                    assumes ? " that meet the assumptions" : ""));
  } else if (refuted) {
    document_.note(Tone::bad, fmt::format("refuted: {} has {} counterexample{}", image_.name,
                                          exploration_.findings.size(),
                                          exploration_.findings.size() == 1 ? "" : "s"));
  } else {
    document_.note(Tone::warning, fmt::format("unknown: {} could not be decided ({} reasons above)",
                                              image_.name, exploration_.unknowns.size() + doubts));
  }
}

}  // namespace probity::cli
