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
  ByteSet written = 0;
  /// Of the window, what is loaded to be stored: the run before has stored there.
  ByteSet read = 0;
  bool reads_beyond = false;  ///< bytes that are not in the window, too
};

struct Cover {
  std::vector<std::uint32_t> tiles;  ///< indexes, in the order of writing
  std::uint64_t price = 0;
};

/// What covers cost beside their tiles.
struct CoverPrices {
  std::span<const std::uint64_t> keep;  ///< by source register: to use it at all
  std::uint64_t wait = 0;               ///< of a load whose bytes no store of the cover has alone
};

/// The best `count` covers cheaper than `limit`, cheapest first.
std::vector<Cover> cheapest_covers(std::span<const Tile> tiles, ByteSet wanted,
                                   const CoverPrices& prices, std::uint64_t limit,
                                   std::size_t count);

}  // namespace probity::opt
