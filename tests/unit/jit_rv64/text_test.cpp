// SPDX-License-Identifier: Apache-2.0
// What is emitted, as text: that the forms meant to be short are, the orderings of atomics, the
// ranges of jumps at their ends, and that only jumps between instructions depend on the layout.
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "isa/riscv/codec.hpp"
#include "isa/riscv/text.hpp"
#include "jit/rv64/translator_impl.hpp"

namespace probity::jit::rv64 {
namespace {

using bpf::Form;
constexpr std::uint32_t all = feature::rv_c | feature::rv_zba | feature::rv_zbb;
constexpr std::uint32_t here = 0x4000'0000;

struct Source {
  Form form;
  bpf::Reg dst = bpf::Reg::r0, src = bpf::Reg::r0;
  std::uint32_t imm = 0, next_imm = 0;
  std::int16_t off = 0;
  std::uint32_t distance = 0;
  bool upper_dead = false;
};

Inputs<Concrete> inputs(const Source& source) {
  Inputs<Concrete> in;
  in.immediates = {Bv<Concrete, 16>::lit(static_cast<std::uint16_t>(source.off)),
                   Bv<Concrete, 32>::lit(source.imm), Bv<Concrete, 32>::lit(source.next_imm)};
  in.insn = Bv<Concrete, 32>::lit(7);
  in.labels = {Bv<Concrete, 32>::lit(here), Bv<Concrete, 32>::lit(here + source.distance),
               Bv<Concrete, 32>::lit(0x100), Bv<Concrete, 32>::lit(0x80)};
  in.upper_dead = source.upper_dead;
  return in;
}

Options unchecked(std::uint32_t features) {
  return {Memory::unchecked, Fuel::off, Blinding::off, features};
}

/// One instruction of the machine per line, at address 0.
std::string emitted(const Source& source, const Options& options) {
  std::array<std::uint8_t, 2 * isa::max_sequence_bytes> room{};
  isa::Code<Concrete> code(room.data());
  Translator<Concrete> translator(code, options);
  if (!translator.insn(source.form, source.dst, source.src, inputs(source))) return "out of reach";
  std::string text;
  for (std::uint32_t at = 0; at < code.size();) {
    std::uint32_t word = 0;
    std::memcpy(&word, room.data() + at, 4);
    const auto insn = riscv::decode(word);
    if (!insn) return text + "?";
    std::array<char, 80> buffer;
    TextSink sink(buffer);
    riscv::print(*insn, at, sink);
    text += std::string(sink.view()) + "\n";
    at += insn->length;
  }
  return text;
}
std::string emitted(const Source& source, std::uint32_t features) {
  return emitted(source, unchecked(features));
}

std::uint32_t size_of(const Source& source, const Options& options) {
  std::array<std::uint8_t, 2 * isa::max_sequence_bytes> room{};
  isa::Code<Concrete> code(room.data());
  Translator<Concrete> translator(code, options);
  EXPECT_TRUE(translator.insn(source.form, source.dst, source.src, inputs(source)));
  return code.size();
}

using enum bpf::Reg;

TEST(Text, ShortForms) {
  EXPECT_EQ(emitted({Form::add64_imm, r1, r0, 31}, all), "c.addi a0,31\n");
  EXPECT_EQ(emitted({Form::add64_imm, r1, r0, 32}, all), "addi a0,a0,32\n");
  EXPECT_EQ(emitted({Form::sub64_imm, r1, r0, 2048}, all), "addi a0,a0,-2048\n");
  EXPECT_EQ(emitted({Form::add64_imm, r1, r0, 0}, all), "");
  EXPECT_EQ(emitted({Form::mov64_reg, r6, r1}, all), "c.mv s1,a0\n");
  EXPECT_EQ(emitted({Form::mov64_imm, r6, r0, 0xffff'ffff}, all), "c.li s1,-1\n");
  EXPECT_EQ(emitted({Form::and64_imm, r2, r0, 7}, all), "c.andi a1,7\n");
  EXPECT_EQ(emitted({Form::xor64_reg, r1, r2}, all), "c.xor a0,a1\n");
  EXPECT_EQ(emitted({Form::xor64_reg, r7, r2}, all), "xor s2,s2,a1\n");  // s2 is x18
  EXPECT_EQ(emitted({Form::sub64_reg, r1, r6}, all), "c.sub a0,s1\n");
  EXPECT_EQ(emitted({Form::lsh64_imm, r7, r0, 3}, all), "c.slli s2,0x3\n");
  EXPECT_EQ(emitted({Form::rsh64_imm, r7, r0, 3}, all), "srli s2,s2,0x3\n");
  EXPECT_EQ(emitted({Form::ldxdw, r1, r2, 0, 0, 248}, all), "c.ld a0,248(a1)\n");
  EXPECT_EQ(emitted({Form::ldxdw, r1, r2, 0, 0, 256}, all), "ld a0,256(a1)\n");
  EXPECT_EQ(emitted({Form::ldxsw, r1, r2, 0, 0, 124}, all), "c.lw a0,124(a1)\n");
  EXPECT_EQ(emitted({Form::ldxw, r1, r2, 0, 0, 124}, all), "lwu a0,124(a1)\n");
  EXPECT_EQ(emitted({Form::stxw, r1, r2, 0, 0, 4}, all), "c.sw a1,4(a0)\n");
  EXPECT_EQ(emitted({Form::exit}, all), "c.jr s7\n");
}

TEST(Text, OffsetsOfTwelveBitsAndMore) {
  EXPECT_EQ(emitted({Form::ldxdw, r1, r2, 0, 0, 2047}, 0), "ld a0,2047(a1)\n");
  EXPECT_EQ(emitted({Form::ldxdw, r1, r2, 0, 0, 2048}, 0),
            "lui t1,0x1\nadd t1,t1,a1\nld a0,-2048(t1)\n");
  EXPECT_EQ(emitted({Form::stxb, r1, r2, 0, 0, -2049}, 0),
            "lui t1,0xfffff\nadd t1,t1,a0\nsb a1,2047(t1)\n");
}

TEST(Text, UpperHalves) {
  EXPECT_EQ(emitted({Form::add32_reg, r7, r8}, 0),
            "addw s2,s2,s3\nslli s2,s2,0x20\nsrli s2,s2,0x20\n");
  EXPECT_EQ(emitted({Form::add32_reg, r7, r8}, feature::rv_zba),
            "addw s2,s2,s3\nadd.uw s2,s2,zero\n");
  EXPECT_EQ(emitted({.form = Form::add32_reg, .dst = r7, .src = r8, .upper_dead = true}, 0),
            "addw s2,s2,s3\n");
  EXPECT_EQ(emitted({Form::and32_imm, r7, r8, 255}, 0), "andi s2,s2,255\n");
  EXPECT_EQ(emitted({Form::rsh32_imm, r7, r8, 1}, 0), "srliw s2,s2,0x1\n");
  EXPECT_EQ(emitted({.form = Form::le32, .dst = r7, .imm = 32, .upper_dead = true}, 0), "");
}

TEST(Text, Constants) {
  const auto lddw = [](std::uint64_t value, std::uint32_t features) {
    return emitted({Form::lddw, r1, r0, static_cast<std::uint32_t>(value),
                    static_cast<std::uint32_t>(value >> 32)},
                   features);
  };
  EXPECT_EQ(lddw(0x7fff'ffff, 0), "lui a0,0x80000\naddiw a0,a0,-1\n");
  EXPECT_EQ(lddw(0xffff'ffff'8000'0000, 0), "lui a0,0x80000\n");
  EXPECT_EQ(lddw(0x8000'0000, feature::rv_zba), "lui a0,0x80000\nadd.uw a0,a0,zero\n");
  EXPECT_EQ(lddw(0x1'0000'0000, all), "c.li a0,1\nc.slli a0,0x20\n");
  EXPECT_EQ(lddw(0x1234'5678'9abc'def0, 0),
            "lui a0,0x12345\naddiw a0,a0,1657\nslli a0,a0,0x20\n"
            "lui t1,0x9abce\naddiw t1,t1,-272\nadd a0,a0,t1\n");
}

TEST(Text, Comparisons) {
  EXPECT_EQ(emitted({.form = Form::jeq_imm, .dst = r1, .distance = 64}, all), "c.beqz a0,0x40\n");
  EXPECT_EQ(emitted({.form = Form::jsgt_imm, .dst = r1, .distance = 64}, 0), "blt zero,a0,0x40\n");
  EXPECT_EQ(emitted({.form = Form::jset_imm, .dst = r1, .imm = 8, .distance = 64}, 0),
            "andi t1,a0,8\nbne t1,zero,0x40\n");
  EXPECT_EQ(emitted({.form = Form::jlt32_reg, .dst = r1, .src = r2, .distance = 64}, 0),
            "addiw t1,a0,0\naddiw t2,a1,0\nbltu t1,t2,0x40\n");
}

TEST(Text, OrderingOfAtomics) {
  EXPECT_EQ(emitted({Form::atomic64_add, r1, r2, 0, 0, 0}, 0), "amoadd.d.aqrl zero,a1,(a0)\n");
  EXPECT_EQ(emitted({Form::atomic32_fetch_or, r1, r2, 0x41, 0, 4}, feature::rv_zba),
            "addi t1,a0,4\namoor.w.aqrl a1,a1,(t1)\nadd.uw a1,a1,zero\n");
  EXPECT_EQ(emitted({Form::atomic64_cmpxchg, r1, r2, 0xf1}, 0),
            "lr.d t2,(a0)\nbne t2,a5,0x10\nsc.d.rl t3,a1,(a0)\nbne t3,zero,0x0\nfence rw,rw\n"
            "addi a5,t2,0\n");
  EXPECT_EQ(emitted({Form::atomic32_cmpxchg, r1, r2, 0xf1}, feature::rv_zba),
            "addiw t4,a5,0\nlr.w t2,(a0)\nbne t2,t4,0x14\nsc.w.rl t3,a1,(a0)\nbne t3,zero,0x4\n"
            "fence rw,rw\nadd.uw a5,t2,zero\n");
  EXPECT_EQ(emitted({Form::load_acqw, r1, r2, 0x100, 0, 8}, 0), "lwu a0,8(a1)\nfence r,rw\n");
  EXPECT_EQ(emitted({Form::store_relh, r1, r2, 0x110, 0, 8}, 0), "fence rw,w\nsh a1,8(a0)\n");
}

/// The sizes of `ja` and `jeq r7, r8` at the first and last distances of each form.
TEST(Text, JumpsTakeTheShortestFormThatReaches) {
  struct Row {
    std::int32_t distance;
    std::uint32_t ja, ja_c, jeq, jeq_c;
  };
  constexpr std::array<Row, 16> rows = {{
      {0, 4, 2, 4, 4},
      {2046, 4, 2, 4, 4},
      {2048, 4, 4, 4, 4},
      {-2048, 4, 2, 4, 4},
      {-2050, 4, 4, 4, 4},
      {4094, 4, 4, 4, 4},
      {4096, 4, 4, 8, 8},
      {-4096, 4, 4, 4, 4},
      {-4098, 4, 4, 8, 8},
      {(1 << 20) - 2, 4, 4, 8, 8},
      {1 << 20, 8, 8, 8, 8},  // the conditional jump's jal starts four bytes later
      {(1 << 20) + 2, 8, 8, 8, 8},
      {(1 << 20) + 4, 8, 8, 12, 12},
      {-(1 << 20), 4, 4, 12, 12},
      {-(1 << 20) + 4, 4, 4, 8, 8},
      {-(1 << 20) - 2, 8, 8, 12, 12},
  }};
  for (const Row& row : rows) {
    const auto distance = static_cast<std::uint32_t>(row.distance);
    const Source ja{.form = Form::ja, .distance = distance};
    const Source jeq{.form = Form::jeq_reg, .dst = r7, .src = r8, .distance = distance};
    EXPECT_EQ(size_of(ja, unchecked(0)), row.ja) << row.distance;
    EXPECT_EQ(size_of(ja, unchecked(feature::rv_c)), row.ja_c) << row.distance;
    EXPECT_EQ(size_of(jeq, unchecked(0)), row.jeq) << row.distance;
    EXPECT_EQ(size_of(jeq, unchecked(feature::rv_c)), row.jeq_c) << row.distance;
  }
}

TEST(Text, DistancesWithoutAForm) {
  // auipc and jalr end at 2^31 - 2^11 - 2; this is how far it goes from `here` at 0.
  const auto at_zero = [](Form form, std::uint32_t target) {
    std::array<std::uint8_t, 2 * isa::max_sequence_bytes> room{};
    isa::Code<Concrete> code(room.data());
    Translator<Concrete> translator(code, unchecked(0));
    Inputs<Concrete> in = inputs({.form = form});
    in.labels.here = Bv<Concrete, 32>::lit(0);
    in.labels.target = Bv<Concrete, 32>::lit(target);
    return translator.insn(form, r1, r2, in);
  };
  EXPECT_TRUE(at_zero(Form::ja, 0x7fff'f7fe));
  EXPECT_FALSE(at_zero(Form::ja, 0x7fff'f800));
  EXPECT_FALSE(at_zero(Form::ja, 0x7fff'fffe));
  EXPECT_TRUE(at_zero(Form::call_local, label_limit));
  EXPECT_FALSE(at_zero(Form::ja, 0x101));
  EXPECT_FALSE(at_zero(Form::jeq_reg, 0x101));
}

/// Whatever is no jump between instructions has one size everywhere; jumps only grow with the
/// distance.
TEST(Text, OnlyJumpsDependOnTheLayout) {
  for (std::size_t f = 0; f < bpf::form_count; ++f) {
    const bpf::Row& row = bpf::rows[f];
    const bool jump = row.meaning == bpf::Meaning::jump || row.meaning == bpf::Meaning::branch;
    for (const std::uint32_t features : {std::uint32_t{0}, all}) {
      const Options options{Memory::checked, Fuel::at_back_edges, Blinding::off, features};
      const auto size_at = [&](std::uint32_t distance) {
        return size_of({.form = static_cast<Form>(f), .dst = r1, .src = r2, .distance = distance},
                       options);
      };
      std::uint32_t forward = size_at(0);
      std::uint32_t backward = forward;
      for (std::uint32_t distance = 2; distance < 0x1000'0000; distance += distance / 16 * 2 + 2) {
        const std::uint32_t next_forward = size_at(distance), next_backward = size_at(-distance);
        EXPECT_GE(next_forward, forward) << row.name << " " << distance;
        EXPECT_GE(next_backward, backward) << row.name << " -" << distance;
        if (!jump) {
          EXPECT_EQ(next_forward, forward) << row.name << " " << distance;
          EXPECT_EQ(next_backward, forward) << row.name << " -" << distance;
        }
        forward = next_forward;
        backward = next_backward;
      }
    }
  }
}

}  // namespace
}  // namespace probity::jit::rv64
