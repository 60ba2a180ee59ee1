// SPDX-License-Identifier: Apache-2.0
// Live: which registers and which bytes of the stack frame anything behind a node may still read.
// Backward to a fixed point. A helper reads the arguments that helper.def gives it, and of the
// stack what its kinds of arguments say; where that is not known, every byte that a pointer could
// reach.
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

#include "opt/code.hpp"
#include "opt/facts.hpp"

namespace probity::opt {

/// Bit i: register i.
using RegisterSet = std::uint16_t;
/// Bit i: the byte at r10 - 512 + i.
using StackSet = std::bitset<stack_bytes>;

struct LivePoint {
  RegisterSet regs = 0;
  StackSet stack;
  friend bool operator==(const LivePoint&, const LivePoint&) = default;
};

class Live {
 public:
  static Live of(const Code& code, const Facts& facts, const program::View& program);

  /// What is read at the node or behind it.
  const LivePoint& before(std::uint32_t node) const { return points_[node]; }
  /// What is read behind the node, on any way.
  LivePoint after(const Code& code, std::uint32_t node) const;
  bool is_live_after(const Code& code, std::uint32_t node, bpf::Reg reg) const {
    return (after(code, node).regs >> static_cast<unsigned>(reg) & 1) != 0;
  }

 private:
  std::vector<LivePoint> points_;
};

}  // namespace probity::opt
