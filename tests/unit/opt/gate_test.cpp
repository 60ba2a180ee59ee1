// SPDX-License-Identifier: Apache-2.0
// Gates must be able to fail: programs that differ only where a value needs more than one byte, or
// only in a map, are told apart. The first one is the miscompilation that K2 made of the kernel's
// `socket/1`.
#include "opt/gate.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "code_sample.hpp"
#include "object/image.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"
#include "opt/simulation.hpp"

namespace probity::opt {
namespace {

using program::ProgType;
using runtime::EngineKind;

object::Image image(std::string_view text, ProgType type) {
  const auto slots = assembler::assemble({"sample", text}, assembler::TextStyle::kernel);
  EXPECT_TRUE(slots) << slots.error().line();
  object::Image made = object::image_from_slots("sample", *slots, type);
  made.license = "GPL";
  return made;
}

Code code(const object::Image& image) {
  const auto made = Code::from(image.slots, image.subprogs);
  EXPECT_TRUE(made);
  return *made;
}

GateAnswer runs(std::string_view before, std::string_view after, ProgType type, EngineKind kind) {
  const object::Image old_image = image(before, type);
  const object::Image new_image = image(after, type);
  return compare_runs({old_image, new_image}, kind, corner_inputs(type),
                      corner_maps(old_image.maps));
}

constexpr std::string_view wide_field = R"(
    r0 = *(u32 *)(r1 + 48)
    r0 += 4
    exit
)";
constexpr std::string_view narrow_field = R"(
    r0 = *(u8 *)(r1 + 48)
    r0 += 4
    exit
)";

TEST(Gate, ACtxValueAbove255TellsAByteFromAWord) {
  const GateAnswer answer =
      runs(wide_field, narrow_field, ProgType::socket_filter, EngineKind::interp);
  EXPECT_EQ(answer.verdict, GateVerdict::failed);
  EXPECT_NE(answer.text.find("ctx fields from"), std::string::npos) << answer.text;
}

TEST(Gate, TheSameOnTheKernel) {
  if (const std::string why = runtime::kernel_unavailable_reason(); !why.empty())
    GTEST_SKIP() << why;
  const GateAnswer wrong =
      runs(wide_field, narrow_field, ProgType::socket_filter, EngineKind::kernel);
  EXPECT_EQ(wrong.verdict, GateVerdict::failed) << wrong.text;
  const GateAnswer right =
      runs(wide_field, wide_field, ProgType::socket_filter, EngineKind::kernel);
  EXPECT_EQ(right.verdict, GateVerdict::passed) << right.text;
}

TEST(Gate, TheWholeIsRefutedByExploration) {
  const object::Image before = image("r0 = 1\nexit\n", ProgType::xdp);
  const object::Image after = image("r0 = 2\nexit\n", ProgType::xdp);
  const std::array versions{code(before), code(after)};
  const GateAnswer answer = check_equivalence({before, after}, versions, {}, {});
  EXPECT_EQ(answer.verdict, GateVerdict::failed) << answer.text;
}

TEST(Gate, TheSameCodeIsTheSame) {
  const object::Image before = image(wide_field, ProgType::socket_filter);
  const object::Image after = image(wide_field, ProgType::socket_filter);
  const std::array versions{code(before), code(after)};
  const GateAnswer answer = check_equivalence({before, after}, versions, {}, {});
  EXPECT_EQ(answer.verdict, GateVerdict::passed);
  EXPECT_EQ(answer.text, "the code is the same");
}

/// Behind `out` r6 is zero or a time; that it is zero on the first way is known only of a version
/// in which the second one left before.
constexpr std::string_view zero_or_time = R"(
    r6 = 0
    call 7
    if r0 == 0 goto out
    call 7
    if r0 != 0 goto out
    call 5
    r6 = r0
  out:
    r0 = r6
    exit
)";

TEST(Gate, WhatNeedsAVersionBetweenIsProvedInSteps) {
  const object::Image before = image(zero_or_time, ProgType::xdp);
  const program::View view = before.view();
  Options options;
  options.generators = standard_generators();
  const Outcome outcome = optimize(code(before), view, options);
  ASSERT_GT(outcome.versions.size(), 2u);
  ASSERT_EQ(outcome.versions.front(), code(before));
  ASSERT_EQ(outcome.versions.back(), outcome.code);
  const Simulated direct =
      simulate(outcome.versions.front(), outcome.versions.back(), view, options.solver);
  ASSERT_NE(direct.verdict, Simulated::Verdict::proved) << "this sample shows nothing any more";
  const GateAnswer answer = check_equivalence({before, before}, outcome.versions, {}, {});
  EXPECT_EQ(answer.verdict, GateVerdict::passed) << answer.text;
  EXPECT_NE(answer.text.find(fmt::format("in {} steps", outcome.versions.size() - 1)),
            std::string::npos)
      << answer.text;
}

TEST(Gate, AStepThatIsWrongIsNoProof) {
  const object::Image before = image("r0 = 1\nexit\n", ProgType::xdp);
  const object::Image between = image("r0 = 2\nexit\n", ProgType::xdp);
  const object::Image after = image("r0 = 3\nexit\n", ProgType::xdp);
  const std::array versions{code(before), code(between), code(after)};
  const GateAnswer answer = check_equivalence({before, after}, versions, {}, {});
  EXPECT_EQ(answer.verdict, GateVerdict::failed) << answer.text;
}

constexpr std::string_view counts_one = R"(
    r6 = 0
    *(u32 *)(r10 - 4) = r6
    r2 = r10
    r2 += -4
    r1 = map[0] ll
    call 1
    if r0 == 0 goto +3
    r1 = *(u64 *)(r0 + 0)
    r1 += 1
    *(u64 *)(r0 + 0) = r1
    r0 = 2
    exit
)";

TEST(Gate, MapsAreComparedAtTheEnd) {
  object::Image before = image(counts_one, ProgType::xdp);
  std::string twice(counts_one);
  twice.replace(twice.find("r1 += 1"), 7, "r1 += 2");
  object::Image after = image(twice, ProgType::xdp);
  before.maps.push_back(sample::maps[1]);
  after.maps.push_back(sample::maps[1]);
  const auto inputs = corner_inputs(ProgType::xdp);
  const auto filled = corner_maps(before.maps);
  const GateAnswer wrong = compare_runs({before, after}, EngineKind::interp, inputs, filled);
  EXPECT_EQ(wrong.verdict, GateVerdict::failed);
  EXPECT_NE(wrong.text.find("map counters"), std::string::npos) << wrong.text;
  const GateAnswer right = compare_runs({before, before}, EngineKind::interp, inputs, filled);
  EXPECT_EQ(right.verdict, GateVerdict::passed) << right.text;
}

TEST(Gate, AProgramThatNoEngineTakesIsNotPassed) {
  const GateAnswer answer =
      runs("r0 = 0\nexit\n", "r0 = 0\nexit\n", ProgType::struct_ops, EngineKind::kernel);
  EXPECT_EQ(answer.verdict, GateVerdict::not_applicable);
}

TEST(GateInputs, CoverSizesAndWideValues) {
  std::size_t shortest = 1500, longest = 0;
  std::uint64_t widest = 0;
  std::set<std::string> names;
  for (const GateInput& input : corner_inputs(ProgType::sched_cls)) {
    shortest = std::min(shortest, input.input.packet.size());
    longest = std::max(longest, input.input.packet.size());
    for (const runtime::CtxValue& value : input.input.fields)
      widest = std::max(widest, value.value);
    EXPECT_TRUE(names.insert(input.name).second) << input.name << " twice";
  }
  EXPECT_EQ(shortest, 14U);
  EXPECT_EQ(longest, 1500U);
  EXPECT_GE(widest, std::uint64_t{1} << 32);
  EXPECT_GT(names.size(), 100U);
}

TEST(GateInputs, FillMapsWithKeysOfTheirSize) {
  const auto filled = corner_maps(sample::maps);
  ASSERT_EQ(filled.size(), 2U);
  for (std::size_t i = 0; i < filled.size(); ++i) {
    EXPECT_FALSE(filled[i].entries.empty());
    for (const runtime::MapEntry& entry : filled[i].entries) {
      EXPECT_EQ(entry.key.size(), sample::maps[i].key_size);
      EXPECT_EQ(entry.value.size(), sample::maps[i].value_size);
    }
  }
}

}  // namespace
}  // namespace probity::opt
