// SPDX-License-Identifier: Apache-2.0
// Every engine of this process gives the kernel's answers: all of the rows of bare bytecode, and of
// the real objects at least as many as recorded here. Skipped by name where the corpus is absent.
#include "corpus_vectors.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "object_judgement.hpp"

namespace probity::corpus {
namespace {

using runtime::EngineKind;
using Run = Expected<VectorReport> (*)(const std::filesystem::path&, EngineKind);

void show(const std::string& name, const VectorReport& report) {
  std::string text = name + ": " + std::to_string(report.passed) + " of " +
                     std::to_string(report.total) + " (" + std::to_string(report.skipped) +
                     " skipped)\n";
  for (const auto& [reason, count] : report.reasons)
    text += "  " + std::to_string(count) + "  " + reason + "\n";
  for (const std::string& failure : report.failures) text += "    " + failure + "\n";
  std::fputs(text.c_str(), stdout);
}

std::optional<VectorReport> report_of(const std::string& name, Run run, EngineKind engine) {
  const std::filesystem::path file = corpus_folder() / name;
  if (!std::filesystem::exists(file)) return {};
  const Expected<VectorReport> report = run(file, engine);
  if (!report) {
    ADD_FAILURE() << report.error().line();
    return VectorReport{};
  }
  show(name + " on " + std::string(runtime::name(engine)), *report);
  return *report;
}

class CorpusVectors : public testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    if (GetParam() == EngineKind::jit && !runtime::jit_unavailable_reason().empty())
      GTEST_SKIP() << runtime::jit_unavailable_reason();
  }
};

TEST_P(CorpusVectors, InsnVectorsAllAgree) {
  const auto report = report_of("insn_vectors.jsonl", run_insn_vectors, GetParam());
  if (!report) GTEST_SKIP() << "insn_vectors.jsonl is absent: set PROBITY_CORPUS";
  EXPECT_EQ(report->passed, report->total);
  EXPECT_EQ(report->total, 1886u);
}

TEST_P(CorpusVectors, RandomProgramsAllAgree) {
  const auto report = report_of("random_programs.jsonl", run_random_programs, GetParam());
  if (!report) GTEST_SKIP() << "random_programs.jsonl is absent: set PROBITY_CORPUS";
  EXPECT_EQ(report->passed, report->total);
  EXPECT_EQ(report->total, 600u);
}

TEST_P(CorpusVectors, TestBpfAllAgree) {
  const auto report = report_of("test_bpf.jsonl", run_test_bpf, GetParam());
  if (!report) GTEST_SKIP() << "test_bpf.jsonl is absent: set PROBITY_CORPUS";
  EXPECT_EQ(report->passed, report->total);
  EXPECT_EQ(report->total, 463u);
}

void expect_judged(const ObjectRun& how) {
  if (!std::filesystem::exists(corpus_folder() / "vectors.jsonl"))
    GTEST_SKIP() << "vectors.jsonl is absent: set PROBITY_CORPUS";
  for (const ObjectRows& rows : object_rows()) {
    if (!rows.uses_engine && how.engine != EngineKind::interp) continue;
    const Expected<JudgedRows> judged = judge_rows(rows, corpus_folder(), how, TableMode::compare);
    ASSERT_TRUE(judged) << judged.error().line();
    EXPECT_TRUE(judged->holds()) << print(rows, how, *judged);
    EXPECT_GT(judged->report.passed, 0u) << rows.file;
  }
}

/// `make test-corpus` runs all objects.
constexpr std::size_t sample_stride = 7;

TEST_P(CorpusVectors, ASampleOfObjectsDiffersOnlyAsTheTableSays) {
  expect_judged({GetParam(), sample_stride});
}

TEST(KernelVectors, ASampleOfObjectsDiffersOnlyAsTheTableSays) {
  if (const std::string reason = runtime::kernel_unavailable_reason(); !reason.empty())
    GTEST_SKIP() << reason;
  constexpr std::size_t kernel_sample_stride = 20;
  expect_judged({EngineKind::kernel, kernel_sample_stride});
}

INSTANTIATE_TEST_SUITE_P(Engine, CorpusVectors,
                         testing::Values(EngineKind::interp, EngineKind::jit,
                                         EngineKind::emu_x86_64, EngineKind::emu_rv64),
                         [](const auto& engine) {
                           std::string text(runtime::name(engine.param));
                           std::ranges::replace(text, ':', '_');
                           return text;
                         });

}  // namespace
}  // namespace probity::corpus
