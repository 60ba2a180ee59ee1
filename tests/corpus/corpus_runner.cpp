// SPDX-License-Identifier: Apache-2.0
// corpus_runner: one line `FILE: PASSED of TOTAL` for each file of the measured corpus
// (PROBITY_CORPUS, or ../shared/corpus), as `make test-corpus` runs it, on the engine that
// PROBITY_ENGINE names (interp). Bare bytecode and conformance must agree in
// every row, and every object must end `dump` with 0 or 4: else the status is 1. The packet vectors
// of real objects are counted and their differences grouped; an engine may lack a helper there, so
// they do not decide.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "cli/verb.hpp"
#include "corpus/runner.hpp"
#include "corpus_vectors.hpp"

namespace probity::corpus {
namespace {

namespace fs = std::filesystem;

enum class Weight : std::uint8_t { decides, counts };

struct Row {
  const char* file;
  Weight weight;
  Expected<VectorReport> (*run)(const fs::path& path, runtime::EngineKind engine);
};

/// The 312 tests that cpu v4 has without callx, as the suite's own runner chooses them.
Expected<VectorReport> run_conformance(const fs::path& path, runtime::EngineKind engine) {
  VectorReport report;
  Options options;
  options.engine = engine;
  TRY(const std::vector<std::string> files, find_data_files((path / "tests").string()));
  for (const std::string& file_path : files) {
    TRY(const DataFile file, read_data_file(file_path));
    TRY(const TestResult result, run_data_file(file, options));
    if (result.status == Status::skipped) {
      ++report.skipped;
      continue;
    }
    ++report.total;
    if (result.status == Status::passed) {
      ++report.passed;
    } else if (report.failures.size() < max_failures_kept) {
      report.failures.push_back(file_path + ": expected " + result.expected + ", got " +
                                result.actual);
    }
  }
  return report;
}

/// Every object ends `dump` with 0 or 4.
Expected<VectorReport> run_objects(const fs::path& path, runtime::EngineKind) {
  VectorReport report;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() != ".o") continue;
    const std::string object = entry.path().string();
    const std::vector<std::string_view> words = {"dump", object};
    const cli::Printed printed = cli::run_command(words, report::Color::no);
    ++report.total;
    if (printed.status == 0 || printed.status == 4) {
      ++report.passed;
    } else if (report.failures.size() < max_failures_kept) {
      report.failures.push_back(object + ": status " + std::to_string(printed.status) + ": " +
                                printed.err);
    }
  }
  return report;
}

constexpr Row rows[] = {
    {"insn_vectors.jsonl", Weight::decides, run_insn_vectors},
    {"random_programs.jsonl", Weight::decides, run_random_programs},
    {"test_bpf.jsonl", Weight::decides, run_test_bpf},
    {"bpf_conformance", Weight::decides, run_conformance},
    {"objects", Weight::decides, run_objects},
    {"vectors.jsonl", Weight::counts, run_object_vectors},
    {"sequences.jsonl", Weight::counts, run_sequences},
    {"verdict_vectors.jsonl", Weight::counts, run_verdict_vectors},
};

/// Prints one row; true when it may stand.
bool print_row(const Row& row, const VectorReport& report) {
  std::printf("%s: %zu of %zu", row.file, report.passed, report.total);
  if (report.skipped != 0) std::printf(" (%zu skipped)", report.skipped);
  std::printf("\n");
  for (const auto& [reason, count] : report.reasons)
    std::printf("    %zu  %s\n", count, reason.c_str());
  if (row.weight == Weight::decides) {
    for (const std::string& failure : report.failures) std::printf("    %s\n", failure.c_str());
  }
  std::fflush(stdout);
  return row.weight == Weight::counts || (report.total > 0 && report.passed == report.total);
}

int run_all(const fs::path& folder, runtime::EngineKind engine) {
  int status = 0;
  for (const Row& row : rows) {
    if (!fs::exists(folder / row.file)) {
      std::printf("%s: absent\n", row.file);
      if (row.weight == Weight::decides) status = 1;
      continue;
    }
    const Expected<VectorReport> report = row.run(folder / row.file, engine);
    if (!report) {
      std::printf("%s: %s\n", row.file, std::string(report.error().line()).c_str());
      status = 1;
    } else if (!print_row(row, *report)) {
      status = 1;
    }
  }
  return status;
}

}  // namespace
}  // namespace probity::corpus

int main() {
  using probity::cli::Outcome;
  using probity::runtime::EngineKind;
  const std::filesystem::path folder = probity::corpus::corpus_folder();
  if (!std::filesystem::is_directory(folder)) {
    std::fprintf(stderr, "%s: no such folder: set PROBITY_CORPUS to the corpus\n", folder.c_str());
    return static_cast<int>(Outcome::bad_input);
  }
  const char* const wanted = std::getenv("PROBITY_ENGINE");
  const probity::Expected<EngineKind> engine =
      probity::runtime::engine_named(wanted == nullptr ? "interp" : wanted, "PROBITY_ENGINE");
  if (!engine || *engine == EngineKind::kernel) {
    std::fprintf(stderr, "%s\n",
                 engine ? "PROBITY_ENGINE: the corpus is the kernel's own answers"
                        : std::string(engine.error().line()).c_str());
    return static_cast<int>(Outcome::bad_input);
  }
  return probity::corpus::run_all(folder, *engine);
}
