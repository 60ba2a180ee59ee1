// SPDX-License-Identifier: Apache-2.0
// Register use: which registers an insn reads and writes, calls and exits included. A helper reads
// the arguments that helper.def gives it, all five if it is not in the table; a local call, a kfunc
// and a call through a register read r1 to r5. For liveness and for who moves code.
#pragma once

#include <cstdint>

#include "isa/bpf/insn.hpp"

namespace probity::program {

/// Sets of registers: bit i is register i.
struct RegisterUse {
  std::uint16_t read = 0;
  std::uint16_t written = 0;  ///< or left without a value, as r1 to r5 are by calls
};
RegisterUse register_use(const bpf::Insn& insn);

/// The registers whose values `insn` computes with; r0 of an exit and the arguments of calls are
/// not among them.
std::uint16_t registers_read(const bpf::Insn& insn);

}  // namespace probity::program
