// SPDX-License-Identifier: Apache-2.0
// The checker against the kernel verifier's verdicts: nothing that the verifier refuses as unsafe
// is called proved, and nine tenths of what it accepts are, for each type of program.
#include <gtest/gtest.h>

#include "verdict_rows.hpp"

namespace probity::corpus {
namespace {

void expect_verdicts(const Expected<VerdictReport>& report, std::size_t rows) {
  ASSERT_TRUE(report) << report.error().line();
  EXPECT_EQ(report->vectors.total, rows);
  for (const std::string& row : report->unsafe_proved) ADD_FAILURE() << "proved: " << row;
  EXPECT_GE(report->accepted.size(), 2u);
  for (const auto& [type, share] : report->accepted) {
    EXPECT_GE(share.proved * 10, share.total * 9)
        << type << ": " << share.proved << " proved of " << share.total;
  }
  EXPECT_EQ(report->vectors.reasons.count("refused for unsorted: proved"), 0u);
}

TEST(Verdicts, OfSmallProgramsAndTheirMutations) {
  const std::filesystem::path file = corpus_folder() / "verdict_vectors.jsonl";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "absent: set PROBITY_CORPUS";
  constexpr std::size_t xdp_and_tc_rows = 1055;
  expect_verdicts(judge_verdict_vectors(file), xdp_and_tc_rows);
}

TEST(Verdicts, OfTheVerifiersOwnTests) {
  const std::filesystem::path file = corpus_folder() / "verifier_tests.jsonl";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "absent: set PROBITY_CORPUS";
  constexpr std::size_t networking_rows = 695;
  expect_verdicts(judge_verifier_tests(file), networking_rows);
}

TEST(Verdicts, MessagesAreSortedByCause) {
  EXPECT_EQ(cause_of("R0 invalid mem access 'map_value_or_null'"), Cause::null_pointer);
  EXPECT_EQ(cause_of("R1 offset is outside of the packet"), Cause::memory);
  EXPECT_EQ(cause_of("R2 32-bit pointer arithmetic prohibited"), Cause::type);
  EXPECT_EQ(cause_of("a message of tomorrow"), Cause::unsorted);
  EXPECT_TRUE(is_unsafe(Cause::unsorted));
  EXPECT_FALSE(is_unsafe(Cause::limit));
}

}  // namespace
}  // namespace probity::corpus
