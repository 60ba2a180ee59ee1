// SPDX-License-Identifier: Apache-2.0
// Touch: what an effect means for other programs. One effect may touch several things: inserting
// into a hash map writes the entry and also uses up room that other inserts may miss; moving the
// packet's bounds writes its length and everything that is found by an offset. A helper that is not
// listed here touches everything: unknown is never disjoint.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "interact/footprint.hpp"

namespace probity::interact {

enum class Thing : std::uint8_t {
  packet,    ///< bytes
  bounds,    ///< where the packet begins and ends
  presence,  ///< of a map entry
  value,     ///< bytes of a map entry's value
  room,      ///< how many entries a map can still take
  ctx,       ///< bytes of the context
  output,    ///< events of one channel, in order
  redirect,  ///< where a redirected packet goes
  everything,
};
std::string_view name(Thing thing);

struct Touch {
  Thing thing{};
  bool writes = false;
  std::uint32_t effect = 0;
  std::string map;            ///< name; also of an output's channel
  std::vector<term::Id> key;  ///< chunks; empty: any entry
  term::Id offset;            ///< of a range of bytes; none: all of them
  term::Id size_bytes;
};

/// The touches of all effects of a footprint, in their order.
std::vector<Touch> touches_of(const Footprint& footprint, const term::Store& store);

}  // namespace probity::interact
