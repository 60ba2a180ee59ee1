// SPDX-License-Identifier: Apache-2.0
// Which accesses of which strength an instruction makes, event by event: the traces that proofs
// compare. And the emulator's wide division against long division bit by bit.
#include <gtest/gtest.h>

#include "event_world.hpp"
#include "isa/x86/semantics_impl.hpp"
#include "random_cases.hpp"
#include "runtime/emulator/host_memory.hpp"

namespace probity {
namespace {

using x86::Form;
using x86::Reg;
using Word = Bv<Concrete, 64>;

/// The events of `form` with register rcx and memory at rdi, in one line.
std::string events_of(Form form) {
  x86::Insn<Concrete> insn;
  insn.form = form;
  insn.reg = Reg::rcx;
  insn.rm_is_mem = true;
  insn.mem.base = Reg::rdi;
  x86::State<Concrete> state;
  EventWorld<Concrete> world(0);
  x86::execute(insn, state, Word::lit(0), world);
  std::string line;
  for (const auto& event : world.events()) line += (line.empty() ? "" : ", ") + event.what;
  return line;
}

static_assert(static_cast<unsigned>(isa::Order::acquire) == 1);
static_assert(static_cast<unsigned>(isa::Order::release) == 2);
static_assert(static_cast<unsigned>(isa::Order::full) == 3);

TEST(MemoryEvents, LoadsAcquireAndStoresRelease) {
  EXPECT_EQ(events_of(Form::mov_r32_rm32), "load 32 order 1");
  EXPECT_EQ(events_of(Form::movzx_r32_rm16), "load 16 order 1");
  EXPECT_EQ(events_of(Form::mov_rm8_r8), "store 8 order 2");
  EXPECT_EQ(events_of(Form::cmovcc_r64_rm64), "load 64 order 1");
  EXPECT_EQ(events_of(Form::setcc_rm8), "store 8 order 2");
}

TEST(MemoryEvents, ReadModifyWriteIsOneEventOnlyUnderLock) {
  EXPECT_EQ(events_of(Form::add_rm64_r64), "load 64 order 1, store 64 order 2");
  EXPECT_EQ(events_of(Form::xadd_rm64_r64), "load 64 order 1, store 64 order 2");
  EXPECT_EQ(events_of(Form::lock_add_rm64_r64), "atomic 64 order 3");
  EXPECT_EQ(events_of(Form::lock_xadd_rm32_r32), "atomic 32 order 3");
  EXPECT_EQ(events_of(Form::lock_cmpxchg_rm16_r16), "atomic 16 order 3");
  EXPECT_EQ(events_of(Form::xchg_rm8_r8), "atomic 8 order 3");
}

TEST(MemoryEvents, ComparisonsStoreNothingAndLeaTouchesNothing) {
  EXPECT_EQ(events_of(Form::cmp_rm64_imm8), "load 64 order 1");
  EXPECT_EQ(events_of(Form::test_rm32_r32), "load 32 order 1");
  EXPECT_EQ(events_of(Form::bt_rm64_imm8), "load 64 order 1");
  EXPECT_EQ(events_of(Form::lea_r64_m), "");
  EXPECT_EQ(events_of(Form::nop_rm32), "");
}

TEST(MemoryEvents, StackAndFences) {
  EXPECT_EQ(events_of(Form::push_r64), "store 64 order 2");
  EXPECT_EQ(events_of(Form::pop_r64), "load 64 order 1");
  EXPECT_EQ(events_of(Form::call_rm64), "load 64 order 1, store 64 order 2");
  EXPECT_EQ(events_of(Form::ret), "load 64 order 1");
  EXPECT_EQ(events_of(Form::mfence), "fence 1111");
  EXPECT_EQ(events_of(Form::lfence), "fence 1011");
  EXPECT_EQ(events_of(Form::sfence), "fence 0101");
  EXPECT_EQ(events_of(Form::ud2), "trap");
}

/// Long division, one bit at a time.
isa::WideDivision<Concrete> long_division(std::uint64_t high, std::uint64_t low,
                                          std::uint64_t divisor) {
  if (divisor <= high) return {Word::lit(0), Word::lit(0), Bool<Concrete>::lit(1)};
  std::uint64_t remainder = high, quotient = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const bool carry = remainder >> 63 != 0;
    remainder = remainder << 1 | (low >> bit & 1);
    const bool subtract = carry || remainder >= divisor;
    if (subtract) remainder -= divisor;
    quotient = quotient << 1 | (subtract ? 1 : 0);
  }
  return {Word::lit(quotient), Word::lit(remainder), Bool<Concrete>::lit(0)};
}

TEST(WideDivision, UnsignedAgreesWithLongDivision) {
  const runtime::HostMemory memory(0);
  RandomCases random(3, {0x10000, 4096});
  unsigned defined = 0;
  for (unsigned i = 0; i < 20000; ++i) {
    const std::uint64_t high = random.word(), low = random.word(), divisor = random.word();
    const auto expected = long_division(high, low, divisor);
    const auto was = memory.divide_wide(isa::Signedness::is_unsigned, Word::lit(high),
                                        Word::lit(low), Word::lit(divisor));
    ASSERT_EQ(was.error.raw(), expected.error.raw());
    if (decide(was.error)) continue;
    ++defined;
    ASSERT_EQ(was.quotient.raw(), expected.quotient.raw());
    ASSERT_EQ(was.remainder.raw(), expected.remainder.raw());
  }
  EXPECT_GT(defined, 2000u);
}

}  // namespace
}  // namespace probity
