// SPDX-License-Identifier: Apache-2.0
// Where a copy of the ctx pointer may be: moves, spills, local calls and callbacks carry it, and
// what is written over loses it. Programs without ctx at offset 8 get no metadata at entry.
#include "symex/ctx_copies.hpp"

#include <gtest/gtest.h>

#include "corpus/check_case.hpp"
#include "isa/bpf/codec.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

corpus::CheckCase program(const std::string& text) {
  const std::string file = "-- spec\n-- kernel-asm\n" + text + "-- expect\nproved\n";
  const auto data = corpus::parse_data_file(file, "test");
  EXPECT_TRUE(data) << data.error().line();
  auto check = corpus::read_check_case(*data);
  EXPECT_TRUE(check) << check.error().line();
  return *std::move(check);
}

std::vector<std::optional<bpf::Insn>> decoded(const program::View& view) {
  std::vector<std::optional<bpf::Insn>> insns(view.slots.size());
  for (std::size_t at = 0; at < view.slots.size(); at += insns[at]->slot_count()) {
    insns[at] = *bpf::decode(view.slots, at);
  }
  return insns;
}

/// Does the last load of 4 bytes have a base that may be ctx?
bool last_load_reads_ctx(const std::string& text) {
  const corpus::CheckCase check = program(text);
  const auto insns = decoded(check.image.view());
  const CtxCopies copies(check.image.view(), insns);
  EXPECT_FALSE(copies.moved());
  bool reads = false;
  for (std::uint32_t slot = 0; slot < insns.size(); ++slot) {
    if (!insns[slot] || bpf::row(insns[slot]->form).meaning != bpf::Meaning::load) continue;
    if (bpf::row(insns[slot]->form).width != 32) continue;
    reads = copies.may_hold(slot, insns[slot]->src);
  }
  return reads;
}

TEST(CtxCopies, AreMovedSpilledAndPassedOn) {
  EXPECT_TRUE(last_load_reads_ctx("r0 = *(u32 *)(r1 + 8)\nexit\n"));
  EXPECT_TRUE(last_load_reads_ctx("r6 = r1\nr0 = *(u32 *)(r6 + 8)\nexit\n"));
  EXPECT_TRUE(last_load_reads_ctx(
      "*(u64 *)(r10 - 8) = r1\nr7 = *(u64 *)(r10 - 8)\nr0 = *(u32 *)(r7 + 8)\nexit\n"));
  EXPECT_TRUE(last_load_reads_ctx("call part\nexit\npart:\nr0 = *(u32 *)(r1 + 8)\nexit\n"));
  EXPECT_TRUE(
      last_load_reads_ctx("if r1 == 0 goto out\nr6 = r1\nout:\nr0 = *(u32 *)(r6 + 8)\nexit\n"));
}

TEST(CtxCopies, AreLostWhenWrittenOver) {
  EXPECT_FALSE(last_load_reads_ctx("r1 = *(u64 *)(r1 + 0)\nr0 = *(u32 *)(r1 + 8)\nexit\n"));
  EXPECT_FALSE(last_load_reads_ctx("r1 = r10\nr1 += -8\nr0 = *(u32 *)(r1 + 8)\nexit\n"));
  EXPECT_FALSE(last_load_reads_ctx("r6 = r10\nr0 = *(u32 *)(r6 - 8)\nexit\n"));
  EXPECT_FALSE(last_load_reads_ctx("call bpf_ktime_get_ns\nr0 = *(u32 *)(r1 + 8)\nexit\n"));
}

TEST(CtxCopies, SayThatArithmeticMovedOne) {
  const corpus::CheckCase check = program("r1 += 4\nr0 = *(u32 *)(r1 + 4)\nexit\n");
  const auto insns = decoded(check.image.view());
  EXPECT_TRUE(CtxCopies(check.image.view(), insns).moved());
}

/// The paths of a program whose one branch is taken only with metadata.
std::uint64_t paths(const std::string& text) {
  corpus::CheckCase check = program(text);
  const auto result = Explorer(check.image.view(), check.options).explore();
  EXPECT_TRUE(result) << result.error().line();
  return result->counts.begun;
}

TEST(Metadata, IsThereOnlyForThoseWhoAsk) {
  const std::string asks =
      "r2 = *(u32 *)(r1 + 8)\nr3 = *(u32 *)(r1 + 0)\nif r2 == r3 goto out\nout:\nr0 = 2\nexit\n";
  EXPECT_EQ(paths(asks), 2u);
  const std::string reads_a_word =
      "r6 = *(u32 *)(r1 + 0)\nr7 = *(u32 *)(r1 + 4)\nr2 = r6\nr2 += 14\nif r2 > r7 goto out\n"
      "r0 = *(u32 *)(r6 + 8)\nout:\nr0 = 2\nexit\n";
  EXPECT_EQ(paths(reads_a_word), 1u);
}

}  // namespace
}  // namespace probity::symex
