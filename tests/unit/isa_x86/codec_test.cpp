// SPDX-License-Identifier: Apache-2.0
// Encoder and decoder on concrete operands: they invert each other, the irregular corners of ModRM
// and REX are as the manual has them, and what is not in the table decodes to nothing.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "isa/x86/decode.hpp"
#include "sample_insns.hpp"

namespace probity::x86::test {
namespace {

using Bytes = std::vector<std::uint8_t>;
template <unsigned W>
using Value = Bv<Concrete, W>;

std::optional<Insn<Concrete>> decoded(const Bytes& bytes) {
  return decode(std::span<const std::uint8_t>(bytes));
}

template <Form form, typename... Operands>
Bytes bytes_of(const Operands&... operands) {
  std::array<std::uint8_t, 64> room;
  isa::Code<Concrete> code(room.data());
  put<form>(code, operands...);
  return {code.bytes().begin(), code.bytes().end()};
}

Mem<Concrete> at(Reg base, std::int32_t disp) {
  return {base, Value<32>::lit(static_cast<std::uint32_t>(disp))};
}

TEST(Codec, DecodingUndoesEncoding) {
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < form_count; ++i) {
    for (const Insn<Concrete>& insn : sample_insns(static_cast<Form>(i), 512, random)) {
      const std::optional<Insn<Concrete>> back = decoded(encoded(rows[i], insn));
      ASSERT_TRUE(back && same_operands(*back, insn)) << rows[i].name << ' ' << text_of(insn, 0);
    }
  }
}

TEST(Codec, NoEncodingIsThePrefixOfAnother) {
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < form_count; ++i) {
    for (const Insn<Concrete>& insn : sample_insns(static_cast<Form>(i), 32, random)) {
      Bytes bytes = encoded(rows[i], insn);
      while (!bytes.empty()) {
        bytes.pop_back();
        ASSERT_FALSE(decoded(bytes).has_value()) << rows[i].name;
      }
    }
  }
}

TEST(Codec, BasesWithTheirOwnEncodings) {
  EXPECT_EQ(bytes_of<Form::mov_r64_rm64>(Reg::rax, at(Reg::rbx, 0)), (Bytes{0x48, 0x8b, 0x03}));
  EXPECT_EQ(bytes_of<Form::mov_r64_rm64>(Reg::rax, at(Reg::rsp, 0)),
            (Bytes{0x48, 0x8b, 0x04, 0x24}));
  EXPECT_EQ(bytes_of<Form::mov_r64_rm64>(Reg::rax, at(Reg::r12, 8)),
            (Bytes{0x49, 0x8b, 0x44, 0x24, 0x08}));
  EXPECT_EQ(bytes_of<Form::mov_r64_rm64>(Reg::rax, at(Reg::rbp, 0)),
            (Bytes{0x48, 0x8b, 0x45, 0x00}));
  EXPECT_EQ(bytes_of<Form::mov_r64_rm64>(Reg::rax, at(Reg::r13, -128)),
            (Bytes{0x49, 0x8b, 0x45, 0x80}));
  EXPECT_EQ(bytes_of<Form::mov_r64_rm64>(Reg::rax, at(Reg::r13, 128)),
            (Bytes{0x49, 0x8b, 0x85, 0x80, 0x00, 0x00, 0x00}));
  EXPECT_EQ(
      bytes_of<Form::lea_r64_m>(Reg::r9, Mem<Concrete>{Reg::r13, Value<32>::lit(0), Reg::r12, 3}),
      (Bytes{0x4f, 0x8d, 0x4c, 0xe5, 0x00}));
}

TEST(Codec, ByteRegistersThatNeedRex) {
  EXPECT_EQ(bytes_of<Form::mov_rm8_r8>(at(Reg::rdi, 0), Reg::rbx), (Bytes{0x88, 0x1f}));
  EXPECT_EQ(bytes_of<Form::mov_rm8_r8>(at(Reg::rdi, 0), Reg::rsi), (Bytes{0x40, 0x88, 0x37}));
  EXPECT_EQ(bytes_of<Form::mov_rm8_r8>(at(Reg::rdi, 0), Reg::rbp), (Bytes{0x40, 0x88, 0x2f}));
  EXPECT_EQ(bytes_of<Form::movzx_r32_rm8>(Reg::rax, Reg::rdi), (Bytes{0x40, 0x0f, 0xb6, 0xc7}));
  EXPECT_EQ(bytes_of<Form::setcc_rm8>(Cond::e, Reg::rsi), (Bytes{0x40, 0x0f, 0x94, 0xc6}));
  // The base of a memory operand is no byte register.
  EXPECT_EQ(bytes_of<Form::setcc_rm8>(Cond::e, at(Reg::rsi, 0)), (Bytes{0x0f, 0x94, 0x06}));
}

TEST(Codec, FormsWithFieldsInTheOpcode) {
  EXPECT_EQ(bytes_of<Form::push_r64>(Reg::r15), (Bytes{0x41, 0x57}));
  EXPECT_EQ(bytes_of<Form::bswap_r64>(Reg::r8), (Bytes{0x49, 0x0f, 0xc8}));
  EXPECT_EQ(bytes_of<Form::mov_r64_imm64>(Reg::r10, Value<64>::lit(0x1122334455667788)),
            (Bytes{0x49, 0xba, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}));
  EXPECT_EQ(bytes_of<Form::jcc_rel32>(Cond::g, Value<32>::lit(0x01020304)),
            (Bytes{0x0f, 0x8f, 0x04, 0x03, 0x02, 0x01}));
  EXPECT_EQ(bytes_of<Form::jcc_rel8>(Cond::b, Value<8>::lit(0xfe)), (Bytes{0x72, 0xfe}));
}

TEST(Codec, VexAndLock) {
  EXPECT_EQ(bytes_of<Form::shlx_r64_rm64_r64>(Reg::rax, Reg::r9, Reg::r10),
            (Bytes{0xc4, 0xc2, 0xa9, 0xf7, 0xc1}));
  EXPECT_EQ(bytes_of<Form::lock_xadd_rm32_r32>(at(Reg::rdi, 4), Reg::r8),
            (Bytes{0xf0, 0x44, 0x0f, 0xc1, 0x47, 0x04}));
  EXPECT_EQ(bytes_of<Form::lock_xadd_rm16_r16>(at(Reg::r9, 0), Reg::rax),
            (Bytes{0xf0, 0x66, 0x41, 0x0f, 0xc1, 0x01}));
}

TEST(Codec, ImpliedOperandsAreNotGiven) {
  EXPECT_EQ(bytes_of<Form::shl_rm64_cl>(Reg::rbx), (Bytes{0x48, 0xd3, 0xe3}));
  EXPECT_EQ(bytes_of<Form::shl_rm64_1>(Reg::rbx), (Bytes{0x48, 0xd1, 0xe3}));
  EXPECT_EQ(bytes_of<Form::endbr64>(), (Bytes{0xf3, 0x0f, 0x1e, 0xfa}));
}

TEST(Codec, LongerDisplacementsThanNeededDecode) {
  const std::optional<Insn<Concrete>> insn = decoded({0x48, 0x8b, 0x83, 0x10, 0, 0, 0});
  ASSERT_TRUE(insn.has_value());
  EXPECT_EQ(insn->mem.disp.raw(), 0x10u);
  EXPECT_EQ(insn->length, 7u);
}

TEST(Codec, WhatIsNotInTheTable) {
  const std::pair<const char*, Bytes> cases[] = {
      {"nothing", {}},
      {"a prefix alone", {0x66}},
      {"rip-relative", {0x48, 0x8b, 0x05, 1, 2, 3, 4}},
      {"absolute", {0x48, 0x8b, 0x04, 0x25, 1, 2, 3, 4}},
      {"index without base", {0x48, 0x8b, 0x04, 0x05, 1, 2, 3, 4}},
      {"ah as r8", {0x88, 0x20}},
      {"dh as r/m8", {0x88, 0xc6}},
      {"LOCK with a register", {0xf0, 0x48, 0x0f, 0xc1, 0xc3}},
      {"LOCK on a form without", {0xf0, 0x48, 0x8b, 0x03}},
      {"a repeated prefix", {0x66, 0x66, 0x01, 0xc0}},
      {"a prefix behind REX", {0x48, 0x66, 0x01, 0xc0}},
      {"rep ret", {0xf3, 0xc3}},
      {"REX.B on nop: xchg r8d, eax", {0x41, 0x90}},
      {"REX.X without SIB", {0x4a, 0x01, 0xc3}},
      {"REX.R with /digit", {0x4c, 0x81, 0xc0, 1, 0, 0, 0}},
      {"REX.W on push", {0x48, 0x50}},
      {"66 with REX.W", {0x66, 0x48, 0x01, 0xc0}},
      {"VEX.L", {0xc4, 0xc2, 0xad, 0xf7, 0xc1}},
      {"VEX.vvvv where none is", {0xc4, 0xe3, 0xf3, 0xf0, 0xc1, 3}},
      {"VEX behind a prefix", {0x66, 0xc4, 0xc2, 0xa9, 0xf7, 0xc1}},
      {"segment override", {0x64, 0x48, 0x8b, 0x03}},
      {"address size", {0x67, 0x48, 0x8b, 0x03}},
      {"hlt", {0xf4}},
  };
  for (const auto& [what, bytes] : cases) EXPECT_FALSE(decoded(bytes).has_value()) << what;
}

}  // namespace
}  // namespace probity::x86::test
