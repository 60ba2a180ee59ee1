// SPDX-License-Identifier: Apache-2.0
// Every path of the programs in tests/corpus/check, solved to an input: the interpreter must return
// what the path returns, with the same packet.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "corpus/check_case.hpp"
#include "symex/replay.hpp"

namespace probity::symex {
namespace {

TEST(Witness, EveryPathRunsAsPredicted) {
  int reproduced = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/corpus/check")) {
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto file = corpus::parse_data_file(text, entry.path().string());
    ASSERT_TRUE(file) << file.error().line();
    auto check = corpus::read_check_case(*file);
    ASSERT_TRUE(check) << check.error().line();
    if (check->expected != "proved") continue;
    check->options.collect_cases = true;
    check->options.max_cases = 50;
    Explorer explorer(check->image.view(), check->options);
    const auto result = explorer.explore();
    ASSERT_TRUE(result) << result.error().line();
    EXPECT_FALSE(result->cases.empty()) << entry.path();
    for (const PathCase& path : result->cases) {
      const Replayed replayed = replay_case(check->image, path, "interp");
      EXPECT_NE(replayed.outcome, Outcome::contradicted) << entry.path() << ": " << replayed.text;
      if (replayed.outcome == Outcome::reproduced) ++reproduced;
    }
  }
  EXPECT_GE(reproduced, 50);
}

}  // namespace
}  // namespace probity::symex
