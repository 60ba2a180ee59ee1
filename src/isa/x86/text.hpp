// SPDX-License-Identifier: Apache-2.0
// x86-64 text in GNU's Intel syntax, both ways: `add QWORD PTR [rbx+rcx*8-0x80],0x10` as objdump
// -M intel prints it, with one blank behind the mnemonic. Jumps and calls name their target by
// address. The parser also takes what llvm-mc prints (`qword ptr [rbx + 8*rcx - 128]`, decimal
// numbers, other names of conditions); of several forms that fit it takes the shortest encoding,
// the first in the table when there are several.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/diagnostic.hpp"
#include "domain/concrete.hpp"
#include "isa/x86/insn.hpp"

namespace probity::x86 {

/// Longer than any line that print() appends.
constexpr std::size_t max_text_bytes = 96;

/// `eax` for rax and 32; width is 8, 16, 32 or 64.
std::string_view name(Reg reg, unsigned width);
std::string_view name(Cond cond);

/// Appends the instruction that lies at `address`, without a newline.
void print(const Insn<Concrete>& insn, std::uint64_t address, TextSink& sink);

/// Reads one instruction that is to lie at `address`; its length is that of its encoding.
Expected<Insn<Concrete>> parse(std::string_view line, std::uint64_t address);

}  // namespace probity::x86
