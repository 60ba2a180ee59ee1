// SPDX-License-Identifier: Apache-2.0
// Whole eBPF programs as text: the two styles of isa/bpf, one insn per line, with labels and
// comments. What the printer writes, the assembler reads back to the same slots.
//   `name:`          a label, alone or before an insn; displacements may name it
//   `;` `//` `#`     comments up to the end of the line; in kernel style `#` must follow a blank
//   and precede a
//                    non-digit, because `call #5` is an insn
//   `12: (b7) r0 = 1` in kernel style: the slot number and opcode of a verifier log are skipped
// In uBPF style the label `exit`, unless defined, is the first exit insn, as in bpf_conformance.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"
#include "program/program.hpp"

namespace probity::assembler {

enum class TextStyle : std::uint8_t { kernel, ubpf };
enum class Labels : std::uint8_t { none, shown };

/// The kernel's limit on the insns of a program; a longer text is refused.
constexpr std::size_t slot_count_limit = 1'000'000;

/// A text and how diagnostics call it; `first_line` is the number of its first line in the file it
/// came from.
struct Source {
  std::string_view file;
  std::string_view text;
  std::uint32_t first_line = 1;
};

/// The program's slots; diagnostics start with `file:line:column: error: `.
Expected<std::vector<bpf::Slot>> assemble(const Source& source, TextStyle style);

/// One insn per line. With labels, jump targets get `L<slot>` and subprograms their names; without,
/// displacements are numbers and every line stands alone.
Expected<std::string> print_program(const program::View& view, TextStyle style, Labels labels);
/// One insn without labels.
std::string print_insn(const bpf::Insn& insn, TextStyle style);

}  // namespace probity::assembler
