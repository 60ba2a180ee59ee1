// SPDX-License-Identifier: Apache-2.0
// corpus_runner: one line `FILE: PASSED of TOTAL` for each file of the measured corpus
// (PROBITY_CORPUS, or ../shared/corpus), as `make test-corpus` runs it. Bare bytecode and
// conformance must agree in every row, every object must end `dump` with 0 or 4, and the rows of
// real objects must differ exactly as the table of known differences says: else the status is 1.
// PROBITY_ENGINE names one engine for everything; without it everything runs on interp, and the
// rows of real objects on jit and emu:rv64, too. PROBITY_REBASE=1 rewrites the table's counts.
// docs/corpus.md describes the rows.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "cli/verb.hpp"
#include "corpus/runner.hpp"
#include "corpus_vectors.hpp"
#include "object_judgement.hpp"
#include "object_rewriting.hpp"

namespace probity::corpus {
namespace {

namespace fs = std::filesystem;

enum class Weight : std::uint8_t {
  decides,         ///< every row must agree, and there must be rows
  decides_if_run,  ///< the same, where this machine can run them at all
  counts,
};

struct Row {
  const char* file;
  Weight weight;
  Expected<VectorReport> (*run)(const fs::path& path, runtime::EngineKind engine);
  const char* title = nullptr;  ///< of a second row on the same file
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
    {"objects", Weight::decides, run_unchanged_objects, "objects written unchanged"},
    {"objects", Weight::decides, run_restored_objects, "objects with moved code, restored"},
    {"programs.tsv", Weight::decides_if_run, run_moved_programs, "loaded programs with moved code"},
    {"verdict_vectors.jsonl", Weight::counts, run_verdict_vectors},
    {"verifier_tests.jsonl", Weight::counts, run_verifier_tests},
};

/// Prints one row; true when it may stand.
bool print_row(const Row& row, const VectorReport& report) {
  std::printf("%s: %zu of %zu", row.title != nullptr ? row.title : row.file, report.passed,
              report.total);
  if (report.skipped != 0) std::printf(" (%zu skipped)", report.skipped);
  std::printf("\n");
  for (const auto& [reason, count] : report.reasons)
    std::printf("    %zu  %s\n", count, reason.c_str());
  if (row.weight != Weight::counts) {
    for (const std::string& failure : report.failures) std::printf("    %s\n", failure.c_str());
  }
  std::fflush(stdout);
  const bool empty = report.total == 0 && row.weight == Weight::decides;
  return row.weight == Weight::counts || (!empty && report.passed == report.total);
}

/// The rows that bare bytecode and whole objects give on one engine.
int run_plain_rows(const fs::path& folder, runtime::EngineKind engine) {
  int status = 0;
  for (const Row& row : rows) {
    if (!fs::exists(folder / row.file)) {
      std::printf("%s: absent\n", row.file);
      if (row.weight != Weight::counts) status = 1;
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

int run_object_rows(const fs::path& folder, runtime::EngineKind engine, TableMode mode) {
  int status = 0;
  const ObjectRun how{engine, 1};
  for (const ObjectRows& rows_of_file : object_rows()) {
    const bool said_already = !rows_of_file.uses_engine && engine != runtime::EngineKind::interp;
    if (said_already) continue;
    const Expected<JudgedRows> judged = judge_rows(rows_of_file, folder, how, mode);
    if (!judged) {
      std::printf("%s: %s\n", rows_of_file.file, std::string(judged.error().line()).c_str());
      status = 1;
      continue;
    }
    std::fputs(print(rows_of_file, how, *judged).c_str(), stdout);
    std::fflush(stdout);
    if (!judged->holds()) status = 1;
  }
  return status;
}

/// The engines of PROBITY_ENGINE, or the default ones that this host has.
Expected<std::vector<runtime::EngineKind>> wanted_engines() {
  using runtime::EngineKind;
  if (const char* const wanted = std::getenv("PROBITY_ENGINE")) {
    TRY(const EngineKind engine, runtime::engine_named(wanted, "PROBITY_ENGINE"));
    return std::vector{engine};
  }
  std::vector engines = {EngineKind::interp};
  if (runtime::jit_unavailable_reason().empty()) engines.push_back(EngineKind::jit);
  engines.push_back(EngineKind::emu_rv64);
  return engines;
}

int run_all(const fs::path& folder, const std::vector<runtime::EngineKind>& engines) {
  const char* const rebase = std::getenv("PROBITY_REBASE");
  TableMode mode =
      rebase != nullptr && std::string_view(rebase) == "1" ? TableMode::rebase : TableMode::compare;
  int status = 0;
  if (engines.front() != runtime::EngineKind::kernel) {  // the other files are its own answers
    status |= run_plain_rows(folder, engines.front());
  }
  for (const runtime::EngineKind engine : engines) {
    status |= run_object_rows(folder, engine, mode);
    mode = TableMode::compare;
  }
  return status;
}

}  // namespace
}  // namespace probity::corpus

int main() {
  using probity::cli::Outcome;
  const std::filesystem::path folder = probity::corpus::corpus_folder();
  if (!std::filesystem::is_directory(folder)) {
    std::fprintf(stderr, "%s: no such folder: set PROBITY_CORPUS to the corpus\n", folder.c_str());
    return static_cast<int>(Outcome::bad_input);
  }
  const auto engines = probity::corpus::wanted_engines();
  if (!engines) {
    std::fprintf(stderr, "%s\n", std::string(engines.error().line()).c_str());
    return static_cast<int>(Outcome::bad_input);
  }
  return probity::corpus::run_all(folder, *engines);
}
