// SPDX-License-Identifier: Apache-2.0
// `probity test PATH…`: runs text corpora (`.data` files) on an engine, prints the failures and a
// summary. `--rebase` rewrites the expectations of failing files to what the engine said, and
// nothing else.
#include <fmt/format.h>

#include <set>

#include "base/check.hpp"
#include "cli/flags.hpp"
#include "corpus/runner.hpp"
#include "report/file.hpp"
#include "report/progress.hpp"

namespace probity::cli {
namespace {

using corpus::EngineKind;
using corpus::Status;
using report::Json;
using report::Tally;
using report::Tone;

struct Request {
  std::vector<std::string> paths;
  corpus::Options options;
  bool rebase = false;
};

std::vector<std::pair<std::string, EngineKind>> engine_choices() {
  std::vector<std::pair<std::string, EngineKind>> choices;
  for (const EngineKind kind : runtime::engine_kinds()) {
    choices.emplace_back(runtime::name(kind), kind);
  }
  return choices;
}

/// Every word must name a conformance group.
Expected<std::vector<bpf::Group>> parse_groups(const std::vector<std::string>& words) {
  std::vector<bpf::Group> groups;
  for (const std::string& word : words) {
    const std::optional<bpf::Group> group = corpus::group_named(word);
    if (group) {
      groups.push_back(*group);
      continue;
    }
    std::string known;
    for (std::size_t i = 0; i < corpus::group_count; ++i) {
      known += (i == 0 ? "" : ", ") + std::string(corpus::name(static_cast<bpf::Group>(i)));
    }
    return error(Fault::bad_input,
                 "probity test: '" + word + "' is not a conformance group (" + known + ")");
  }
  return groups;
}

Expected<Parsed> parse_request(const Arguments& arguments, report::Document& document,
                               Request& request) {
  CLI::App app{"Run text corpora: .data files as of uBPF and bpf_conformance, and our own."};
  std::vector<std::string> included;
  std::vector<std::string> excluded;
  app.add_option("PATH", request.paths, "A .data file, or a folder searched for them")->required();
  add_choice<EngineKind>(app, "--engine", request.options.engine, engine_choices(),
                         "Engine; the kernel needs root");
  add_choice<bpf::Cpu>(
      app, "--cpu", request.options.cpu,
      {{"v1", bpf::Cpu::v1}, {"v2", bpf::Cpu::v2}, {"v3", bpf::Cpu::v3}, {"v4", bpf::Cpu::v4}},
      "Skip tests that need more than this level");
  app.add_option("--include-groups", included, "Conformance groups to add: callx, packet")
      ->type_name("GROUP,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--exclude-groups", excluded, "Conformance groups to leave out")
      ->type_name("GROUP,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--rebase", request.rebase, "Rewrite failing expectations to what the engine said");
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  TRY(const std::vector<bpf::Group> to_add, parse_groups(included));
  for (const bpf::Group group : to_add) request.options.groups.add(group);
  TRY(const std::vector<bpf::Group> to_remove, parse_groups(excluded));
  for (const bpf::Group group : to_remove) request.options.groups.remove(group);
  return parsed;
}

Tally tally_of(Status status) {
  switch (status) {
    case Status::passed: return Tally::passed;
    case Status::failed: return Tally::failed;
    case Status::skipped: return Tally::skipped;
  }
  PROBITY_UNREACHABLE("status");
}

Expected<std::vector<std::string>> find_all(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    TRY(const std::vector<std::string> found, corpus::find_data_files(path));
    for (const std::string& file : found) {
      if (seen.insert(file).second) files.push_back(file);
    }
  }
  return files;
}

/// An engine that this machine does not have is one error, not a failure of every test.
Expected<void> require_engine(EngineKind engine) {
  std::string reason;
  if (engine == EngineKind::kernel) reason = runtime::kernel_unavailable_reason();
  if (engine == EngineKind::jit || engine == EngineKind::jit_blinded ||
      engine == EngineKind::jit_unchecked) {
    reason = runtime::jit_unavailable_reason();
  }
  if (reason.empty()) return {};
  return error(Fault::system, fmt::format("probity test: --engine {}: {}", name(engine), reason));
}

void describe(const corpus::TestResult& result, report::Document& document) {
  document.count(tally_of(result.status), 1);
  Json& row = document.details()["tests"].push(
      Json::object({{"file", result.place}, {"status", name(result.status)}}));
  switch (result.status) {
    case Status::passed: return;
    case Status::failed:
      row["expected"] = result.expected;
      row["actual"] = result.actual;
      document.note(Tone::bad, result.place + ": FAILED: expected " + result.expected + ", got " +
                                   result.actual);
      return;
    case Status::skipped:
      row["reason"] = result.reason;
      document.note(Tone::plain, result.place + ": skipped: " + result.reason);
      return;
  }
}

}  // namespace

Expected<Outcome> run_test(const Arguments& arguments, report::Document& document) {
  Request request;
  TRY(const Parsed parsed, parse_request(arguments, document, request));
  if (parsed == Parsed::help) return Outcome::holds;
  TRY(require_engine(request.options.engine));
  TRY(const std::vector<std::string> files, find_all(request.paths));
  report::Progress progress("testing");
  std::uint64_t done = 0;
  for (const std::string& path : files) {
    progress.update(done++, files.size(), path);
    TRY(const corpus::DataFile file, corpus::read_data_file(path));
    TRY(const corpus::TestResult result, corpus::run_data_file(file, request.options));
    describe(result, document);
    if (!request.rebase || result.status != Status::failed) continue;
    TRY(report::write_file_atomically(path, print(rebase(file, result))));
    document.note(Tone::warning, path + ": rewritten");
  }
  const std::uint64_t passed = document.counted(Tally::passed);
  const std::uint64_t failed = document.counted(Tally::failed);
  document.note(failed == 0 ? Tone::good : Tone::bad,
                "PASSED " + std::to_string(passed) + " of " + std::to_string(passed + failed) +
                    ", skipped " + std::to_string(document.counted(Tally::skipped)));
  return failed == 0 || request.rebase ? Outcome::holds : Outcome::refuted;
}

}  // namespace probity::cli
