// SPDX-License-Identifier: Apache-2.0
// The opcode table of insn.def, computed at compile time.
#include "isa/x86/opcode_table.hpp"

#include "isa/x86/insn.hpp"

namespace probity::x86 {

constinit const OpcodeTable opcode_table{rows};

}  // namespace probity::x86
