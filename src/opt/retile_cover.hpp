// SPDX-License-Identifier: Apache-2.0
// Covers: the cheapest ways to get up to 64 bytes right by stores. A tile is one possible store:
// the bytes that it gets right, those that it spoils, its price. A cover is a sequence of tiles
// after which every wanted byte was last written by a tile that gets it right. No tile is there
// only to repair what another one spoils.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace probity::opt {

/// Bit i: byte i of the window.
using ByteSet = std::uint64_t;

struct Tile {
  ByteSet right = 0;
  ByteSet spoiled = 0;
  std::uint64_t price = 0;
  std::uint16_t source_reg = no_reg;  ///< whose value is stored, if that register is kept for it
  static constexpr std::uint16_t no_reg = 0xffff;
};

struct Cover {
  std::vector<std::uint32_t> tiles;  ///< indexes, in the order of writing
  std::uint64_t price = 0;
};

/// The best `count` covers cheaper than `limit`, cheapest first. `keep_price` is what it costs to
/// use a source register at all, by register.
std::vector<Cover> cheapest_covers(std::span<const Tile> tiles, ByteSet wanted,
                                   std::span<const std::uint64_t> keep_price, std::uint64_t limit,
                                   std::size_t count);

}  // namespace probity::opt
