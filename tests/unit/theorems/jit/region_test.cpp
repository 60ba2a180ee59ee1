// SPDX-License-Identifier: Apache-2.0
// The theorems' statement of where an access goes by the region table, against the interpreter's:
// the same answer for every table, address, size and direction.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "runtime/memory.hpp"
#include "theorems/jit/source.hpp"

namespace probity::theorems {
namespace {

using B64 = Bv<Concrete, 64>;
using runtime::Region;

std::vector<Region> random_table(std::mt19937_64& random, std::span<std::uint8_t> memory) {
  std::vector<Region> table(random() % 6);
  for (Region& region : table) {
    const std::size_t length = random() % 4 == 0 ? random() % 9 : random() % memory.size();
    const auto access = random() % 2 == 0 ? runtime::Access::read : runtime::Access::write;
    region = runtime::make_region(runtime::RegionKind::other, memory.first(length), access);
  }
  return table;
}

/// Near the ends of a region, and of the table, where an answer changes.
std::uint64_t random_address(std::mt19937_64& random, std::span<const Region> table) {
  const std::uint64_t number = random() % (table.size() + 2);
  const std::uint64_t length = number < table.size() ? table[number].length : 0;
  switch (random() % 4) {
    case 0: return number << 32 | ((length - random() % 12) & 0xffff'ffff);
    case 1: return number << 32 | random() % (length + 1);
    case 2: return number << 32 | (0xffff'ffff - random() % 12);
    default: return random();
  }
}

TEST(RegionTable, TheoremAndInterpreterAgree) {
  std::vector<std::uint8_t> memory(300);
  std::mt19937_64 random(1);
  std::size_t allowed = 0, refused = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::vector<Region> table = random_table(random, memory);
    const std::uint64_t address = random_address(random, table);
    const unsigned size = 1u << random() % 4;
    const bool writes = random() % 2 == 0;
    const auto field = [&](B64 number, std::int32_t at) {
      std::uint64_t word = 0;
      if (number.raw() >= table.size()) return B64::lit(random());  // the theorem must not ask
      const auto* entry = reinterpret_cast<const std::uint8_t*>(&table[number.raw()]);
      std::memcpy(&word, entry + at, sizeof word);
      return B64::lit(word);
    };
    const Translation<Concrete> stated =
        translate<Concrete>(field, B64::lit(table.size()), B64::lit(address),
                            limit_of(writes ? Permission::write : Permission::read, size));
    const std::uint8_t* host =
        runtime::translate(table.data(), table.size(), address, size,
                           writes ? runtime::Access::write : runtime::Access::read);
    ASSERT_EQ(stated.allowed.raw() != 0, host != nullptr)
        << std::hex << address << " of " << size << " bytes, " << table.size() << " regions";
    ++(host != nullptr ? allowed : refused);
    if (host == nullptr) continue;
    ASSERT_EQ(stated.host.raw(), reinterpret_cast<std::uint64_t>(host));
  }
  EXPECT_GT(allowed, 10'000u);
  EXPECT_GT(refused, 10'000u);
}

}  // namespace
}  // namespace probity::theorems
