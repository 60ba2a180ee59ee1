// SPDX-License-Identifier: Apache-2.0
// What two runs show: maps with as many entries as real programs have are compared in no time, and
// one that differs is found among them.
#include "equiv/seen.hpp"

#include <gtest/gtest.h>

namespace probity::equiv {
namespace {

constexpr std::uint32_t entries = 100'000;

Seen with_large_map(std::uint32_t changed) {
  Seen seen;
  runtime::MapContents map{"large", {}};
  for (std::uint32_t i = 0; i < entries; ++i) {
    runtime::Bytes key{static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8),
                       static_cast<std::uint8_t>(i)};
    map.entries.push_back({std::move(key), {1, static_cast<std::uint8_t>(i == changed ? 9 : 0)}});
  }
  seen.maps.push_back(std::move(map));
  return seen;
}

TEST(SeenTest, EqualLargeMapsDoNotDiffer) {
  EXPECT_TRUE(differences(with_large_map(entries), with_large_map(entries), {}, {}).empty());
}

TEST(SeenTest, TheEntryThatDiffersIsNamed) {
  const auto lines = differences(with_large_map(entries), with_large_map(77'777), {}, {});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines.front(), "map large[012fd1]: 0100 and 0109");
}

}  // namespace
}  // namespace probity::equiv
