// SPDX-License-Identifier: Apache-2.0
// Several programs in one world: what must be told apart is, and what is the same costs nothing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "corpus/check_case.hpp"
#include "symex/compare.hpp"

namespace probity::symex {
namespace {

object::Image program(std::string_view text) {
  const std::string file =
      "# a program of a pair\n-- spec\nmap flows hash 4 8 16\n"
      "-- kernel-asm\n" +
      std::string(text) + "-- expect\nproved\n";
  const auto data = corpus::parse_data_file(file, "pair");
  EXPECT_TRUE(data) << data.error().line();
  auto check = corpus::read_check_case(*data);
  EXPECT_TRUE(check) << check.error().line();
  return std::move(check->image);
}

/// What differs between two programs on the same input, "" if nothing does.
std::string difference(std::string_view a, std::string_view b) {
  const object::Image first = program(a);
  const object::Image second = program(b);
  Options options;
  options.relation = [](Explorer& explorer, PathState&, auto endings) {
    return differences(explorer, *endings[0], *endings[1], {});
  };
  Explorer explorer(std::vector<Stage>{{first.view()}, {second.view()}}, options);
  const auto result = explorer.explore();
  EXPECT_TRUE(result) << result.error().line();
  if (!result) return "error";
  for (const Unknowing& unknown : result->unknowns) ADD_FAILURE() << unknown.reason;
  return result->findings.empty() ? "" : result->findings.front().observable;
}

std::string returns(std::string_view value) {
  return fmt::format("r0 = {}\nexit\n", value);
}

/// Writes `byte` at packet offset 13 and passes.
std::string writes(std::string_view byte) {
  return fmt::format(
      "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr0 = 2\nr4 = r2\nr4 += 14\n"
      "if r4 > r3 goto out\n*(u8 *)(r2 + 13) = {}\nout:\nexit\n",
      byte);
}

/// flows[key] = value, then passes.
std::string puts(std::string_view key, std::string_view value) {
  return fmt::format(
      "*(u32 *)(r10 - 4) = {}\n*(u64 *)(r10 - 16) = {}\nr1 = map[0] ll\nr2 = r10\nr2 += -4\n"
      "r3 = r10\nr3 += -16\nr4 = 0\ncall bpf_map_update_elem#2\nr0 = 2\nexit\n",
      key, value);
}

/// flows[key] is deleted, then passes.
std::string drops(std::string_view key) {
  return fmt::format(
      "*(u32 *)(r10 - 4) = {}\nr1 = map[0] ll\nr2 = r10\nr2 += -4\n"
      "call bpf_map_delete_elem#3\nr0 = 2\nexit\n",
      key);
}

TEST(Stage, EqualProgramsAgree) {
  EXPECT_EQ(difference(returns("2"), "r0 = 1\nr0 += 1\nexit\n"), "");
  EXPECT_EQ(difference(writes("7"), writes("7")), "");
  EXPECT_EQ(difference(puts("1", "5"), puts("1", "5")), "");
  EXPECT_EQ(difference(drops("1"), drops("1")), "");
}

TEST(Stage, ReturnValueDiffers) {
  EXPECT_EQ(difference(returns("2"), returns("1")), "return value");
}

TEST(Stage, PacketDiffers) {
  EXPECT_EQ(difference(writes("7"), writes("8")), "packet");
  EXPECT_EQ(difference(writes("7"), returns("2")), "packet");
}

TEST(Stage, MapsDiffer) {
  EXPECT_EQ(difference(puts("1", "5"), puts("1", "6")), "map flows");
  EXPECT_EQ(difference(puts("1", "5"), puts("2", "5")), "map flows");
  EXPECT_EQ(difference(drops("1"), returns("2")), "map flows");
  EXPECT_EQ(difference(puts("1", "5"), drops("1")), "map flows");
}

/// A after B where B drops nothing: the second stage finds what the first left.
TEST(Stage, ChainedStagesFindWhatWasLeft) {
  const object::Image put = program(puts("1", "5"));
  const object::Image drop = program(drops("1"));
  Options options;
  options.relation = [](Explorer& explorer, PathState&, auto endings) {
    return differences(explorer, *endings[1], *endings[3], {});
  };
  const std::vector<Stage> stages{{put.view(), Start::initial, {}, 0},
                                  {drop.view(), Start::chained, {2}, 1},
                                  {drop.view(), Start::initial, {}, 1},
                                  {put.view(), Start::chained, {2}, 0}};
  Explorer explorer(stages, options);
  const auto result = explorer.explore();
  ASSERT_TRUE(result) << result.error().line();
  ASSERT_EQ(result->findings.size(), 1u);
  EXPECT_EQ(result->findings[0].observable, "map flows");
  ASSERT_EQ(result->findings[0].outcomes.size(), 4u);
  EXPECT_TRUE(result->findings[0].outcomes[1].maps.at(0).entries.empty());
}

TEST(Stage, StageIsSkippedAfterAnotherVerdict) {
  const object::Image drop = program(returns("1"));
  const object::Image put = program(puts("1", "5"));
  Options options;
  options.relation = [](Explorer& explorer, PathState&, auto endings) {
    EXPECT_FALSE(endings[1]->ran);
    return differences(explorer, *endings[0], *endings[1], {});
  };
  Explorer explorer(std::vector<Stage>{{drop.view()}, {put.view(), Start::chained, {2}}}, options);
  const auto result = explorer.explore();
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_TRUE(result->findings.empty());
  EXPECT_EQ(result->statistics.paths, 1u);
}

}  // namespace
}  // namespace probity::symex
