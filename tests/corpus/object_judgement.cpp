// SPDX-License-Identifier: Apache-2.0
// See object_judgement.hpp.
#include "object_judgement.hpp"

#include <fmt/format.h>

#include <array>

namespace probity::corpus {
namespace {

constexpr std::array<ObjectRows, 3> all_rows = {{
    {"programs.tsv", 99.0, 99.0, load_programs, false},
    {"vectors.jsonl", 98.0, 99.0, run_object_vectors, true},
    {"sequences.jsonl", 97.0, 98.0, run_sequences, true},
}};

std::filesystem::path table_of(runtime::EngineKind engine) {
  const bool is_kernel = engine == runtime::EngineKind::kernel;
  return std::filesystem::path(PROBITY_DIFFERENCE_TABLES) /
         (is_kernel ? "kernel_differences.tsv" : "known_differences.tsv");
}

}  // namespace

std::span<const ObjectRows> object_rows() {
  return all_rows;
}

double JudgedRows::percent() const {
  if (report.total == 0) return 0;
  return 100.0 * static_cast<double>(report.passed) / static_cast<double>(report.total);
}

Expected<JudgedRows> judge_rows(const ObjectRows& rows, const std::filesystem::path& corpus,
                                const ObjectRun& how, TableMode mode) {
  TRY(DifferenceTable table, DifferenceTable::read(table_of(how.engine)));
  JudgedRows judged;
  TRY(judged.report, rows.run(corpus / rows.file, how));
  const Extent extent = how.object_stride == 1 ? Extent::whole : Extent::sample;
  if (mode == TableMode::rebase && extent == Extent::whole) {
    TRY(table.rewrite_counts(rows.file, judged.report.differences));
  }
  judged.judgement = table.judge(rows.file, judged.report.differences, extent);
  const bool is_kernel = how.engine == runtime::EngineKind::kernel;
  const double min_percent = is_kernel ? rows.min_kernel_percent : rows.min_percent;
  if (extent == Extent::whole && judged.percent() < min_percent) {
    judged.judgement.complaints.push_back(
        fmt::format("{}: {:.1f} % of the rows agree, at least {:.1f} % must", rows.file,
                    judged.percent(), min_percent));
  }
  return judged;
}

std::string print(const ObjectRows& rows, const ObjectRun& how, const JudgedRows& judged) {
  const bool names_engine = rows.uses_engine && how.engine != runtime::EngineKind::interp;
  std::string text =
      fmt::format("{}{}: {} of {} ({:.1f} %)\n", rows.file,
                  names_engine ? fmt::format(" on {}", runtime::name(how.engine)) : "",
                  judged.report.passed, judged.report.total, judged.percent());
  for (const auto& [cause, count] : judged.judgement.by_cause)
    text += fmt::format("    {:5}  {}\n", count, cause);
  for (const auto& [cause, count] : judged.report.skipped)
    text += fmt::format("    {:5}  skipped: {}\n", count, cause);
  for (const std::string& line : judged.judgement.complaints)
    text += fmt::format("    FAILED {}\n", line);
  return text;
}

}  // namespace probity::corpus
