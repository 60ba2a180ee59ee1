// SPDX-License-Identifier: Apache-2.0
// Where an insn came from, as a compiler would show it: FILE:LINE:COLUMN, the source line with a
// caret under the column, and the insn itself below. Lines and columns are those of .BTF.ext; an
// object without them shows the insn alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "program/program.hpp"

namespace probity::cli {

/// The line record that covers `slot`, or null; line 0 means that the compiler names none.
const program::LineInfo* line_of(const program::View& program, std::uint32_t slot);

/// "fw.c:41:7", or "PROGRAM, slot 12".
std::string place_of(const program::View& program, std::uint32_t slot);

/// The source line without its indentation, or empty.
std::string_view source_text(const program::View& program, std::uint32_t slot);

/// "fw.c:41: if (x) return XDP_DROP;" in one line, or empty.
std::string source_line(const program::View& program, std::uint32_t slot);

/// The diagnostic of a compiler: `place: severity: message`, source line, caret, insn.
std::string diagnostic_text(const program::View& program, std::uint32_t slot,
                            std::string_view severity, std::string_view message);

}  // namespace probity::cli
