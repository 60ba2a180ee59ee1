// SPDX-License-Identifier: Apache-2.0
// The two independent peers of the table: GNU objdump and llvm-mc. Each call is one process for
// all instructions; every instruction stands in a slot of its own, so that a wrong one cannot
// shift its neighbours.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace probity::x86::test {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t slot_bytes = 32;

/// What a peer reads at the start of a slot.
struct Reading {
  std::string text;     ///< blanks squeezed
  unsigned length = 0;  ///< bytes; 0: the peer does not say
};

bool is_installed(const std::string& program);

/// objdump -M intel of each element; element i lies at address i * slot_bytes.
std::vector<Reading> read_with_objdump(std::span<const Bytes> insns);

/// llvm-mc --disassemble in Intel syntax; length 0 throughout.
std::vector<Reading> read_with_llvm(std::span<const Bytes> insns);

/// llvm-mc's encodings of lines of assembler text, each with what fills its slot behind it.
std::vector<Bytes> assemble_with_llvm(std::span<const std::string> lines);

}  // namespace probity::x86::test
