// SPDX-License-Identifier: Apache-2.0
// Row: one line of insn.def, read. `rows` is the table, indexed by Form; every encoder, decoder,
// text and obligation of this folder reads it, and nothing else knows an opcode.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace probity::x86 {

/// One row of insn.def.
enum class Form : std::uint16_t {
#define X86(form, ...) form,
#include "isa/x86/insn.def"
#undef X86
};
constexpr std::size_t form_count = 0
#define X86(...) +1
#include "isa/x86/insn.def"
#undef X86
    ;

/// What an operand of the assembler's text is. `reg` is the register of ModRM.reg or of the opcode,
/// `vvvv` the one of a VEX prefix, `rm` a register or memory; `one` and `cl` are implied.
enum class OperandKind : std::uint8_t { none, cond, reg, vvvv, rm, mem, imm, rel, one, cl };
struct Operand {
  OperandKind kind = OperandKind::none;
  std::uint8_t width = 0;  ///< bits; 0 for cond, cl and an address that is not accessed (lea)
  friend constexpr bool operator==(const Operand&, const Operand&) = default;
};

/// Legacy prefixes, as bits; a VEX prefix says the last three in its `pp` field.
namespace prefix {
constexpr std::uint8_t lock = 1, operand_size = 2, repne = 4, rep = 8;
}  // namespace prefix

enum class Map : std::uint8_t { one_byte, two_byte, vex_0f38, vex_0f3a };
enum class OpcodeField : std::uint8_t { none, reg, cond };
/// `fixed`: the byte behind the opcode is constant; `digit`: ModRM.reg is.
enum class ModRm : std::uint8_t { none, fixed, digit, reg };
enum class ImmKind : std::uint8_t { none, imm, rel };

struct Row {
  std::string_view name, mnemonic, operand_text, encoding;
  std::uint8_t prefixes = 0;
  Map map = Map::one_byte;
  bool wide = false;  ///< REX.W or VEX.W
  std::uint8_t opcode = 0;
  OpcodeField opcode_field = OpcodeField::none;
  ModRm modrm = ModRm::none;
  std::uint8_t modrm_value = 0;
  ImmKind imm = ImmKind::none;
  std::uint8_t imm_bytes = 0;
  std::array<Operand, 3> operands = {};
  std::uint8_t operand_count = 0;
  std::uint8_t explicit_count = 0;  ///< operands that are not implied: what put<form>() takes
  // What the operands say, for the encoder and decoder.
  bool has_reg = false, has_rm = false, has_vvvv = false;
  bool byte_reg = false, byte_rm = false;  ///< 8-bit registers: 4..7 need a REX prefix
  bool rm_may_be_reg = false;              ///< no for `m` and under LOCK

  constexpr bool vex() const { return map == Map::vex_0f38 || map == Map::vex_0f3a; }
};

}  // namespace probity::x86
