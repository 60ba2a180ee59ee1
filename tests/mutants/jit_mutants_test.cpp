// SPDX-License-Identifier: Apache-2.0
// Every patch of tests/mutants/jit is refuted by the obligation that its header names, with a
// counterexample that replays, or by the layout check; the same question to the unmodified sources
// is answered "proved". tests/mutants/jit/README.md has the table.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "mutant.hpp"

namespace probity::mutants {

void PrintTo(const Mutant& mutant, std::ostream* out) {
  *out << mutant.id;
}

namespace {

namespace fs = std::filesystem;

class JitMutant : public testing::TestWithParam<Mutant> {};

/// Counterexamples of x86-64 also say what the host's CPU did, or why it was not asked.
void expect_replayed_natively(const Mutant& mutant, const std::string& text) {
  if (mutant.get("Target") != "x86_64" || text.find("refuted layout") != std::string::npos) return;
  constexpr std::string_view heading = "natively: ";
  const std::size_t at = text.find(heading);
  ASSERT_NE(at, std::string::npos) << text;
  const std::size_t end = text.find('\n', at);
  testing::Test::RecordProperty("natively", text.substr(at + heading.size(), end - at));
}

TEST_P(JitMutant, IsRefuted) {
  if (std::system("command -v patch >/dev/null") != 0) GTEST_SKIP() << "patch is not installed";
  const Mutant& mutant = GetParam();
  const Outcome control = run(MUTANT_CONTROL, question(mutant));
  ASSERT_EQ(control.status, 0) << "the unmodified sources: " << control.text;
  const fs::path folder = fs::path(MUTANT_FOLDER) / (mutant.id + "-" + std::to_string(getpid()));
  const std::string problem = build(mutant, folder);
  ASSERT_EQ(problem, "");
  const Outcome outcome = run(folder / "mutant", question(mutant));
  EXPECT_EQ(outcome.status, 1) << outcome.text;
  EXPECT_NE(outcome.text.find("refuted "), std::string::npos) << outcome.text;
  EXPECT_EQ(outcome.text.find("NOT REPLAYED"), std::string::npos) << outcome.text;
  EXPECT_EQ(outcome.text.find("(our bug)"), std::string::npos) << outcome.text;
  expect_replayed_natively(mutant, outcome.text);
  if (!HasFailure()) fs::remove_all(folder);
}

std::vector<Mutant> of_suite(bool fast) {
  std::vector<Mutant> mutants = read_mutants();
  std::erase_if(mutants,
                [&](const Mutant& mutant) { return (mutant.get("Suite") == "fast") != fast; });
  return mutants;
}
std::string id_of(const testing::TestParamInfo<Mutant>& info) {
  return info.param.id;
}
INSTANTIATE_TEST_SUITE_P(Fast, JitMutant, testing::ValuesIn(of_suite(true)), id_of);
INSTANTIATE_TEST_SUITE_P(All, JitMutant, testing::ValuesIn(of_suite(false)), id_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JitMutant);

TEST(JitMutants, HaveCompleteHeaders) {
  for (const Mutant& mutant : read_mutants()) {
    for (const char* key : {"Target", "Refuted-by", "Wrong", "Trigger", "Source"}) {
      EXPECT_NE(mutant.get(key), "") << mutant.id << " has no line " << key;
    }
    EXPECT_FALSE(mutant.files.empty()) << mutant.id << " changes nothing";
    EXPECT_FALSE(affected_sources(mutant).empty()) << mutant.id << " reaches no source";
  }
}

/// The table names every mutant, with what refutes it.
TEST(JitMutants, AreInTheTable) {
  std::ifstream in("tests/mutants/jit/README.md");
  std::stringstream table;
  table << in.rdbuf();
  for (const Mutant& mutant : read_mutants()) {
    const std::string row = "| " + mutant.id + " |";
    const std::size_t at = table.str().find(row);
    ASSERT_NE(at, std::string::npos) << mutant.id;
    const std::string line = table.str().substr(at, table.str().find('\n', at) - at);
    EXPECT_NE(line.find(mutant.get("Refuted-by")), std::string::npos)
        << mutant.id << ": the table does not say " << mutant.get("Refuted-by");
  }
}

}  // namespace
}  // namespace probity::mutants
