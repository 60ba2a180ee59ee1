// SPDX-License-Identifier: Apache-2.0
// Groups of stores that are retiled together: those to one word of the stack, or to touching bytes
// behind one base while no other base of that kind of memory is stored to. What each byte must be
// in the end is known, and which bytes nobody reads.
#pragma once

#include <cstdint>
#include <vector>

#include "opt/retile_cover.hpp"
#include "opt/retile_region.hpp"

namespace probity::opt {

constexpr ByteSet window_mask(unsigned at, unsigned bytes) {
  return ((ByteSet{1} << bytes) - 1) << at;
}

struct Group {
  Pointers::Place low;              ///< byte 0 of the window
  unsigned bytes = 0;               ///< of the window
  std::vector<std::size_t> stores;  ///< items, ascending
  std::vector<term::Id> want;       ///< by byte; of no meaning where not wanted
  ByteSet wanted = 0;
  ByteSet writable = 0;
  bool whole = false;  ///< a spilled register: only as one word
  /// May immediates be stored? Kernels before 6.4 want a register for ctx.
  bool immediates = true;
};

/// In an order that depends on the places only.
std::vector<Group> store_groups(RetileRegion& region);

}  // namespace probity::opt
