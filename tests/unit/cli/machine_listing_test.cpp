// SPDX-License-Identifier: Apache-2.0
// The listing shows every byte of the image once, in order, as instructions that the target's table
// knows; each insn of the program is there with what it became.
#include "cli/machine_listing.hpp"

#include <gtest/gtest.h>

#include "assembler/bpf_text.hpp"

namespace probity::cli {
namespace {

constexpr std::string_view text =
    "r0 = *(u32 *)(r1 + 4)\n"
    "r2 = 0x123456789abcdef0 ll\n"
    "r0 s/= r2\n"
    "w0 >>= 3\n"
    "if r0 == 0 goto out\n"
    "r3 = atomic64_fetch_xor((u64 *)(r10 - 8), r3)\n"
    "call bpf_ktime_get_ns#5\n"
    "call leaf\n"
    "out: exit\n"
    "leaf: r0 = be32 r0\n"
    "exit\n";

MachineListing listing_of(const std::vector<bpf::Slot>& slots,
                          const runtime::TranslationOptions& options) {
  program::View view;
  view.name = "sample";
  view.slots = slots;
  return list_machine_code(view, TextStyle::kernel, options).value();
}

std::vector<runtime::TranslationOptions> all_options() {
  std::vector<runtime::TranslationOptions> all;
  for (const jit::Target target : {jit::Target::x86_64, jit::Target::rv64}) {
    for (const jit::Memory memory : {jit::Memory::checked, jit::Memory::unchecked}) {
      for (const jit::Blinding blinding : {jit::Blinding::off, jit::Blinding::on}) {
        for (const std::uint32_t features : {0u, ~0u}) {
          runtime::TranslationOptions options;
          options.target = target;
          options.options.memory = memory;
          options.options.blinding = blinding;
          options.options.features = features;
          all.push_back(options);
        }
      }
    }
  }
  return all;
}

TEST(MachineListing, HasEveryByteOnceAndKnowsAllOfThem) {
  const auto slots = assembler::assemble({"sample", text, 1}, TextStyle::kernel).value();
  for (const runtime::TranslationOptions& options : all_options()) {
    const MachineListing listing = listing_of(slots, options);
    std::uint32_t offset = 0;
    std::size_t insns = 0;
    for (const MachineBlock& block : listing.blocks) {
      insns += block.is_insn ? 1 : 0;
      EXPECT_FALSE(block.code.empty()) << block.name;
      for (const MachineInsn& insn : block.code) {
        EXPECT_EQ(insn.offset, offset) << block.name;
        EXPECT_NE(insn.text, ".byte") << block.name << " at " << offset;
        offset += static_cast<std::uint32_t>(insn.bytes.size());
      }
    }
    EXPECT_EQ(offset, listing.size_bytes);
    EXPECT_EQ(insns, 11u);
    EXPECT_EQ(listing.insn_count, 11u);
    EXPECT_LT(listing.body_bytes, listing.size_bytes);
  }
}

TEST(MachineListing, PutsBytecodeBesideItsCode) {
  const auto slots =
      assembler::assemble({"sample", "r0 = 7\nexit\n", 1}, TextStyle::kernel).value();
  runtime::TranslationOptions options;
  const std::string x86 = print(listing_of(slots, options));
  EXPECT_NE(x86.find("     0: r0 = 7 "), std::string::npos) << x86;
  EXPECT_NE(x86.find("b8 07 00 00 00"), std::string::npos) << x86;
  EXPECT_NE(x86.find("mov eax,0x7"), std::string::npos) << x86;
  EXPECT_NE(x86.find("(leave)"), std::string::npos) << x86;
  options.target = jit::Target::rv64;
  const std::string riscv = print(listing_of(slots, options));
  EXPECT_NE(riscv.find("addi a5,zero,7"), std::string::npos) << riscv;
}

TEST(MachineListing, SaysWhyThereIsNone) {
  const auto slots =
      assembler::assemble({"sample", "r10 = 7\nexit\n", 1}, TextStyle::kernel).value();
  program::View view;
  view.slots = slots;
  const auto listing = list_machine_code(view, TextStyle::kernel, {});
  ASSERT_FALSE(listing);
  EXPECT_NE(listing.error().line().find("writes r10"), std::string_view::npos);
}

}  // namespace
}  // namespace probity::cli
