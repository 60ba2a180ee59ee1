// SPDX-License-Identifier: Apache-2.0
// Explorations that run side by side share nothing: on several threads each says to the letter what
// it says alone, of all cases of the corpus. Built with -fsanitize=thread this is also the test
// that no memory is shared by accident.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/side_by_side.hpp"
#include "corpus/check_case.hpp"
#include "symex/minimise.hpp"

namespace probity::symex {
namespace {

std::vector<corpus::CheckCase> cases() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator("tests/corpus/check")) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<corpus::CheckCase> result;
  for (const auto& path : paths) {
    std::ifstream in(path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto file = corpus::parse_data_file(text, path.string());
    EXPECT_TRUE(file) << path;
    if (!file) continue;
    auto check = corpus::read_check_case(*file);
    EXPECT_TRUE(check) << path;
    if (check) result.push_back(std::move(*check));
  }
  return result;
}

/// Everything an exploration says but what it cost.
std::string told(const corpus::CheckCase& check) {
  Explorer explorer(check.image.view(), check.options);
  auto result = explorer.explore();
  if (!result) return std::string(result.error().line());
  std::string text = fmt::format("{} begun, {} insns, {} checks\n", result->counts.begun,
                                 result->statistics.insns, result->statistics.solver_checks);
  for (Finding& finding : result->findings) {
    if (check.options.assumptions.empty()) minimise(check.image, finding);
    text += fmt::format("{} at {}: {}, {} branches, packet", name(finding.property), finding.slot,
                        finding.text, finding.trail.size());
    for (const auto byte : finding.witness.input.packet) text += fmt::format(" {:02x}", byte);
    for (const Register& reg : finding.registers) text += " " + reg.name + reg.value;
    text += "\n";
  }
  for (const Unknowing& unknown : result->unknowns) {
    text += fmt::format("unknown at {}: {}\n", unknown.slot, unknown.reason);
  }
  for (const Site& site : result->sites) {
    text += fmt::format("{} {} {} {}\n", name(site.property), site.slot,
                        static_cast<int>(site.status), site.paths);
  }
  return text;
}

TEST(SideBySide, ExplorationsSayWhatTheySayAlone) {
  const std::vector<corpus::CheckCase> all = cases();
  ASSERT_GE(all.size(), 200u);
  std::vector<std::string> alone(all.size());
  side_by_side(1, all.size(), [&](std::size_t i) { alone[i] = told(all[i]); });
  std::vector<std::string> together(all.size());
  side_by_side(4, all.size(), [&](std::size_t i) { together[i] = told(all[i]); });
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(alone[i], together[i]);
}

TEST(SideBySide, EveryPieceIsDoneOnceAndTheFirstFailureIsTold) {
  for (const std::size_t threads : {1u, 2u, 7u}) {
    std::vector<int> done(100);
    const auto work = [&](std::size_t i) {
      ++done[i];
      if (i % 40 == 13) throw std::runtime_error(fmt::format("piece {}", i));
    };
    try {
      side_by_side(threads, done.size(), work);
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& failure) {
      EXPECT_STREQ(failure.what(), "piece 13");
    }
    EXPECT_EQ(std::ranges::count(done, 1), 100) << threads << " threads";
  }
}

}  // namespace
}  // namespace probity::symex
