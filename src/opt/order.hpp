// SPDX-License-Identifier: Apache-2.0
// Order: what an insn reads and writes, and whether two insns of a block may change places. For
// generators, which are not trusted: a wrong answer costs a proposal, never a program.
#pragma once

#include <cstdint>
#include <optional>

#include "opt/code.hpp"
#include "opt/facts.hpp"
#include "opt/live.hpp"

namespace probity::opt {

constexpr RegisterSet register_bit(bpf::Reg reg) {
  return static_cast<RegisterSet>(1u << static_cast<unsigned>(reg));
}
/// Calls: all argument registers and the frame; exit: r0.
RegisterSet registers_read(const bpf::Insn& insn);
/// Calls: r0 to r5.
RegisterSet registers_written(const bpf::Insn& insn);

/// A plain load or store: the insn's base register, offset and size; nothing of other insns.
struct Access {
  bpf::Reg base = bpf::Reg::r0;
  std::int16_t off = 0;
  std::uint8_t bytes = 0;
  bool stores = false;
};
std::optional<Access> access_of(const bpf::Insn& insn);

/// A barrier, a jump or an atomic: it stays as it is, and nothing moves past it.
bool is_fixed(const Code& code, const Facts& facts, std::uint32_t node);

/// May the nodes, between which nothing but what commutes with them stands, swap?
bool commute(const Code& code, const Facts& facts, std::uint32_t first, std::uint32_t second);

}  // namespace probity::opt
