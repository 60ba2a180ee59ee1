// SPDX-License-Identifier: Apache-2.0
// What the parts of the model of sk_buff helpers (skb_model.cpp) hand to each other: the answer to
// a question about a path, a VLAN tag, a change of the room behind a header.
#pragma once

#include <cstdint>

#include "term/term.hpp"

namespace probity::symex {

struct Told {
  bool known = false;
  bool value = false;
  bool goes_on = true;  ///< when it is not known: the path does, at the same insn
};

struct VlanTag {
  term::Id protocol;  ///< 16 bits
  term::Id tci;
};

/// bpf_skb_adjust_room: `size` bytes more or less at `at` from data.
struct RoomChange {
  std::int32_t by = 0;
  std::uint32_t size = 0;
  std::uint64_t flags = 0;
  std::uint32_t network_bytes = 0;
  std::uint32_t at = 0;
};

}  // namespace probity::symex
