// SPDX-License-Identifier: Apache-2.0
// Every tidy check over the repository itself: one test per row of the table, so that a failure is
// named by its rule. A finding prints as `path:line: what`.
#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>

#include "checks.hpp"

namespace probity::tidy {

/// How a row prints in the name of its test.
static void PrintTo(const Check& check, std::ostream* out) {
  *out << check.name;
}

namespace {

class Repository : public testing::TestWithParam<Check> {};

TEST_P(Repository, obeys) {
  static const Tree tree = read_tree(std::filesystem::current_path());
  ASSERT_TRUE(tree.exists("src/base/check.hpp")) << "not run from the repository's root";
  for (const Problem& problem : GetParam().run(tree)) {
    ADD_FAILURE() << problem.path << ":" << problem.line << ": " << problem.what;
  }
}

std::string name_of(const testing::TestParamInfo<Check>& row) {
  return std::string(row.param.name);
}

INSTANTIATE_TEST_SUITE_P(tidy, Repository, testing::ValuesIn(all_checks()), name_of);

}  // namespace
}  // namespace probity::tidy
