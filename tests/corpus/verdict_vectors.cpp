// SPDX-License-Identifier: Apache-2.0
// The kernel verifier's verdicts against the checker's. A program that the verifier refuses for
// memory, NULL, the stack, types and what is_unsafe() adds must never be proved; one that it
// accepts should be. Every row is counted: by type and verdict where accepted, by cause and verdict
// where refused, by name where it is not judged.
#include <fmt/format.h>

#include "verdict_rows.hpp"

namespace probity::corpus {
namespace {

void count(VerdictReport& report, const VerdictRow& row, const Judged& judged) {
  const std::string type(program::name(row.image.type));
  const std::string_view word = name(judged.verdict);
  ++report.vectors.total;
  const bool proved = judged.verdict == Verdict::proved;
  if (row.accepted) {
    Share& share = report.accepted[type];
    ++share.total;
    share.proved += proved ? 1u : 0u;
    ++report.vectors.reasons[fmt::format("{}, accepted: {}", type, word)];
    if (!proved) ++report.vectors.reasons[fmt::format("accepted, {}: {}", word, judged.reason)];
  } else {
    const Cause cause = cause_of(row.refusal);
    ++report.vectors.reasons[fmt::format("refused for {}: {}", name(cause), word)];
    if (proved && is_unsafe(cause)) {
      report.unsafe_proved.push_back(fmt::format("{}: {}", row.name, row.refusal));
    }
    if (proved && !is_unsafe(cause)) {
      ++report.vectors.passed;
      return;
    }
  }
  if (proved == row.accepted) {
    ++report.vectors.passed;
  } else if (report.vectors.failures.size() < max_failures_kept || !row.accepted) {
    report.vectors.failures.push_back(fmt::format("{}: kernel {} {}, checker {} {}", row.name,
                                                  row.accepted ? "accepts" : "refuses", row.refusal,
                                                  word, judged.reason));
  }
}

VerdictReport judge_all(const std::vector<VerdictRow>& rows) {
  VerdictReport report;
  for (const VerdictRow& row : rows) {
    if (row.skipped.empty()) {
      count(report, row, judge(row));
      continue;
    }
    ++report.vectors.skipped;
    ++report.vectors.reasons["not judged: " + row.skipped];
  }
  for (const std::string& row : report.unsafe_proved) {
    ++report.vectors.reasons["REFUSED BUT PROVED: " + row];
  }
  return report;
}

}  // namespace

Expected<VerdictReport> judge_verdict_vectors(const std::filesystem::path& file) {
  TRY(const std::vector<VerdictRow> rows, read_verdict_vectors(file));
  return judge_all(rows);
}

Expected<VerdictReport> judge_verifier_tests(const std::filesystem::path& file) {
  TRY(const std::vector<VerdictRow> rows, read_verifier_tests(file));
  return judge_all(rows);
}

Expected<VectorReport> run_verdict_vectors(const std::filesystem::path& file, runtime::EngineKind) {
  TRY(VerdictReport report, judge_verdict_vectors(file));
  return std::move(report.vectors);
}

Expected<VectorReport> run_verifier_tests(const std::filesystem::path& file, runtime::EngineKind) {
  TRY(VerdictReport report, judge_verifier_tests(file));
  return std::move(report.vectors);
}

}  // namespace probity::corpus
