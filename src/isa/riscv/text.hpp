// SPDX-License-Identifier: Apache-2.0
// The text of one instruction, both ways, in the spelling of GNU objdump -M no-aliases:
// `addi a0,a1,-4`, `lw a0,8(sp)`, `lui a0,0x12345`, `lr.w.aq a0,(a1)`, `fence rw,w`. Targets are
// absolute addresses, printed with 0x; the parser also takes `.+8`, relative to the instruction. It
// differs from objdump in printing `c.nop` (objdump: `c.addi zero,0`) and `0` for an empty fence
// set. The parser takes blanks between tokens and registers as x0..x31.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/diagnostic.hpp"
#include "base/fixed_text.hpp"
#include "isa/riscv/insn.hpp"

namespace probity::riscv {

/// Appends the instruction at `pc`, without a newline.
void print(const Insn<Concrete>& insn, std::uint64_t pc, TextSink& sink);

/// Reads one instruction that stands at `pc`; the row admits its operands, so it can be encoded.
Expected<Insn<Concrete>> parse(std::string_view line, std::uint64_t pc);

}  // namespace probity::riscv
