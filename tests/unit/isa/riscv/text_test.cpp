// SPDX-License-Identifier: Apache-2.0
// The text: every row parses back to itself, the spelling is the documented one, and what is wrong
// with a line is said with its column.
#include "isa/riscv/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "isa/riscv/codec.hpp"
#include "sample_words.hpp"

namespace probity::riscv {
namespace {

std::string printed(const Insn<Concrete>& insn, std::uint64_t pc) {
  std::array<char, 100> buffer{};
  TextSink sink(buffer);
  print(insn, pc, sink);
  return std::string(sink.view());
}
std::string reprinted(std::string_view line) {
  const Expected<Insn<Concrete>> insn = parse(line, 0x1000);
  return insn ? printed(*insn, 0x1000) : std::string(insn.error().line());
}

TEST(RiscvText, EveryRowParsesBack) {
  SampleWords samples(3);
  for (std::size_t i = 0; i < form_count; ++i) {
    for (int n = 0; n < 100; ++n) {
      const std::uint32_t word = samples.next(static_cast<Form>(i));
      const std::uint64_t pc = samples.random() & ~std::uint64_t{1};
      const std::optional<Insn<Concrete>> insn = decode(word);
      ASSERT_TRUE(insn) << rows[i].name;
      const std::string line = printed(*insn, pc);
      const Expected<Insn<Concrete>> again = parse(line, pc);
      ASSERT_TRUE(again) << line << ": " << again.error().line();
      EXPECT_TRUE(*again == *insn) << line;
    }
  }
}

TEST(RiscvText, Spelling) {
  for (const std::string_view line : {"addi a0,a1,-4",
                                      "lw a0,8(sp)",
                                      "sd s1,-16(s0)",
                                      "lui a0,0x12345",
                                      "auipc t0,0xfffff",
                                      "beq a0,a1,0x1008",
                                      "jal ra,0xffc",
                                      "jalr zero,0(ra)",
                                      "slli a0,a1,0x20",
                                      "fence rw,w",
                                      "fence iorw,iorw",
                                      "fence 0,0",
                                      "ecall",
                                      "lr.w.aqrl a0,(a1)",
                                      "sc.d.rl a0,a2,(a1)",
                                      "amoadd.d.aq zero,a2,(a1)",
                                      "add.uw a0,a1,a2",
                                      "rev8 a0,a1",
                                      "c.nop",
                                      "c.addi16sp sp,-32",
                                      "c.addi4spn a0,sp,16",
                                      "c.lui a0,0xfffff",
                                      "c.beqz a0,0x1006",
                                      "c.j 0xffe",
                                      "c.jr a0",
                                      "c.swsp a6,8(sp)",
                                      "and a0,a1,a2",
                                      "c.and a0,a1"}) {
    EXPECT_EQ(reprinted(line), line);
  }
}

TEST(RiscvText, TakesBlanksNumbersOfRegistersAndRelativeTargets) {
  EXPECT_EQ(reprinted("  addi\tx10 , x11 , 0x10 "), "addi a0,a1,16");
  EXPECT_EQ(reprinted("lw fp, 4 ( sp )"), "lw s0,4(sp)");
  EXPECT_EQ(reprinted("jal zero, .-4"), "jal zero,0xffc");
  EXPECT_EQ(reprinted("jal zero, .+0x10"), "jal zero,0x1010");
  EXPECT_EQ(reprinted("beq a0,a1,."), "beq a0,a1,0x1000");
}

TEST(RiscvText, ErrorsNameTheColumn) {
  EXPECT_EQ(reprinted("frob a0"),
            "column 1: no RV64IMAC, Zba or Zbb instruction has the mnemonic 'frob a0'");
  EXPECT_EQ(reprinted("add.aq a0,a1,a2"),
            "column 1: no RV64IMAC, Zba or Zbb instruction has the mnemonic 'add.aq a0,a1,a2'");
  EXPECT_EQ(reprinted("add a0,a1"), "column 10: ',' was expected before ''");
  EXPECT_EQ(reprinted("add a0,a1,q2"), "column 11: a register was expected before 'q2'");
  EXPECT_EQ(reprinted("add a0,a1,x32"), "column 11: a register was expected before 'x32'");
  EXPECT_EQ(reprinted("add a0,a1,a2,a3"),
            "column 13: nothing more was expected here, but there is ',a3'");
  EXPECT_EQ(reprinted("addi a0,a1,4096"), "addi: immediate 4096 is not in -2048..2047");
  EXPECT_EQ(reprinted("addi a0,a1,99999999999999999999"),
            "column 12: more than 64 bits: '99999999999999999999'");
  EXPECT_EQ(reprinted("lui a0,0x100000"),
            "column 8: the upper immediate is not in 0..0xfffff: '0x100000'");
  EXPECT_EQ(reprinted("fence wr,w"),
            "column 7: a fence set (letters of iorw in this order, or 0) was expected before "
            "'wr,w'");
  EXPECT_EQ(reprinted("c.addi16sp a0,16"), "column 12: 'sp' was expected before 'a0,16'");
  EXPECT_EQ(reprinted("beq a0,a1,.8"), "column 12: + or - was expected before '8'");
}

}  // namespace
}  // namespace probity::riscv
