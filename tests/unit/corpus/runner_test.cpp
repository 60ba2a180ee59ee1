// SPDX-License-Identifier: Apache-2.0
// Running one file: pass, fail, skip, the text of errors, and `--rebase` touching nothing but the
// expectation. Then our own corpus as a whole: every file passes and says why it exists.
#include "corpus/runner.hpp"

#include <gtest/gtest.h>

namespace probity::corpus {
namespace {

DataFile file_of(std::string_view text) {
  const Expected<DataFile> file = parse_data_file(text, "t.data");
  EXPECT_TRUE(file);
  return *file;
}

TestResult run(std::string_view text, const Options& options) {
  const Expected<TestResult> result = run_data_file(file_of(text), options);
  EXPECT_TRUE(result) << result.error().line();
  return result.value_or(TestResult{});
}

constexpr std::string_view seven = "# why\n-- asm\nmov %r0, 7\nexit\n-- result\n";

TEST(Runner, ComparesAll64Bits) {
  constexpr std::string_view text = "-- asm\nmov %r0, -1\nexit\n-- result\n";
  EXPECT_EQ(run(std::string(text) + "0xffffffffffffffff\n", {}).status, Status::passed);
  const TestResult result = run(std::string(text) + "0xffffffff\n", {});
  EXPECT_EQ(result.status, Status::failed);
  EXPECT_EQ(result.expected, "0xffffffff");
  EXPECT_EQ(result.actual, "0xffffffffffffffff");
}

TEST(Runner, MemoryIsWritableAndItsLengthInR2) {
  constexpr std::string_view text =
      "-- asm\nstxb [%r1], %r2\nldxb %r0, [%r1]\nexit\n-- mem\n00 01 02\n-- result\n3\n";
  EXPECT_EQ(run(text, {}).status, Status::passed);
}

TEST(Runner, FaultsAreErrorsWithText) {
  constexpr std::string_view text = "-- asm\nmov %r1, 0\nldxb %r0, [%r1]\nexit\n-- result\n0\n";
  const TestResult result = run(text, {});
  EXPECT_EQ(result.status, Status::failed);
  EXPECT_TRUE(result.actual.starts_with("error: ")) << result.actual;
  EXPECT_GT(result.actual.size(), sizeof "error: ");
}

TEST(Runner, SkipsByLevelGroupAndSectionWithTheReason) {
  Options v1;
  v1.cpu = bpf::Cpu::v1;
  EXPECT_EQ(run("-- asm\nja32 +0\nexit\n-- result\n0\n", v1).reason, "needs cpu v4");
  EXPECT_EQ(run("-- asm\ncall %r1\nexit\n-- result\n0\n", {}).reason, "group callx is excluded");
  EXPECT_EQ(run("-- asm\nexit\n-- target\nrv64\n", {}).status, Status::skipped);
}

TEST(Runner, ChecksWhereAVerdictIsExpected) {
  const std::string two = "-- kernel-asm\nr0 = 2\nexit\n";
  EXPECT_EQ(run(two + "-- expect\nproved\n", {}).status, Status::passed);
  const TestResult wrong = run(two + "-- expect\nrefuted: memory bounds\n", {});
  EXPECT_EQ(wrong.status, Status::failed);
  EXPECT_EQ(wrong.actual, "proved");
  const std::string allowed = "-- spec\nassert-return 1\n";
  EXPECT_EQ(run(allowed + two + "-- expect\nrefuted: return value\n", {}).status, Status::passed);
  const Expected<DataFile> bad =
      parse_data_file("-- spec\nmaps 3\n" + two + "-- expect\nproved\n", "t.data");
  ASSERT_TRUE(bad);
  EXPECT_EQ(run_data_file(*bad, {}).error().line(), "t.data:2: unknown setting \"maps\"");
}

TEST(Runner, RebaseRewritesTheExpectationOnly) {
  const std::string text =
      std::string(seven) + "0x8\n# kept? no: part of the expectation\n-- c\nreturn 7;\n";
  const TestResult result = run(text, {});
  ASSERT_EQ(result.status, Status::failed);
  const std::string rebased = print(rebase(file_of(text), result));
  EXPECT_EQ(rebased, std::string(seven) + "0x7\n-- c\nreturn 7;\n");
  EXPECT_EQ(run(rebased, {}).status, Status::passed);
}

TEST(Runner, RebaseTurnsAResultIntoAnError) {
  const std::string text = "-- asm\nmov %r1, 0\nldxb %r0, [%r1]\nexit\n-- result\n0\n";
  const std::string rebased = print(rebase(file_of(text), run(text, {})));
  EXPECT_NE(rebased.find("-- error\n"), std::string::npos);
  EXPECT_EQ(rebased.find("-- result"), std::string::npos);
  EXPECT_EQ(run(rebased, {}).status, Status::passed);
}

TEST(Runner, PathsThatNameNoTestAreRefused) {
  EXPECT_EQ(find_data_files("/no/such").error().line(), "/no/such: no such file or folder");
  EXPECT_EQ(find_data_files("src/report").error().line(),
            "src/report: the folder holds no .data file");
}

void every_file_says_why_and_passes(const std::string& folder) {
  const Expected<std::vector<std::string>> files = find_data_files(folder);
  ASSERT_TRUE(files) << files.error().line();
  EXPECT_GE(files->size(), 40u);
  Options options;
  options.groups.add(bpf::Group::callx);
  for (const std::string& path : *files) {
    const Expected<DataFile> file = read_data_file(path);
    ASSERT_TRUE(file) << file.error().line();
    EXPECT_FALSE(file->why().empty()) << path << " does not say why it exists";
    const Expected<TestResult> result = run_data_file(*file, options);
    ASSERT_TRUE(result) << result.error().line();
    EXPECT_EQ(result->status, Status::passed)
        << path << ": expected " << result->expected << ", got " << result->actual;
  }
}

TEST(OwnCorpus, InsnsSayWhyAndPass) {
  every_file_says_why_and_passes("tests/corpus/insn");
}
TEST(OwnCorpus, ChecksSayWhyAndPass) {
  every_file_says_why_and_passes("tests/corpus/check");
}

/// The interpreter's answers are not their own proof: where the kernel runs the same file, it must
/// agree.
TEST(OwnCorpus, KernelAgrees) {
  if (const std::string reason = runtime::kernel_unavailable_reason(); !reason.empty())
    GTEST_SKIP() << reason;
  Options options;
  options.engine = EngineKind::kernel;
  std::size_t passed = 0;
  const std::vector<std::string> files = find_data_files("tests/corpus/insn").value();
  for (const std::string& path : files) {
    const DataFile file = read_data_file(path).value();
    if (file.find(SectionKind::result) == nullptr) continue;
    const TestResult result = run_data_file(file, options).value();
    if (result.status == Status::passed)
      ++passed;
    else
      EXPECT_TRUE(result.status == Status::skipped || result.actual.starts_with("error: "))
          << path << ": the kernel says " << result.actual << ", the file " << result.expected;
  }
  EXPECT_GE(passed, 35u);
}

}  // namespace
}  // namespace probity::corpus
