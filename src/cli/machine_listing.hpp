// SPDX-License-Identifier: Apache-2.0
// A program's machine code beside its bytecode: every insn with the machine instructions it became,
// their offset, bytes and text; in front the code that enters and leaves the program.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "cli/disassembly.hpp"
#include "jit/compile.hpp"
#include "program/program.hpp"
#include "runtime/translation.hpp"

namespace probity::cli {

struct MachineInsn {
  std::uint32_t offset = 0;  ///< in the image
  std::vector<std::uint8_t> bytes;
  std::string text;  ///< or `.byte`, when the target's table has no such instruction
};

/// What one insn of the program, or one stub around it, became.
struct MachineBlock {
  std::string name;        ///< the insn's text, or the stub's name
  std::uint32_t slot = 0;  ///< of an insn
  bool is_insn = false;
  std::vector<MachineInsn> code;
};

struct MachineListing {
  std::uint32_t size_bytes = 0;
  std::uint32_t body_bytes = 0;  ///< of the program's own insns
  std::size_t insn_count = 0;
  std::vector<MachineBlock> blocks;  ///< in the order of their offsets
};

Expected<MachineListing> list_machine_code(const program::View& program, TextStyle style,
                                           const runtime::TranslationOptions& options);

/// The listing for people: bytecode on the left, machine code on the right.
std::string print(const MachineListing& listing);

/// The machine's name: "x86_64", "rv64".
std::string_view name(jit::Target target);

}  // namespace probity::cli
