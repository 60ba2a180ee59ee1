// SPDX-License-Identifier: Apache-2.0
// Every row round-trips in both codecs, every halfword is exactly one row or none, the known
// reserved and HINT codes are refused, and encode() says what does not fit.
#include "isa/riscv/codec.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "isa/riscv/decode.hpp"
#include "sample_words.hpp"

namespace probity::riscv {
namespace {

using C = Concrete;

std::string line_of(const Expected<std::uint32_t>& word) {
  return word ? "encoded" : std::string(word.error().line());
}
Insn<C> make(Form form, Reg rd, Reg rs1, std::int64_t imm) {
  Insn<C> insn;
  insn.form = form;
  insn.rd = rd;
  insn.rs1 = rs1;
  insn.imm = Bv<C, 64>::lit(static_cast<std::uint64_t>(imm));
  return insn;
}

TEST(RiscvCodec, EveryRowRoundTrips) {
  SampleWords samples(1);
  for (std::size_t i = 0; i < form_count; ++i) {
    for (int n = 0; n < 300; ++n) {
      const std::uint32_t word = samples.next(static_cast<Form>(i));
      const std::optional<Insn<C>> insn = decode(word);
      ASSERT_TRUE(insn) << rows[i].name << ' ' << std::hex << word;
      ASSERT_EQ(insn->form, static_cast<Form>(i)) << std::hex << word;
      EXPECT_EQ(insn->length, rows[i].format.width / 8u);
      const Expected<std::uint32_t> again = encode(*insn);
      ASSERT_TRUE(again) << line_of(again);
      EXPECT_EQ(*again, word) << rows[i].name;
    }
  }
}

TEST(RiscvCodec, EveryHalfwordIsOneRowOrNone) {
  std::array<unsigned, form_count> seen{};
  for (std::uint32_t word = 0; word < 0x10000; ++word) {
    if ((word & 3) == 3) continue;
    const std::optional<Insn<C>> insn = decode(word | 0xabcd0000u);
    if (!insn) continue;
    ++seen[static_cast<std::size_t>(insn->form)];
    const Expected<std::uint32_t> again = encode(*insn);
    ASSERT_TRUE(again) << line_of(again);
    EXPECT_EQ(*again, word);
  }
  const auto count = [&](Form form) { return seen[static_cast<std::size_t>(form)]; };
  EXPECT_EQ(count(Form::c_addi4spn), 255u * 8);
  EXPECT_EQ(count(Form::c_addi), 31u * 63);
  EXPECT_EQ(count(Form::c_addi16sp), 63u);
  EXPECT_EQ(count(Form::c_lui), 30u * 63);
  EXPECT_EQ(count(Form::c_nop), 1u);
  EXPECT_EQ(count(Form::c_jr), 31u);
  EXPECT_EQ(count(Form::c_mv), 31u * 31);
  EXPECT_EQ(count(Form::c_lwsp), 31u * 64);
  EXPECT_EQ(count(Form::c_sdsp), 32u * 64);
  EXPECT_EQ(count(Form::c_j), 2048u);
  EXPECT_EQ(count(Form::c_beqz), 256u * 8);
  for (std::size_t i = 0; i < form_count; ++i) {
    EXPECT_EQ(seen[i] != 0, rows[i].extension == Extension::C) << rows[i].name;
  }
}

TEST(RiscvCodec, RandomWordsAreInstructionsOnlyWhereTheyEncodeAgain) {
  SampleWords samples(2);
  unsigned decoded = 0;
  for (int n = 0; n < 200000; ++n) {
    std::uint32_t word = samples.next(samples.form());
    word ^= samples.one_in(2) ? 1u << samples.random() % 32 : 0;  // one bit beside a row
    const std::optional<Insn<C>> insn = decode(word);
    if (!insn) continue;
    ++decoded;
    const Expected<std::uint32_t> again = encode(*insn);
    ASSERT_TRUE(again) << line_of(again);
    EXPECT_EQ(*again, insn->length == 4 ? word : word & 0xffff) << std::hex << word;
  }
  EXPECT_GT(decoded, 100000u);
}

TEST(RiscvCodec, ReservedCodesAndHintsAreNoInstruction) {
  for (const std::uint32_t word : {0x0000u,                 // all zeros: illegal
                                   0x0001u | 1u << 12,      // c.nop with an immediate: HINT
                                   0x0081u,                 // c.addi ra,0: HINT
                                   0x2001u,                 // c.addiw zero: reserved
                                   0x4005u,                 // c.li zero: HINT
                                   0x6101u,                 // c.addi16sp 0: reserved
                                   0x6081u,                 // c.lui ra,0: reserved
                                   0x0002u | 4u,            // c.slli zero: HINT
                                   0x8002u,                 // c.jr zero: reserved
                                   0x8006u,                 // c.mv zero,ra: HINT
                                   0x4002u,                 // c.lwsp zero: reserved
                                   0x6002u,                 // c.ldsp zero: reserved
                                   0x9c41u,                 // reserved CA code
                                   0x2000u,                 // c.fld: not in this table
                                   0x00005003u | 7u << 12,  // load with funct3 111
                                   0x0000000fu | 1u << 7,   // fence with rd
                                   0x0200101bu,             // slliw with bit 25
                                   0x1005202fu | 1u << 20,  // lr.w with rs2
                                   0xffffffffu}) {
    EXPECT_FALSE(decode(word)) << std::hex << word;
  }
}

TEST(RiscvCodec, DecodingBytesNeedsAllOfThem) {
  const std::array<Bv<C, 8>, 4> bytes = {Bv<C, 8>::lit(0x13), Bv<C, 8>::lit(0x85),
                                         Bv<C, 8>::lit(0x45), Bv<C, 8>::lit(0x00)};
  const std::span<const Bv<C, 8>> all(bytes);
  ASSERT_TRUE(decode(all));
  EXPECT_EQ(decode(all)->form, Form::addi);
  EXPECT_FALSE(decode(all.first(3)));
  EXPECT_FALSE(decode(all.first(1)));
  const std::array<Bv<C, 8>, 2> nop = {Bv<C, 8>::lit(1), Bv<C, 8>::lit(0)};
  ASSERT_TRUE(decode(std::span<const Bv<C, 8>>(nop)));
  EXPECT_EQ(decode(std::span<const Bv<C, 8>>(nop))->length, 2u);
}

TEST(RiscvCodec, OperandsThatDoNotFitAreNamed) {
  EXPECT_EQ(line_of(encode(make(Form::addi, Reg::a0, Reg::a1, 2048))),
            "addi: immediate 2048 is not in -2048..2047");
  EXPECT_EQ(line_of(encode(make(Form::beq, Reg::a0, Reg::a1, 3))),
            "beq: immediate 3 is not a multiple of 2 in -4096..4094");
  EXPECT_EQ(line_of(encode(make(Form::slli, Reg::a0, Reg::a1, 64))),
            "slli: immediate 64 is not in 0..63");
  EXPECT_EQ(line_of(encode(make(Form::c_lw, Reg::t0, Reg::a1, 4))),
            "c.lw: register t0 is not one of s0..a5");
  EXPECT_EQ(line_of(encode(make(Form::c_lui, Reg::sp, Reg::zero, 4096))),
            "c.lui: register sp is reserved or a HINT");
  EXPECT_EQ(line_of(encode(make(Form::c_addi, Reg::a0, Reg::zero, 0))),
            "c.addi: immediate 0 is reserved or a HINT");
}

TEST(RiscvEncode, TakesOperandsInAssemblerOrder) {
  EXPECT_EQ((encode<Form::addi, C>(Reg::a0, Reg::a1, Bv<C, 12>::lit(0xffc)).raw()), 0xffc58513u);
  EXPECT_EQ((encode<Form::sd, C>(Reg::s1, Bv<C, 12>::lit(0x123), Reg::sp).raw()), 0x129131a3u);
  EXPECT_EQ((encode<Form::lr_w, C>(Reg::a0, Reg::a1, isa::Order::full).raw()), 0x1605a52fu);
  EXPECT_EQ((encode<Form::sc_d, C>(Reg::a0, Reg::a2, Reg::a1, isa::Order::release).raw()),
            0x1ac5b52fu);
  EXPECT_EQ((encode<Form::fence, C>(Bv<C, 4>::lit(3), Bv<C, 4>::lit(1)).raw()), 0x0310000fu);
  EXPECT_EQ(
      (encode<Form::c_addi16sp, C>(immediate<Form::c_addi16sp>(Bv<C, 32>::lit(-32ull))).raw()),
      0x713du);
  EXPECT_EQ((encode<Form::add, C>(Bv<C, 5>::lit(10), Reg::a1, Bv<C, 5>::lit(12)).raw()),
            (encode<Form::add, C>(Reg::a0, Reg::a1, Reg::a2).raw()));
}

TEST(RiscvEncode, FitsSaysWhetherTheImmediateHoldsTheValue) {
  const auto fits_beq = [](std::int64_t value) {
    return decide(fits<Form::beq>(Bv<C, 64>::lit(static_cast<std::uint64_t>(value))));
  };
  EXPECT_TRUE(fits_beq(-4096) && fits_beq(4094) && fits_beq(0));
  EXPECT_FALSE(fits_beq(4096) || fits_beq(-4098) || fits_beq(1));
  const auto fits_lui = [](std::int64_t value) {
    return decide(fits<Form::lui>(Bv<C, 64>::lit(static_cast<std::uint64_t>(value))));
  };
  EXPECT_TRUE(fits_lui(0x7ffff000) && fits_lui(-0x80000000ll));
  EXPECT_FALSE(fits_lui(0x80000000ll) || fits_lui(0xfff));
}

}  // namespace
}  // namespace probity::riscv
