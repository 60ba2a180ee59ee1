// SPDX-License-Identifier: Apache-2.0
// See arrange.hpp. Metadata counts as a part of the packet in what engines are given and give back.
#include "symex/arrange.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/packet_bounds.hpp"

namespace probity::symex {

static_assert(most_metadata ==
              runtime::packet_limits::xdp_headroom_bytes - runtime::packet_limits::xdp_frame_bytes);

bool needs_crowding(const Witness& witness) {
  return !witness.helper_results.empty() && witness.input.metadata_size == 0 &&
         std::ranges::all_of(witness.helper_results,
                             [](const std::string& text) { return text == no_headroom; });
}

std::vector<std::string> told_lines(const Witness& witness) {
  std::vector<std::string> lines;
  for (const runtime::GivenAnswer& answer : witness.input.answers) {
    lines.push_back(fmt::format("call {} of {} in a run answers {:#x}", answer.call, answer.helper,
                                answer.value));
  }
  for (const runtime::GivenRoute& route : witness.input.routes) {
    lines.push_back(fmt::format("bpf_fib_lookup answers {} to {:02x}", route.answer,
                                fmt::join(route.question, "")));
  }
  for (const runtime::TailStub& stub : witness.stubs) {
    lines.push_back(fmt::format("{}[{}] holds a program that returns {:#x}", stub.map, stub.index,
                                stub.return_value));
  }
  return lines;
}

Witness crowded(const Witness& witness, std::uint32_t bytes) {
  Witness result = witness;
  result.helper_results.clear();
  result.input.metadata_size = bytes;
  result.input.packet.insert(result.input.packet.begin(), bytes, 0);
  return result;
}

}  // namespace probity::symex
