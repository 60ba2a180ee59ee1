// SPDX-License-Identifier: Apache-2.0
// Linked programs as text: one line an insn in the kernel's or uBPF's spelling, with maps, helpers,
// subprograms and kfuncs by name, the source line in front of the insns it became, and a heading
// for each subprogram.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assembler/bpf_text.hpp"
#include "base/diagnostic.hpp"
#include "program/program.hpp"

namespace probity::cli {

using assembler::TextStyle;

/// One insn of a listing.
struct ListedInsn {
  std::uint32_t slot = 0;
  std::uint32_t slot_count = 1;
  std::string text;  ///< or `.slot 0x…` with the reason, when it is no insn
};

/// Every insn of the program, in slot order.
std::vector<ListedInsn> list_insns(const program::View& program, TextStyle style);
/// The insn at `slot` alone.
ListedInsn list_insn(const program::View& program, std::uint32_t slot, TextStyle style);

enum class InsnBytes : std::uint8_t { hide, show };
/// The listing for people.
std::string disassemble(const program::View& program, TextStyle style, InsnBytes bytes);

/// One line a basic block: slots, successors, and what is special about it. A diagnostic when the
/// program has no sound flow graph.
Expected<std::string> describe_blocks(const program::View& program);

}  // namespace probity::cli
