// SPDX-License-Identifier: Apache-2.0
// Comparing: which entries a run changed, and how two engines' results differ. The results are made
// by hand, so no engine is needed.
#include "replay/run_session.hpp"

#include <gtest/gtest.h>

namespace probity::replay {
namespace {

using program::ProgType;
using runtime::FaultKind;
using runtime::MapContents;

EngineResult result_of(std::string engine) {
  EngineResult result;
  result.engine = std::move(engine);
  result.output.return_value = 2;
  result.output.packet = {1, 2, 3};
  return result;
}

TEST(MapChanges, FindsAddedRemovedAndRewrittenEntries) {
  const MapContents before{"m", {{{1}, {10}}, {{2}, {20}}, {{4}, {40}}}};
  const MapContents after{"m", {{{0}, {5}}, {{2}, {21}}, {{4}, {40}}, {{9}, {90}}}};
  using Bytes = runtime::Bytes;
  const std::vector<MapChange> expected = {{"m", {0}, std::nullopt, Bytes{5}},
                                           {"m", {1}, Bytes{10}, std::nullopt},
                                           {"m", {2}, Bytes{20}, Bytes{21}},
                                           {"m", {9}, std::nullopt, Bytes{90}}};
  EXPECT_EQ(map_changes(before, after), expected);
  EXPECT_TRUE(map_changes(before, before).empty());
}

program::MapDef map_of(program::MapType type) {
  program::MapDef map;
  map.name = "m";
  map.type = type;
  map.key_size = 1;
  map.value_size = 1;
  return map;
}

TEST(RecordChanges, AreThoseOfTheContentsInAnyOrder) {
  using Bytes = runtime::Bytes;
  const program::MapDef hash = map_of(program::MapType::hash);
  const std::vector<MapChange> rewritten = {{"m", {1}, Bytes{0}, Bytes{5}},
                                            {"m", {7}, Bytes{70}, Bytes{0}}};
  EXPECT_EQ(record_changes(hash, {7, 70, 1, 0, 3, 30}, {7, 0, 1, 5, 3, 30}), rewritten);
  const std::vector<MapChange> moved = {{"m", {2}, std::nullopt, Bytes{0}},
                                        {"m", {7}, Bytes{70}, std::nullopt}};
  EXPECT_EQ(record_changes(hash, {7, 70, 1, 10}, {1, 10, 2, 0}), moved);
  EXPECT_TRUE(record_changes(hash, {7, 70, 1, 10}, {1, 10, 7, 70}).empty());
}

TEST(RecordChanges, AnEntryOfAnArrayThatWasNotTouchedIsZero) {
  using Bytes = runtime::Bytes;
  const program::MapDef array = map_of(program::MapType::array);
  const std::vector<MapChange> touched = {{"m", {1}, Bytes{0}, Bytes{9}}};
  EXPECT_EQ(record_changes(array, {}, {0, 0, 1, 9}), touched);
  EXPECT_TRUE(record_changes(array, {}, {0, 0, 1, 0}).empty());
}

TEST(RecordChanges, QueuesAreComparedByPlace) {
  using Bytes = runtime::Bytes;
  const program::MapDef queue = map_of(program::MapType::queue);
  const std::vector<MapChange> second = {{"m", {}, Bytes{2}, Bytes{3}}};
  EXPECT_EQ(record_changes(queue, {1, 2}, {1, 3}), second);
}

TEST(ResultDifferences, EqualResultsHaveNone) {
  EngineResult kernel = result_of("kernel");
  kernel.output.return_value = 2;
  kernel.output.insns_executed = 100;  // not a result
  EXPECT_TRUE(result_differences(ProgType::xdp, result_of("interp"), kernel).empty());
}

TEST(ResultDifferences, NamesValuesPacketsAndMaps) {
  EngineResult interp = result_of("interp");
  EngineResult kernel = result_of("kernel");
  kernel.output.return_value = 1;
  kernel.output.packet[1] = 7;
  interp.changes.push_back({"m", {0}, std::nullopt, runtime::Bytes{5}});
  EXPECT_EQ(result_differences(ProgType::xdp, interp, kernel),
            (std::vector<std::string>{"interp returns XDP_PASS (2), kernel returns XDP_DROP (1)",
                                      "packet byte 1: interp has 0x02, kernel has 0x07",
                                      "map change only by interp: m[00] (none) -> 05"}));
  kernel.output.packet.pop_back();
  EXPECT_EQ(result_differences(ProgType::xdp, interp, kernel)[1],
            "packet length: interp has 3, kernel has 2");
}

TEST(ResultDifferences, AFaultOnOneSideIsADifference) {
  EngineResult interp = result_of("interp");
  interp.output.fault.kind = FaultKind::out_of_bounds;
  EXPECT_EQ(result_differences(ProgType::xdp, interp, result_of("kernel")),
            (std::vector<std::string>{
                "interp stops with a fault (out of bounds), kernel returns XDP_PASS (2)"}));
}

TEST(ResultDifferences, OnlyTheLow32BitsCountUnlessTheProgramIsBare) {
  EngineResult interp = result_of("interp");
  interp.output.return_value = 0x1'0000'0002;
  EXPECT_TRUE(result_differences(ProgType::xdp, interp, result_of("kernel")).empty());
  EXPECT_EQ(result_differences(ProgType::unspec, interp, result_of("kernel")),
            (std::vector<std::string>{"interp returns 0x100000002, kernel returns 0x2"}));
}

}  // namespace
}  // namespace probity::replay
