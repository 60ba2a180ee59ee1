// SPDX-License-Identifier: Apache-2.0
// See opt_search.hpp. The file of --learn has the rules, and one row for each rewrite that they
// come from: what it replaces in canonical form, the insns, and in how many places it applied.
#include "cli/opt_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "assembler/bpf_text.hpp"
#include "cli/file_name.hpp"
#include "cli/flags.hpp"
#include "opt/search/generalise.hpp"
#include "report/file.hpp"
#include "report/json.hpp"

namespace probity::cli {
namespace {

using opt::search::Found;
using opt::search::Insns;
using opt::search::Search;
using report::Json;
using report::Tone;

constexpr std::uint32_t largest_seconds = 7 * 24 * 3600;
constexpr std::uint32_t largest_jobs = 256;

Json insns_json(const std::vector<bpf::Insn>& insns) {
  Json list = Json::array();
  for (const bpf::Insn& insn : insns)
    list.push(assembler::print_insn(insn, assembler::TextStyle::kernel));
  return list;
}

Json found_json(const std::vector<Found>& all) {
  Json rows = Json::array();
  for (const Found& found : all) {
    rows.push(Json::object({{"problem", found.problem.key()},
                            {"was", insns_json(found.problem.insns)},
                            {"is", insns_json(found.rewrite)},
                            {"places", found.places}}));
  }
  return rows;
}

}  // namespace

void declare_search(CLI::App& app, SearchFlags& flags) {
  add_number(app, "--time", flags.seconds, {1u, largest_seconds},
             "seconds after which nothing more is searched or tried (default 60)");
  add_number(app, "--seed", flags.seed, {0u, ~0u}, "seed of the search (default 1)");
  add_number(app, "--jobs", flags.jobs, {1u, largest_jobs}, "threads that search (default 2)");
  app.add_flag("--no-search", flags.no_search, "known rules only: nothing is searched for");
  app.add_option("--learn", flags.learn,
                 "make rules of what the search found, prove them, and write them to this file");
  app.add_option("--rules", flags.rules,
                 "apply the rules of this file, too, which --learn wrote; each is proved first");
}

std::unique_ptr<Search> make_search(const SearchFlags& flags, report::Progress& progress,
                                    report::Document& document) {
  opt::search::SearchOptions options;
  options.seed = flags.seed;
  options.seconds = flags.seconds;
  options.jobs = flags.jobs;
  options.on_progress = [&progress](const opt::search::Progress& now) {
    const double rate = now.seconds > 0 ? static_cast<double>(now.candidates) / now.seconds : 0;
    progress.update(
        now.done, now.slices,
        fmt::format("slices, {} rewrites, {:.1f} M candidates/s", now.found, rate / 1e6));
  };
  const auto warn = [&document](std::string_view line) {
    document.note(Tone::warning, std::string(line));
  };
  if (const auto path = proof::default_cache_file("rewrites")) {
    auto disk = proof::ByteCache::open(*path, warn);
    if (disk)
      options.disk = *std::move(disk);
    else
      warn(disk.error().line());
  }
  return std::make_unique<Search>(std::move(options));
}

Expected<void> report_search(const Search& search, const SearchFlags& flags, const RulesFile& given,
                             const proof::Options& proofs, report::Document& document) {
  const opt::search::Progress& done = search.progress();
  const double rate = done.seconds > 0 ? static_cast<double>(done.candidates) / done.seconds : 0;
  document.heading("search");
  document.fields(
      {{"slices", std::to_string(done.slices)},
       {"rewrites", std::to_string(done.found)},
       {"candidates", fmt::format("{} ({:.0f} a second and worker)", done.candidates, rate)}});
  document.details()["search"] = Json::object({{"slices", done.slices},
                                               {"rewrites", done.found},
                                               {"candidates", done.candidates},
                                               {"candidates_per_second", rate},
                                               {"seed", flags.seed}});
  if (flags.learn.empty()) return {};
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(flags.seconds);
  const opt::search::Lesson lesson =
      opt::search::generalise(search.found(), proofs, [end] { return Clock::now() >= end; });
  const Json rules = rules_json(given, lesson);
  Json not_general = Json::array();
  for (const std::string& key : lesson.not_general) not_general.push(key);
  document.details()["learnt"] =
      Json::object({{"rules", rules}, {"not_general", std::move(not_general)}});
  const Json file = Json::object({{"probity", "rules"},
                                  {"seed", flags.seed},
                                  {"rules", rules},
                                  {"rewrites", found_json(search.found())}});
  TRY(report::write_file_atomically(flags.learn, report::print(file) + "\n"));
  std::vector<std::vector<std::string>> rows;
  for (const opt::search::Learnt& learnt : lesson.rules)
    rows.push_back({learnt.row.name, learnt.row.pattern, learnt.row.replacement,
                    learnt.row.conditions, std::to_string(learnt.places)});
  if (!rows.empty())
    document.table({"learnt", "pattern", "replacement", "where", "places"}, std::move(rows));
  document.note(Tone::plain, fmt::format("{} rules proved of {} rewrites, written to {}",
                                         lesson.rules.size(), search.found().size(), flags.learn));
  return {};
}

}  // namespace probity::cli
