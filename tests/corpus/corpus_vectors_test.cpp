// SPDX-License-Identifier: Apache-2.0
// The interpreter gives the kernel's answers: all of the rows of bare bytecode, and of the real
// objects at least as many as recorded here. Skipped by name where the corpus is absent.
#include "corpus_vectors.hpp"

#include <gtest/gtest.h>

namespace probity::corpus {
namespace {

using Run = Expected<VectorReport> (*)(const std::filesystem::path&);

void show(const std::string& name, const VectorReport& report) {
  std::string text = name + ": " + std::to_string(report.passed) + " of " +
                     std::to_string(report.total) + " (" + std::to_string(report.skipped) +
                     " skipped)\n";
  for (const auto& [reason, count] : report.reasons)
    text += "  " + std::to_string(count) + "  " + reason + "\n";
  for (const std::string& failure : report.failures) text += "    " + failure + "\n";
  std::fputs(text.c_str(), stdout);
}

std::optional<VectorReport> report_of(const std::string& name, Run run) {
  const std::filesystem::path file = corpus_folder() / name;
  if (!std::filesystem::exists(file)) return {};
  const Expected<VectorReport> report = run(file);
  if (!report) {
    ADD_FAILURE() << report.error().line();
    return VectorReport{};
  }
  show(name, *report);
  return *report;
}

TEST(CorpusVectors, InsnVectorsAllAgree) {
  const auto report = report_of("insn_vectors.jsonl", run_insn_vectors);
  if (!report) GTEST_SKIP() << "insn_vectors.jsonl is absent: set PROBITY_CORPUS";
  EXPECT_EQ(report->passed, report->total);
  EXPECT_EQ(report->total, 1886u);
}

TEST(CorpusVectors, RandomProgramsAllAgree) {
  const auto report = report_of("random_programs.jsonl", run_random_programs);
  if (!report) GTEST_SKIP() << "random_programs.jsonl is absent: set PROBITY_CORPUS";
  EXPECT_EQ(report->passed, report->total);
  EXPECT_EQ(report->total, 600u);
}

TEST(CorpusVectors, TestBpfAllAgree) {
  const auto report = report_of("test_bpf.jsonl", run_test_bpf);
  if (!report) GTEST_SKIP() << "test_bpf.jsonl is absent: set PROBITY_CORPUS";
  EXPECT_EQ(report->passed, report->total);
  EXPECT_EQ(report->total, 463u);
}

TEST(CorpusVectors, ObjectVectorsAgree) {
  const auto report = report_of("vectors.jsonl", run_object_vectors);
  if (!report) GTEST_SKIP() << "vectors.jsonl is absent: set PROBITY_CORPUS";
  EXPECT_GE(report->passed, 3099u);
  EXPECT_EQ(report->reasons.count("returns") + report->reasons.count("packet"), 0u);
}

TEST(CorpusVectors, SequencesAgree) {
  const auto report = report_of("sequences.jsonl", run_sequences);
  if (!report) GTEST_SKIP() << "sequences.jsonl is absent: set PROBITY_CORPUS";
  EXPECT_GE(report->passed, 656u);
  EXPECT_EQ(report->reasons.count("returns") + report->reasons.count("packet"), 0u);
}

}  // namespace
}  // namespace probity::corpus
