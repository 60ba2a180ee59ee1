// SPDX-License-Identifier: Apache-2.0
// The decoder of concrete bytes: what the emulator and the disassembler call.
#include "isa/x86/decode.hpp"

#include "domain/concrete.hpp"

namespace probity::x86 {

std::optional<Insn<Concrete>> decode(std::span<const std::uint8_t> bytes) {
  return Decoder<Concrete, std::uint8_t>(bytes, rows, opcode_table).insn();
}

}  // namespace probity::x86
