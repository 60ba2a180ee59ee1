// SPDX-License-Identifier: Apache-2.0
// Text: parse(print(insn)) is the same instruction in its shortest encoding, spellings of both GNU
// and LLVM are read, and errors say where and what.
#include <gtest/gtest.h>

#include <string>

#include "isa/x86/decode.hpp"
#include "isa/x86/text.hpp"
#include "sample_insns.hpp"

namespace probity::x86::test {
namespace {

std::string reprinted(std::string_view line, std::uint64_t address) {
  const Expected<Insn<Concrete>> insn = parse(line, address);
  return insn ? text_of(*insn, address) : std::string(insn.error().line());
}

std::string form_of(std::string_view line) {
  const Expected<Insn<Concrete>> insn = parse(line, 0x1000);
  return insn ? std::string(row(insn->form).name) : std::string(insn.error().line());
}

TEST(Text, ParsingUndoesPrinting) {
  std::mt19937_64 random(5);
  constexpr std::uint64_t address = 0x7fff'1234'5678;
  for (std::size_t i = 0; i < form_count; ++i) {
    for (const Insn<Concrete>& insn : sample_insns(static_cast<Form>(i), 128, random)) {
      const std::string text = text_of(insn, address);
      const Expected<Insn<Concrete>> back = parse(text, address);
      ASSERT_TRUE(back) << text << ": " << back.error().line();
      EXPECT_EQ(back->length, encoded(row(back->form), *back).size());
      EXPECT_LE(back->length, insn.length) << text;
      const std::optional<Insn<Concrete>> again =
          decode(std::span<const std::uint8_t>(encoded(row(back->form), *back)));
      ASSERT_TRUE(again && same_operands(*again, *back)) << text;
      // A shift by an immediate 1 has a form of its own, printed without 0x.
      const bool by_one = row(insn.form).name.ends_with("imm8") && text.ends_with(",0x1");
      if (!by_one) {
        EXPECT_EQ(text_of(*back, address), text);
      }
    }
  }
}

TEST(Text, TakesTheShortestForm) {
  EXPECT_EQ(form_of("add rax,0x7f"), "add_rm64_imm8");
  EXPECT_EQ(form_of("add rax,0xffffffffffffff80"), "add_rm64_imm8");
  EXPECT_EQ(form_of("add rax,-128"), "add_rm64_imm8");
  EXPECT_EQ(form_of("add rax,128"), "add_rm64_imm32");
  EXPECT_EQ(form_of("add eax,0xffffff80"), "add_rm32_imm8");
  EXPECT_EQ(form_of("mov rax,-1"), "mov_rm64_imm32");
  EXPECT_EQ(form_of("mov rax,0xffffffff"), "mov_r64_imm64");
  EXPECT_EQ(form_of("movabs rax,1"), "mov_r64_imm64");
  EXPECT_EQ(form_of("mov eax,1"), "mov_r32_imm32");
  EXPECT_EQ(form_of("shl rcx"), "shl_rm64_1");
  EXPECT_EQ(form_of("shl rcx,1"), "shl_rm64_1");
  EXPECT_EQ(form_of("jmp 0x1081"), "jmp_rel8");
  EXPECT_EQ(form_of("jmp 0x1082"), "jmp_rel32");
  EXPECT_EQ(form_of("jne 0xf82"), "jcc_rel8");
  EXPECT_EQ(form_of("jne 0xf81"), "jcc_rel32");
}

TEST(Text, ReadsOtherSpellings) {
  EXPECT_EQ(reprinted("add qword ptr [r12 + 2*r14 - 128], 16", 0),
            "add QWORD PTR [r12+r14*2-0x80],0x10");
  EXPECT_EQ(reprinted(" mov\teax , dword ptr [ rbp ] ", 0), "mov eax,DWORD PTR [rbp+0x0]");
  EXPECT_EQ(reprinted("lea rax,[rcx+rdx+4]", 0), "lea rax,[rcx+rdx*1+0x4]");
  EXPECT_EQ(reprinted("setnz al", 0), "setne al");
  EXPECT_EQ(reprinted("cmovc eax,ecx", 0), "cmovb eax,ecx");
  EXPECT_EQ(reprinted("sal eax,4", 0), "shl eax,0x4");
  EXPECT_EQ(reprinted("lock xadd DWORD PTR [rdi],ebp", 0), "lock xadd DWORD PTR [rdi],ebp");
}

TEST(Text, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "column 1: there is no mnemonic in ``"},
      {"frob rax", "no form of `frob` takes the operands of `frob rax`"},
      {"add rax,0x80000000", "no form of `add` takes the operands of `add rax,0x80000000`"},
      {"add al,256", "no form of `add` takes the operands of `add al,256`"},
      {"add al,-129", "no form of `add` takes the operands of `add al,-129`"},
      {"add rax,ecx", "no form of `add` takes the operands of `add rax,ecx`"},
      {"lock add rax,rcx", "no form of `lock add` takes the operands of `lock add rax,rcx`"},
      {"add rax rcx", "column 9: expected `,` in `add rax rcx`"},
      {"add rax,rbq", "column 9: this is no operand in `add rax,rbq`"},
      {"mov eax,dword [rax]", "column 15: expected `ptr` in `mov eax,dword [rax]`"},
      {"lea rax,[ecx]", "column 13: expected a 64-bit register in `lea rax,[ecx]`"},
      {"lea rax,[8]", "column 12: an address needs a base register in `lea rax,[8]`"},
      {"lea rax,[rcx+rsp*2]", "column 19: rsp cannot be an index in `lea rax,[rcx+rsp*2]`"},
      {"lea rax,[rcx+rdx*3]", "column 19: a scale is 1, 2, 4 or 8 in `lea rax,[rcx+rdx*3]`"},
      {"lea rax,[rcx+0x80000000]",
       "column 24: a displacement is -0x80000000..0x7fffffff in `lea rax,[rcx+0x80000000]`"},
      {"mov rax,0x10000000000000000",
       "column 28: a number is below 2^64 in `mov rax,0x10000000000000000`"},
      {"mov rax,0x", "column 11: expected a number in `mov rax,0x`"},
      {"imul eax,ecx,2,3", "column 15: more than 3 operands in `imul eax,ecx,2,3`"},
  };
  for (const auto& [line, message] : cases) EXPECT_EQ(reprinted(line, 0), message);
}

}  // namespace
}  // namespace probity::x86::test
