// SPDX-License-Identifier: Apache-2.0
// Comparing endings: what a person outside can tell of a run is its return value, the packet with
// its length and metadata, the writable ctx fields, the contents of maps and what helpers put out,
// in order. differences() states that two endings agree in them, as demands that a Relation hands
// to the explorer. What is equal as a term costs no query.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "symex/explorer.hpp"

namespace probity::symex {

/// Bytes of a packet, counted from data as it is at exit.
struct PacketRange {
  std::uint32_t offset = 0;
  std::uint32_t size_bytes = 0;
};

/// What counts.
struct Observed {
  bool action = true;
  bool packet = true;  ///< bytes and length
  bool metadata = true;
  bool ctx = true;
  bool trace = true;
  bool maps = true;
  std::set<std::uint32_t> ignored_maps;  ///< by world index
  std::vector<PacketRange> ignored_packet;
};

/// Demands that hold exactly where `a` and `b`, the later of the two, agree in what is observed.
std::vector<Demand> differences(Explorer& explorer, const Ending& a, const Ending& b,
                                const Observed& observed);

/// One bit: the 32-bit actions are equal.
term::Id same_action(Explorer& explorer, const Ending& a, const Ending& b);
/// One bit: data..data_end has the same length and bytes, `ignored` left out.
term::Id same_packet(Explorer& explorer, const Ending& a, const Ending& b,
                     std::span<const PacketRange> ignored);
/// One bit: the entries of the map that either run knows are there and hold the same bytes.
term::Id same_map(Explorer& explorer, const Ending& a, const Ending& b, std::uint32_t map);
/// One bit: the writable fields of ctx are equal.
term::Id same_ctx(Explorer& explorer, const Ending& a, const Ending& b);
/// One bit: the same outputs in the same order.
term::Id same_trace(Explorer& explorer, const Ending& a, const Ending& b);

}  // namespace probity::symex
