// SPDX-License-Identifier: Apache-2.0
// Checksum arithmetic against a direct RFC 1071 sum.
#include "runtime/checksum.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "domain/concrete.hpp"

namespace probity::runtime {
namespace {

using B16 = Bv<Concrete, 16>;
using B32 = Bv<Concrete, 32>;

/// The checksum field of these 16-bit words, by the definition.
std::uint16_t checksum_of(const std::vector<std::uint16_t>& words) {
  std::uint32_t sum = std::accumulate(words.begin(), words.end(), 0u);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

TEST(Checksum, AddCarriesAround) {
  EXPECT_EQ(csum_add(B32::lit(0xffffffff), B32::lit(1)).raw(), 1u);
  EXPECT_EQ(csum_add(B32::lit(0xffffffff), B32::lit(0)).raw(), 0xffffffffu);
  EXPECT_EQ(csum_sub(B32::lit(5), B32::lit(3)).raw(), 2u);
}

TEST(Checksum, FoldAgreesWithTheDefinition) {
  for (std::uint32_t high = 0; high < 0x10000; high += 4093) {
    for (std::uint32_t low = 0; low < 0x10000; low += 1021) {
      const B32 sum = B32::lit(high << 16 | low);
      EXPECT_EQ(csum_fold(sum).raw(),
                checksum_of({static_cast<std::uint16_t>(high), static_cast<std::uint16_t>(low)}));
    }
  }
}

TEST(Checksum, ReplacementEqualsRecomputation) {
  std::vector<std::uint16_t> words = {0x4500, 0x003c, 0x1c46, 0x4000, 0x4006, 0xac10, 0x0a63};
  const std::uint16_t before = checksum_of(words);
  const std::uint16_t old_word = words[4];
  words[4] = 0x3f06;
  const std::uint16_t after = checksum_of(words);
  EXPECT_EQ(csum_replace2(B16::lit(before), B16::lit(old_word), B16::lit(words[4])).raw(), after);
  EXPECT_EQ(csum_replace4(B16::lit(before), B32::lit(old_word), B32::lit(words[4])).raw(), after);
  const B32 difference = csum_sub(B32::lit(words[4]), B32::lit(old_word));
  EXPECT_EQ(csum_replace_by_diff(B16::lit(before), difference).raw(), after);
}

}  // namespace
}  // namespace probity::runtime
