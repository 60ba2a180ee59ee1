// SPDX-License-Identifier: Apache-2.0
// Covers against the cheapest that trying every sequence of tiles finds.
#include "opt/retile_cover.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

namespace probity::opt {
namespace {

/// The bytes that are right after the tiles were written in order.
ByteSet right_after(std::span<const Tile> tiles, std::span<const std::uint32_t> order) {
  ByteSet right = 0;
  for (const std::uint32_t i : order) right = (right & ~tiles[i].spoiled) | tiles[i].right;
  return right;
}

std::uint64_t price_of(std::span<const Tile> tiles, std::span<const std::uint32_t> order,
                       std::span<const std::uint64_t> keep_price) {
  std::uint64_t price = 0;
  std::uint32_t kept = 0;
  for (const std::uint32_t i : order) {
    price += tiles[i].price;
    const unsigned reg = tiles[i].source_reg;
    if (reg == Tile::no_reg || (kept >> reg & 1) != 0) continue;
    kept |= 1u << reg;
    price += keep_price[reg];
  }
  return price;
}

/// Does each tile get a byte right that no other does?
bool needs_all(std::span<const Tile> tiles, std::span<const std::uint32_t> order) {
  return std::ranges::all_of(order, [&](std::uint32_t one) {
    ByteSet others = 0;
    for (const std::uint32_t i : order) others |= i == one ? 0 : tiles[i].right;
    return (tiles[one].right & ~others) != 0;
  });
}

/// Over all sequences of at most `most` different tiles that are all needed.
std::optional<std::uint64_t> cheapest(std::span<const Tile> tiles, ByteSet wanted,
                                      std::span<const std::uint64_t> keep_price,
                                      std::vector<std::uint32_t>* order, std::size_t most) {
  std::optional<std::uint64_t> best;
  const bool right = (wanted & ~right_after(tiles, *order)) == 0;
  if (right && needs_all(tiles, *order)) best = price_of(tiles, *order, keep_price);
  if (order->size() == most) return best;
  for (std::uint32_t i = 0; i < tiles.size(); ++i) {
    if (std::ranges::find(*order, i) != order->end()) continue;
    order->push_back(i);
    const auto found = cheapest(tiles, wanted, keep_price, order, most);
    order->pop_back();
    if (found && (!best || *found < *best)) best = found;
  }
  return best;
}

TEST(Cover, IsTheCheapestThereIs) {
  std::mt19937 random(11);
  const std::uint64_t keep_price[] = {0, 3, 5};
  unsigned found = 0;
  for (unsigned round = 0; round < 300; ++round) {
    std::vector<Tile> tiles(6);
    for (Tile& tile : tiles) {
      tile.right = random() & 0x3f;
      tile.spoiled = random() & 0x3f & ~tile.right & random();
      tile.price = 1 + random() % 4;
      if (random() % 2 == 0) tile.source_reg = static_cast<std::uint16_t>(random() % 3);
    }
    std::vector<std::uint32_t> order;
    const auto best = cheapest(tiles, 0x3f, keep_price, &order, 4);
    const auto covers = cheapest_covers(tiles, 0x3f, {keep_price}, 1000, 3);
    ASSERT_EQ(best.has_value() || !covers.empty(), !covers.empty());
    if (covers.empty()) continue;
    ++found;
    EXPECT_EQ(right_after(tiles, covers[0].tiles) & 0x3f, 0x3fu);
    EXPECT_EQ(price_of(tiles, covers[0].tiles, keep_price), covers[0].price);
    EXPECT_LE(covers[0].price, best.value_or(covers[0].price));
    for (std::size_t i = 1; i < covers.size(); ++i) {
      EXPECT_LE(covers[i - 1].price, covers[i].price);
    }
  }
  EXPECT_GT(found, 50u);
}

TEST(Cover, WhatSpoilsComesFirst) {
  const Tile tiles[] = {{0b0011, 0, 1, Tile::no_reg}, {0b1100, 0b0011, 1, Tile::no_reg}};
  const auto covers = cheapest_covers(tiles, 0b1111, {}, 10, 1);
  ASSERT_EQ(covers.size(), 1u);
  EXPECT_EQ(covers[0].tiles, (std::vector<std::uint32_t>{1, 0}));
}

TEST(Cover, ThereIsNoneWhenEachSpoilsTheOther) {
  const Tile tiles[] = {{0b0011, 0b0100, 1, Tile::no_reg}, {0b1100, 0b0001, 1, Tile::no_reg}};
  EXPECT_TRUE(cheapest_covers(tiles, 0b1111, {}, 10, 1).empty());
}

// Four bytes that are rotated by two: one load that two stores filled, or two that one each did.
TEST(Cover, LoadsThatWaitCost) {
  const Tile tiles[] = {{0b1111, 0, 2, Tile::no_reg, 0b1111, 0b1100, true},
                        {0b0011, 0, 2, Tile::no_reg, 0b0011, 0b1100},
                        {0b1100, 0, 2, Tile::no_reg, 0b1100, 0b0011}};
  const auto chosen = [&](std::uint64_t wait) {
    const auto covers = cheapest_covers(tiles, 0b1111, {{}, wait}, 10, 1);
    return covers.empty() ? std::vector<std::uint32_t>{} : covers[0].tiles;
  };
  EXPECT_EQ(chosen(0), (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(chosen(1), (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(chosen(3).size(), 2u);
}

TEST(Cover, TheLastStoreOfALoadsBytesMustHaveThemAll) {
  const Tile tiles[] = {{0b1111, 0, 1, Tile::no_reg, 0b1111, 0},
                        {0b110000, 0b1100, 1, Tile::no_reg, 0b111100, 0b0011},
                        {0b110000, 0b1100, 1, Tile::no_reg, 0b111100, 0b0110},
                        {0b110000, 0b1100, 1, Tile::no_reg, 0b111100, 0b111000}};
  const auto price = [&](std::uint32_t second) {
    const Tile two[] = {tiles[second], tiles[0]};
    return cheapest_covers(two, 0b111111, {{}, 10}, 100, 1)[0].price;
  };
  EXPECT_EQ(price(1), 2u);
  EXPECT_EQ(price(2), 2u);   // the later store has bytes 1 and 2
  EXPECT_EQ(price(3), 12u);  // it has byte 3, but not 4 and 5
}

TEST(Cover, NothingWantedCostsNothing) {
  const auto covers = cheapest_covers({}, 0, {}, 10, 1);
  ASSERT_EQ(covers.size(), 1u);
  EXPECT_TRUE(covers[0].tiles.empty());
}

TEST(Cover, IsCheaperThanTheLimit) {
  const Tile tiles[] = {{0b1, 0, 5, Tile::no_reg}};
  EXPECT_TRUE(cheapest_covers(tiles, 0b1, {}, 5, 1).empty());
  EXPECT_EQ(cheapest_covers(tiles, 0b1, {}, 6, 1).size(), 1u);
}

}  // namespace
}  // namespace probity::opt
