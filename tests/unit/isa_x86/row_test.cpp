// SPDX-License-Identifier: Apache-2.0
// The notation: what a line says is what its Row holds, and a line that is not understood or
// contradicts itself is refused.
#include <gtest/gtest.h>

#include "domain/concrete.hpp"
#include "isa/x86/insn.hpp"
#include "isa/x86/opcode_table.hpp"

namespace probity::x86 {
namespace {

TEST(Row, HoldsWhatTheLineSays) {
  const Row& add = row(Form::add_rm64_imm8);
  EXPECT_TRUE(add.wide);
  EXPECT_EQ(add.opcode, 0x83);
  EXPECT_EQ(add.modrm, ModRm::digit);
  EXPECT_EQ(add.modrm_value, 0);
  EXPECT_EQ(add.imm_bytes, 1);
  EXPECT_EQ(add.operands[0], (Operand{OperandKind::rm, 64}));
  EXPECT_EQ(add.operands[1], (Operand{OperandKind::imm, 8}));

  const Row& shlx = row(Form::shlx_r32_rm32_r32);
  EXPECT_EQ(shlx.map, Map::vex_0f38);
  EXPECT_EQ(shlx.prefixes, prefix::operand_size);
  EXPECT_FALSE(shlx.wide);
  EXPECT_EQ(shlx.operands[2].kind, OperandKind::vvvv);

  const Row& shift = row(Form::sar_rm32_cl);
  EXPECT_EQ(shift.operand_count, 2);
  EXPECT_EQ(shift.explicit_count, 1);
  EXPECT_FALSE(row(Form::lock_add_rm64_r64).rm_may_be_reg);
  EXPECT_FALSE(row(Form::lea_r64_m).rm_may_be_reg);
  EXPECT_EQ(row(Form::cmovcc_r64_rm64).operands[0].kind, OperandKind::cond);
}

struct Line {
  const char *name, *mnemonic, *operands, *encoding;
};

TEST(Row, RefusesLinesThatAreWrong) {
  EXPECT_TRUE(read_row("add_rm32_imm32", "add", "r/m32, imm32", "81 /0 id"));
  const Line lines[] = {
      {"add_rm32_imm32", "add", "r/m32, imm32", "81 /0 ib"},     // width of the immediate
      {"add_rm32_imm32", "add", "r/m32, imm32", "81 /0"},        // no field
      {"add_rm32_imm32", "add", "r/m32, imm32", "81 /0 id id"},  // two fields
      {"add_rm32_imm32", "add", "r/m32, imm32", "81 /8 id"},     // no such digit
      {"add_rm32_imm32", "add", "r/m32, imm32", "81 id"},        // no place for r/m32
      {"add_rm32_imm32", "add", "r/m32, imm32", "8I /0 id"},     // no byte
      {"add_rm32_imm32", "add", "r/m32, imm32", "81 id /0"},     // order
      {"add_rm32_imm32", "add", "r/m32, imm32", "81 /0 cd"},     // a displacement
      {"add_rm32_imm32", "add", "r/m32, imm31", "81 /0 id"},     // no such operand
      {"add_rm32_imm16", "add", "r/m32, imm32", "81 /0 id"},     // another name
      {"add_r32", "add", "r32", "01 /r"},                        // /r without r/m
      {"add_rm32", "add", "r/m32", "01 /r"},                     // /r without r
      {"push_r64", "push", "r64", "51+rd"},                      // bits of the field are taken
      {"jcc_rel8", "jcc", "rel8", "71+cc cb"},                   // the same
      {"jcc_rel8", "jcc", "rel8", "70 cb"},                      // no field for cc
      {"jmp_rel8", "jmp", "rel8", "70+cc cb"},                   // cc without its field
      {"add_rm64_r64", "add", "r/m64, r64", "F0 REX.W 01 /r"},   // LOCK must be in the mnemonic
      {"shlx_r64_rm64_r64", "shlx", "r64, r/m64, r64", "REX.W F7 /r"},  // vvvv without VEX
      {"rorx_r32_rm32_imm8", "rorx", "r32, r/m32, imm8", "VEX.LZ.F2.0F3A.W2 F0 /r ib"},
      {"ret", "ret", "", ""},
  };
  for (const Line& line : lines) {
    EXPECT_FALSE(read_row(line.name, line.mnemonic, line.operands, line.encoding))
        << line.name << ": " << line.encoding;
  }
}

TEST(OpcodeTable, HoldsEveryRowUnderEachOfItsOpcodes) {
  std::size_t expected = 0, found = 0;
  for (const Row& r : rows) expected += opcode_count(r);
  for (unsigned map = 0; map < 4; ++map) {
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
      for (const std::uint16_t i : opcode_table.at(static_cast<Map>(map), opcode)) {
        ++found;
        EXPECT_EQ(static_cast<unsigned>(rows[i].map), map);
        EXPECT_TRUE(opcode >= rows[i].opcode && opcode < rows[i].opcode + opcode_count(rows[i]));
      }
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(Fits, AtItsEdges) {
  const auto fits8 = [](std::int64_t value) {
    return decide(fits<8>(Bv<Concrete, 32>::lit(static_cast<std::uint32_t>(value))));
  };
  EXPECT_TRUE(fits8(127) && fits8(-128) && fits8(0));
  EXPECT_FALSE(fits8(128) || fits8(-129) || fits8(0x7fffffff));
}

}  // namespace
}  // namespace probity::x86
