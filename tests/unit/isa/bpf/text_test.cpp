// SPDX-License-Identifier: Apache-2.0
// Both texts: parse(print(insn)) is insn for every form, the spellings are the ones people know,
// and errors say the column, the value and the limit.
#include <gtest/gtest.h>

#include <string>

#include "isa/bpf/text_kernel.hpp"
#include "isa/bpf/text_ubpf.hpp"
#include "sample_insns.hpp"

namespace probity::bpf {
namespace {

constexpr HelperNames names = {
    [](std::uint32_t id) { return id == 1 ? std::string_view("bpf_map_lookup_elem") : ""; },
    [](std::string_view name) -> std::optional<std::uint32_t> {
      if (name == "bpf_map_lookup_elem") return 1;
      return std::nullopt;
    }};

std::string kernel(const Insn& insn) {
  std::array<char, 120> buffer;
  TextSink sink(buffer);
  print_kernel(insn, names, sink);
  EXPECT_FALSE(sink.truncated());
  return std::string(sink.view());
}

std::string ubpf(const Insn& insn) {
  std::array<char, 120> buffer;
  TextSink sink(buffer);
  print_ubpf(insn, sink);
  EXPECT_FALSE(sink.truncated());
  return std::string(sink.view());
}

std::string kernel_error(std::string_view text) {
  const Expected<Insn> insn = parse_kernel(text, names);
  return insn ? "parsed: " + kernel(*insn) : std::string(insn.error().line());
}

std::string ubpf_error(std::string_view text) {
  const Expected<Insn> insn = parse_ubpf(text);
  return insn ? "parsed: " + ubpf(*insn) : std::string(insn.error().line());
}

TEST(KernelText, EveryFormRoundTrips) {
  SampleInsns samples;
  for (std::size_t i = 0; i < form_count; ++i) {
    for (int n = 0; n < 200; ++n) {
      const Insn insn = samples.next(static_cast<Form>(i));
      const std::string text = kernel(insn);
      const Expected<Insn> parsed = parse_kernel(text, names);
      ASSERT_TRUE(parsed) << rows[i].name << ": " << text << ": " << parsed.error().line();
      ASSERT_EQ(*parsed, insn) << rows[i].name << ": " << text << " became " << kernel(*parsed);
    }
  }
}

TEST(UbpfText, EveryFormRoundTrips) {
  SampleInsns samples;
  for (std::size_t i = 0; i < form_count; ++i) {
    for (int n = 0; n < 200; ++n) {
      const Insn insn = samples.next(static_cast<Form>(i));
      const std::string text = ubpf(insn);
      const Expected<Insn> parsed = parse_ubpf(text);
      ASSERT_TRUE(parsed) << rows[i].name << ": " << text << ": " << parsed.error().line();
      ASSERT_EQ(*parsed, insn) << rows[i].name << ": " << text << " became " << ubpf(*parsed);
    }
  }
}

struct Spelling {
  Slot slot;
  std::int32_t next_imm;
  const char* kernel;
  const char* ubpf;
};

// The slots are written out by hand from RFC 9669, so a wrong row cannot hide behind a round trip.
constexpr Spelling spellings[] = {
    {{0x0f, 0x10, 0, 0}, 0, "r0 += r1", "add %r0, %r1"},
    {{0x0c, 0x10, 0, 0}, 0, "w0 += w1", "add32 %r0, %r1"},
    {{0x04, 0x00, 0, 1}, 0, "w0 += 1", "add32 %r0, 1"},
    {{0xbf, 0x21, 0, 0}, 0, "r1 = r2", "mov %r1, %r2"},
    {{0xbf, 0x10, 8, 0}, 0, "r0 = (s8)r1", "movsx864 %r0, %r1"},
    {{0xbc, 0x10, 16, 0}, 0, "w0 = (s16)w1", "movsx1632 %r0, %r1"},
    {{0x37, 0x01, 1, -3}, 0, "r1 s/= -3", "sdiv %r1, -3"},
    {{0x9c, 0x21, 1, 0}, 0, "w1 s%= w2", "smod32 %r1, %r2"},
    {{0xc7, 0x01, 0, 3}, 0, "r1 s>>= 3", "arsh %r1, 3"},
    {{0x84, 0x01, 0, 0}, 0, "w1 = -w1", "neg32 %r1"},
    {{0xdc, 0x00, 0, 16}, 0, "r0 = be16 r0", "be16 %r0"},
    {{0xd7, 0x00, 0, 32}, 0, "r0 = bswap32 r0", "bswap32 %r0"},
    {{0x65, 0x01, 2, 4}, 0, "if r1 s> 4 goto +2", "jsgt %r1, 4, +2"},
    {{0x1e, 0x21, 1, 0}, 0, "if w1 == w2 goto +1", "jeq32 %r1, %r2, +1"},
    {{0x45, 0x01, -3, 4}, 0, "if r1 & 4 goto -3", "jset %r1, 4, -3"},
    {{0x05, 0x00, -1, 0}, 0, "goto -1", "ja -1"},
    {{0x06, 0x00, 0, 5}, 0, "gotol +5", "ja32 +5"},
    {{0xe5, 0x00, 1, 0}, 0, "may_goto +1", "may_goto +1"},
    {{0x71, 0x10, 4, 0}, 0, "r0 = *(u8 *)(r1 + 4)", "ldxb %r0, [%r1+4]"},
    {{0x89, 0x10, -8, 0}, 0, "r0 = *(s16 *)(r1 - 8)", "ldxsh %r0, [%r1-8]"},
    {{0x63, 0x1a, -4, 0}, 0, "*(u32 *)(r10 - 4) = r1", "stxw [%r10-4], %r1"},
    {{0x7a, 0x01, 0, 5}, 0, "*(u64 *)(r1 + 0) = 5", "stdw [%r1], 5"},
    {{0xdb, 0x21, 0, 0}, 0, "lock *(u64 *)(r1 + 0) += r2", "lock add [%r1], %r2"},
    {{0xdb, 0x21, 0, 1},
     0,
     "r2 = atomic64_fetch_add((u64 *)(r1 + 0), r2)",
     "lock fetch add [%r1], %r2"},
    {{0xc3, 0x21, 4, 0x51},
     0,
     "r2 = atomic_fetch_and((u32 *)(r1 + 4), r2)",
     "lock fetch and32 [%r1+4], %r2"},
    {{0xdb, 0x21, 0, 0xf1},
     0,
     "r0 = atomic64_cmpxchg((u64 *)(r1 + 0), r0, r2)",
     "lock cmpxchg [%r1], %r2"},
    {{0xc3, 0x21, 0, 0xe1}, 0, "r2 = atomic_xchg((u32 *)(r1 + 0), r2)", "lock xchg32 [%r1], %r2"},
    {{0xd3, 0x10, 0, 0x100}, 0, "r0 = load_acquire((u8 *)(r1 + 0))", "load_acqb %r0, [%r1]"},
    {{0xd3, 0x21, 0, 0x110}, 0, "store_release((u8 *)(r1 + 0), r2)", "store_relb [%r1], %r2"},
    {{0x85, 0x00, 0, 1}, 0, "call bpf_map_lookup_elem#1", "call 1"},
    {{0x85, 0x00, 0, 200}, 0, "call #200", "call 200"},
    {{0x85, 0x10, 0, 3}, 0, "call pc+3", "call local +3"},
    {{0x85, 0x20, 0, 2}, 0, "call kfunc#2", "call runtime 2"},
    {{0x8d, 0x01, 0, 0}, 0, "callx r1", "call %r1"},
    {{0x95, 0x00, 0, 0}, 0, "exit", "exit"},
    {{0x18, 0x01, 0, 0x55667788},
     0x11223344,
     "r1 = 0x1122334455667788 ll",
     "lddw %r1, 0x1122334455667788"},
    {{0x18, 0x11, 0, 3}, 0, "r1 = map[3] ll", "lddw %r1, map[3]"},
    {{0x18, 0x21, 0, 3}, 8, "r1 = map[3][8] ll", "lddw %r1, map[3][8]"},
    {{0x18, 0x41, 0, 4}, 0, "r1 = func pc+4 ll", "lddw %r1, func +4"},
    {{0x28, 0x00, 0, 12}, 0, "r0 = *(u16 *)skb[12]", "ldabsh 12"},
    {{0x50, 0x10, 0, 4}, 0, "r0 = *(u8 *)skb[r1 + 4]", "ldindb %r1, 4"},
};

TEST(Text, Spellings) {
  for (const Spelling& s : spellings) {
    const std::array<Slot, 2> slots = {s.slot, Slot{0, 0, 0, s.next_imm}};
    const Expected<Insn> insn = decode(slots, 0);
    ASSERT_TRUE(insn) << s.kernel << ": " << insn.error().line();
    EXPECT_EQ(kernel(*insn), s.kernel);
    EXPECT_EQ(ubpf(*insn), s.ubpf);
    EXPECT_EQ(kernel_error(s.kernel), std::string("parsed: ") + s.kernel);
    EXPECT_EQ(ubpf_error(s.ubpf), std::string("parsed: ") + s.ubpf);
  }
}

TEST(KernelText, OtherDialectsAreTaken) {
  const std::pair<const char*, const char*> pairs[] = {
      {"if r1 s> 4 goto pc+2", "if r1 s> 4 goto +2"},
      {"if r1 == 0x0 goto pc-1 <LBB0_2>", "if r1 == 0 goto -1"},
      {"r0 = *(u8 *)(r1 +4)", "r0 = *(u8 *)(r1 + 4)"},
      {"r0 = *(u8*)(r1-8)", "r0 = *(u8 *)(r1 - 8)"},
      {"w0 = *(u32 *)(r1 + 0)", "r0 = *(u32 *)(r1 + 0)"},
      {"*(u8 *)(r1 + 0) = w2", "*(u8 *)(r1 + 0) = r2"},
      {"w2 = atomic_fetch_add((u32 *)(r1 + 0), w2)", "r2 = atomic_fetch_add((u32 *)(r1 + 0), r2)"},
      {"r1 = 1 ll", "r1 = 0x1 ll"},
      {"r1 = -1 ll", "r1 = 0xffffffffffffffff ll"},
      {"call bpf_map_lookup_elem", "call bpf_map_lookup_elem#1"},
      {"call 1", "call bpf_map_lookup_elem#1"},
      {"call bpf_from_the_future#5000", "call #5000"},
      {"r0=r1", "r0 = r1"},
      {"w0 = 0xffffffff", "w0 = -1"},
  };
  for (const auto& [text, printed] : pairs) {
    EXPECT_EQ(kernel_error(text), std::string("parsed: ") + printed) << text;
  }
}

TEST(KernelText, ErrorsNameColumnValueAndLimit) {
  EXPECT_EQ(kernel_error("r0 = *(u8 *)(r1 + 40000)"),
            "column 17: off 40000 does not fit 16 signed bits (-32768..32767)");
  EXPECT_EQ(kernel_error("if r1 > 4 goto +40000"),
            "column 16: off +40000 does not fit 16 signed bits (-32768..32767)");
  EXPECT_EQ(kernel_error("r0 = 4294967295"),
            "column 6: imm 4294967295 does not fit 32 signed bits (-2147483648..2147483647)");
  EXPECT_EQ(kernel_error("r11 = 1"), "column 1: register r11 is beyond r10");
  EXPECT_EQ(kernel_error("frob r1"), "column 1: unknown insn 'frob'");
  EXPECT_EQ(kernel_error("exit now"), "column 6: unexpected text after the insn");
  EXPECT_EQ(kernel_error("r0 = be16 r1"),
            "column 11: the operand must be the register assigned to");
  EXPECT_EQ(kernel_error("goto L1"), "column 6: label 'L1' where only a displacement can stand");
  EXPECT_EQ(kernel_error("call bpf_map_lookup_elem#2"),
            "column 6: helper 2 is unknown, not bpf_map_lookup_elem");
  EXPECT_EQ(kernel_error("w0 += r1"), "column 7: expected a register, w0 to w10");
  EXPECT_EQ(kernel_error(""), "column 1: unknown insn ''");
}

TEST(UbpfText, OtherDialectsAreTaken) {
  EXPECT_EQ(ubpf_error("swap16 r0"), "parsed: bswap16 %r0");
  EXPECT_EQ(ubpf_error("mov64 r0, 0x10"), "parsed: mov %r0, 16");
  EXPECT_EQ(ubpf_error("ldxdw %r0, [%r1+0x8]"), "parsed: ldxdw %r0, [%r1+8]");
  EXPECT_EQ(ubpf_error("mov %r0, 0xffffffff"), "parsed: mov %r0, -1");
  EXPECT_EQ(ubpf_error("call helper 7"), "parsed: call 7");
}

TEST(UbpfText, ErrorsNameColumnValueAndLimit) {
  EXPECT_EQ(ubpf_error("ldxb %r0, [%r1+40000]"),
            "column 15: off 40000 does not fit 16 signed bits (-32768..32767)");
  EXPECT_EQ(ubpf_error("mov %r0, 0x100000000"),
            "column 10: imm 0x100000000 does not fit 32 bits (-2147483648..4294967295)");
  EXPECT_EQ(ubpf_error("mov %r11, 1"), "column 6: register r11 is beyond r10");
  EXPECT_EQ(ubpf_error("frob %r1"), "column 1: unknown insn 'frob'");
  EXPECT_EQ(ubpf_error("mov %r1 5"), "column 9: expected ','");
  EXPECT_EQ(ubpf_error("lddw %r1, 0x11223344556677889"),
            "column 11: number 0x11223344556677889 does not fit 64 bits (0..18446744073709551615)");
}

}  // namespace
}  // namespace probity::bpf
