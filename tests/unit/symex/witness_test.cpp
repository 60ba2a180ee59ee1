// SPDX-License-Identifier: Apache-2.0
// Every path of the programs in tests/corpus/check, solved to an input: the interpreter must return
// what the path returns, with the same packet.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "corpus/check_case.hpp"
#include "symex/replay.hpp"

namespace probity::symex {
namespace {

corpus::CheckCase read_case(const std::string& name) {
  const std::string path = "tests/corpus/check/" + name + ".data";
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto file = corpus::parse_data_file(text, path);
  EXPECT_TRUE(file) << file.error().line();
  auto check = corpus::read_check_case(*file);
  EXPECT_TRUE(check) << check.error().line();
  return *std::move(check);
}

/// The one finding of a case is shown by all engines that this machine has.
class Shown : public testing::TestWithParam<const char*> {};

TEST_P(Shown, OnEveryEngine) {
  using runtime::EngineKind;
  const corpus::CheckCase check = read_case(GetParam());
  Explorer explorer(check.image.view(), check.options);
  const auto result = explorer.explore();
  ASSERT_TRUE(result) << result.error().line();
  ASSERT_EQ(result->findings.size(), 1u);
  const Finding& finding = result->findings.front();
  EXPECT_TRUE(finding.witness.helper_results.empty());
  for (const EngineKind kind : {EngineKind::interp, EngineKind::jit, EngineKind::emu_rv64}) {
    if (kind == EngineKind::jit && !runtime::jit_unavailable_reason().empty()) continue;
    const Replayed replayed = replay_on(check.image, finding, kind);
    EXPECT_EQ(replayed.outcome, Outcome::reproduced) << replayed.engine << ": " << replayed.text;
  }
  if (!runtime::kernel_unavailable_reason().empty()) return;
  const auto replays = replay(check.image, finding, UseKernel::yes);
  ASSERT_EQ(replays.size(), 2u);
  EXPECT_EQ(replays[1].engine, "kernel");
  EXPECT_EQ(replays[1].outcome, Outcome::reproduced) << replays[1].text;
}

INSTANTIATE_TEST_SUITE_P(Worlds, Shown,
                         testing::Values("inner_map_two_keys", "inner_map_of_hash",
                                         "metadata_read"));

TEST(Witness, SaysWhatLiesInMapsOfMaps) {
  const corpus::CheckCase check = read_case("inner_map_two_keys");
  Explorer explorer(check.image.view(), check.options);
  const auto result = explorer.explore();
  ASSERT_TRUE(result) << result.error().line();
  ASSERT_EQ(result->findings.size(), 1u);
  std::set<std::string> maps;
  for (const auto& contents : result->findings.front().witness.maps) maps.insert(contents.map);
  EXPECT_EQ(maps, (std::set<std::string>{"outer", "outer<0>", "outer<1>"}));
}

// Paths that merged made one call or two: an engine counts those of the path that it follows.
TEST(Witness, NumbersCallsAsAnEngineDoes) {
  corpus::CheckCase check = read_case("helper_merged_calls");
  check.options.merging = Merging::always;
  for (const bool is_long : {false, true}) {
    Options options = check.options;
    (is_long ? options.min_packet : options.max_packet) = is_long ? 100 : 99;
    Options both = check.options;
    Explorer explorer(check.image.view(), is_long ? options : both);
    const auto result = explorer.explore();
    ASSERT_TRUE(result) << result.error().line();
    ASSERT_EQ(result->findings.size(), 1u);
    const Finding& finding = result->findings.front();
    const auto& input = finding.witness.input;
    EXPECT_TRUE(finding.witness.helper_results.empty());
    const std::uint32_t call = input.packet.size() >= 100 ? 1 : 0;
    const auto last = std::ranges::max_element(input.answers, {}, &runtime::GivenAnswer::call);
    ASSERT_NE(last, input.answers.end());
    EXPECT_EQ(*last, (runtime::GivenAnswer{"bpf_ktime_get_ns", call, 0x1234}));
    const Replayed replayed = replay_on(check.image, finding, runtime::EngineKind::interp);
    EXPECT_EQ(replayed.outcome, Outcome::reproduced) << replayed.text;
  }
}

// What helpers do is one text for interpreter and exploration: here is what it must say.
TEST(Verdict, OfHelpersIsAsWritten) {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/corpus/check")) {
    if (!entry.path().filename().string().starts_with("helper_")) continue;
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto file = corpus::parse_data_file(text, entry.path().string());
    ASSERT_TRUE(file) << file.error().line();
    const auto result = corpus::run_check_case(*file);
    ASSERT_TRUE(result) << result.error().line();
    EXPECT_TRUE(result->agrees) << entry.path() << ": " << result->actual;
    ++cases;
  }
  EXPECT_GE(cases, 17);
}

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
