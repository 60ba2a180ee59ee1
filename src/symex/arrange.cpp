// SPDX-License-Identifier: Apache-2.0
// See arrange.hpp. Metadata counts as a part of the packet in what engines are given and give back.
#include "symex/arrange.hpp"

#include <algorithm>

#include "runtime/packet_bounds.hpp"

namespace probity::symex {

static_assert(most_metadata ==
              runtime::packet_limits::xdp_headroom_bytes - runtime::packet_limits::xdp_frame_bytes);

bool needs_crowding(const Witness& witness) {
  return !witness.helper_results.empty() && witness.input.metadata_size == 0 &&
         std::ranges::all_of(witness.helper_results,
                             [](const std::string& text) { return text == no_headroom; });
}

Witness crowded(const Witness& witness, std::uint32_t bytes) {
  Witness result = witness;
  result.helper_results.clear();
  result.input.metadata_size = bytes;
  result.input.packet.insert(result.input.packet.begin(), bytes, 0);
  return result;
}

}  // namespace probity::symex
