// SPDX-License-Identifier: Apache-2.0
// Stretches of code on the host's CPU: what agrees with it, what does not, and what cannot be run.
#include <gtest/gtest.h>

#include "theorems/jit/native.hpp"

namespace probity::theorems {
namespace {

using Outcome = NativeVerdict::Outcome;
using B64 = Bv<Concrete, 64>;
constexpr std::uint64_t code_at = 0x7000'0000'0040, data_at = 0x2000'0000'0ff8;

/// `mov [rdi], rax; mov rcx, [rdi + 8]; ret`, with the stack pointer at data_at + 16.
X86Stretch sample() {
  X86Stretch stretch;
  stretch.code = {0x48, 0x89, 0x07, 0x48, 0x8b, 0x4f, 0x08, 0xc3};
  stretch.start = stretch.pc_before = code_at;
  stretch.steps = 3;
  for (auto& word : stretch.before.gpr) word = B64::lit(0x0123'4567'89ab'cdef);
  stretch.before.gpr[7] = B64::lit(data_at);
  stretch.before.gpr[4] = B64::lit(data_at + 16);
  stretch.after = stretch.before;
  stretch.after.gpr[1] = B64::lit(77);
  stretch.after.gpr[4] = B64::lit(data_at + 24);
  stretch.pc_after = 0x5000'0000'0000;
  const std::uint64_t rax = stretch.before.gpr[0].raw();
  stretch.accesses = {{Access::Kind::store, data_at, 8, 0, rax},
                      {Access::Kind::load, data_at + 8, 8, 77, 0},
                      {Access::Kind::load, data_at + 16, 8, 0x5000'0000'0000, 0}};
  return stretch;
}

NativeVerdict run(const X86Stretch& stretch) {
  return run_natively(std::span(&stretch, 1));
}

class Native : public testing::Test {
 protected:
  void SetUp() override {
    const NativeVerdict verdict = run(sample());
    if (verdict.outcome == Outcome::not_run) GTEST_SKIP() << verdict.text;
  }
};

TEST_F(Native, CpuAndEmulatorAgree) {
  const NativeVerdict verdict = run(sample());
  EXPECT_EQ(verdict.outcome, Outcome::agrees) << verdict.text;
}

TEST_F(Native, WrongRegisterIsSeen) {
  X86Stretch stretch = sample();
  stretch.after.gpr[1] = B64::lit(78);
  const NativeVerdict verdict = run(stretch);
  EXPECT_EQ(verdict.outcome, Outcome::differs);
  EXPECT_EQ(verdict.text, "rcx: emulator 0x4e, CPU 0x4d");
}

TEST_F(Native, WrongAddressIsSeen) {
  X86Stretch stretch = sample();
  stretch.pc_after += 1;
  EXPECT_EQ(run(stretch).text, "next address: emulator 0x500000000001, CPU 0x500000000000");
}

TEST_F(Native, WrongStoreIsSeen) {
  X86Stretch stretch = sample();
  stretch.accesses[0].after ^= 0xff00;
  EXPECT_EQ(run(stretch).text, "byte 0x200000000ff9: emulator 0x32, CPU 0xcd");
}

TEST_F(Native, StrayAccessIsSeen) {
  X86Stretch stretch = sample();
  stretch.before.gpr[7] = B64::lit(0x3000'0000'0000);
  EXPECT_EQ(run(stretch).text, "signal 11 at step 1");
}

TEST_F(Native, AddressesOfNoProcessAreNotRun) {
  X86Stretch stretch = sample();
  stretch.accesses[0].address = 8;
  const NativeVerdict verdict = run(stretch);
  EXPECT_EQ(verdict.outcome, Outcome::not_run);
  EXPECT_EQ(verdict.text, "0x0 is no address of a process");
}

TEST_F(Native, MemoryThatOthersChangeIsNotRun) {
  X86Stretch stretch = sample();
  stretch.accesses.push_back({Access::Kind::load, data_at, 8, 1, 0});
  EXPECT_EQ(run(stretch).outcome, Outcome::not_run);
}

}  // namespace
}  // namespace probity::theorems
