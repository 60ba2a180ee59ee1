// SPDX-License-Identifier: Apache-2.0
// See check_outputs.hpp.
#include "cli/check_outputs.hpp"

#include <fmt/format.h>

#include "cli/emit_tests.hpp"
#include "cli/file_name.hpp"
#include "cli/flags.hpp"
#include "cli/sarif.hpp"
#include "report/digest.hpp"
#include "report/file.hpp"

namespace probity::cli {
namespace {

using report::Tone;

constexpr std::size_t max_shown_differences = 3;

}  // namespace

void add_page_outputs(CLI::App& app, PageOutputs& outputs) {
  app.add_option("--html", outputs.html, "write the run as one page that needs nothing but itself")
      ->type_name("FILE");
  app.add_option("--sarif", outputs.sarif, "write the findings as a SARIF 2.1.0 log")
      ->type_name("FILE");
}

void add_check_outputs(CLI::App& app, CheckOutputs& outputs) {
  add_page_outputs(app, outputs.pages);
  app.add_option("--emit-tests", outputs.tests,
                 "write a packet for every path, with what comes out, for probity replay")
      ->type_name("DIR");
}

Expected<void> prepare_outputs(const PageOutputs& outputs, symex::Options& options) {
  TRY(require_writable_file("--html", outputs.html));
  TRY(require_writable_file("--sarif", outputs.sarif));
  options.record_paths = !outputs.html.empty();
  return {};
}

Expected<void> prepare_outputs(const CheckOutputs& outputs, symex::Options& options) {
  TRY(prepare_outputs(outputs.pages, options));
  if (!outputs.tests.empty()) {
    if (options.mode == symex::Mode::safety) {
      return error(Fault::bad_input, "--emit-tests: --safety says nothing of a program's results");
    }
    TRY(make_writable_folder("--emit-tests", outputs.tests));
    options.collect_cases = true;
    options.merging = symex::Merging::never;  // a packet for each path
  }
  return {};
}

Expected<bool> write_tests(const CheckOutputs& outputs, const std::string& object_path,
                           const object::Image& image, const symex::Exploration& exploration,
                           report::Document& document) {
  if (outputs.tests.empty()) return false;
  TRY(const EmittedTests emitted, emit_tests(outputs.tests, object_path, image, exploration));
  document.note(Tone::plain, fmt::format("{} tests written to {}; run them: probity replay {}",
                                         emitted.written, outputs.tests, outputs.tests));
  if (emitted.helper_results > 0) {
    document.note(Tone::warning,
                  fmt::format("{} paths have no test: they depend on what helpers answer",
                              emitted.helper_results));
  }
  for (std::size_t i = 0; i < emitted.different.size() && i < max_shown_differences; ++i) {
    document.note(Tone::bad,
                  fmt::format("path differs on interp: {} (a bug of ours)", emitted.different[i]));
  }
  document.details()["tests"] = report::Json::object({{"folder", outputs.tests},
                                                      {"written", emitted.written},
                                                      {"without_test", emitted.helper_results},
                                                      {"different", emitted.different.size()}});
  return !emitted.different.empty();
}

Expected<void> write_outputs(const PageOutputs& outputs, std::span<const Analysed> analysed,
                             const std::function<std::string()>& page, const report::Json& details,
                             Outcome outcome, report::Document& document) {
  if (!outputs.html.empty()) {
    TRY(report::write_file_atomically(outputs.html, page()));
    document.note(Tone::plain, fmt::format("page written to {}", outputs.html));
  }
  if (outputs.sarif.empty()) return {};
  SarifSubject subject{{}, static_cast<int>(outcome)};
  for (const Analysed& one : analysed) {
    TRY(std::string digest, report::sha256_of_file(one.object_path));
    subject.artifacts.push_back({one.object_path, std::move(digest), one.program});
  }
  TRY(report::write_file_atomically(outputs.sarif, sarif_log(details, subject)));
  document.note(Tone::plain, fmt::format("SARIF log written to {}", outputs.sarif));
  return {};
}

}  // namespace probity::cli
