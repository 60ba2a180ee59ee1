// SPDX-License-Identifier: Apache-2.0
// Attacks on memory isolation, first those that other small interpreters fell to: an address check
// that overflows, a 32-bit division that tests 64 bits, a jump past the last insn. No attack may
// reach memory that is not the program's.
#include <gtest/gtest.h>

#include "bare_run.hpp"
#include "runtime/machine.hpp"
#include "runtime/memory.hpp"

namespace probity::runtime {
namespace {

using bpf::Form;

class HostileAddress : public testing::TestWithParam<std::uint64_t> {};

TEST_P(HostileAddress, IsNeitherReadNorWritten) {
  const std::uint64_t address = GetParam();
  for (const Form form : {Form::ldxb, Form::ldxh, Form::ldxw, Form::ldxdw, Form::load_acqdw}) {
    const RunOutput output =
        run_raw(program_of({lddw(2, address), insn(form, 0, 2, 0, 0), exit_insn()}));
    EXPECT_NE(output.fault.kind, FaultKind::none) << std::hex << address;
    EXPECT_EQ(output.fault.slot, 2u);
  }
  for (const Form form : {Form::stxb, Form::stxh, Form::stxw, Form::stxdw, Form::atomic64_add}) {
    const RunOutput output =
        run_raw(program_of({lddw(2, address), insn(form, 2, 3, 0, 0), exit_insn()}));
    EXPECT_NE(output.fault.kind, FaultKind::none) << std::hex << address;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, HostileAddress,
    testing::Values(0ull, 1ull, 0xfffull, 0x7ffffffffffffffcull, 0x8000000000000000ull,
                    0xffffffffffffffffull, 0xfffffffffffffff8ull, 0xffffffffull,
                    address_of(region::packet, 64), address_of(region::packet, 0xffffffff),
                    address_of(region::packet, 0x7fffffff), address_of(region::first_free, 0),
                    address_of(0x10000, 0), address_of(region::first_map, 0),
                    address_of(region::function, 0)));

TEST(Isolation, AnAccessMayNotStraddleTheEnd) {
  for (int off = 57; off < 72; ++off) {
    const RunOutput output = run_raw(
        program_of({insn(Form::ldxdw, 0, 1, static_cast<std::int16_t>(off), 0), exit_insn()}));
    EXPECT_EQ(output.fault.kind, FaultKind::out_of_bounds) << off;
  }
  const RunOutput last = run_raw(program_of({insn(Form::ldxdw, 0, 1, 56, 0), exit_insn()}));
  EXPECT_EQ(last.fault.kind, FaultKind::none);
}

TEST(Isolation, NegativeOffsetsLeaveTheRegion) {
  const RunOutput output = run_raw(program_of({insn(Form::ldxdw, 0, 1, -1, 0), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::bad_ctx_access);  // the last bytes of the region before
}

TEST(Isolation, DivisionByARegisterWithAZeroLowHalf) {
  const RunOutput output = run_raw(
      program_of({mov(0, 9), lddw(2, 1ull << 32), insn(Form::div32_reg, 0, 2, 0, 0), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::none);
  EXPECT_EQ(output.return_value, 0u);
}

TEST(Isolation, SignedDivisionOverflowDoesNotTrap) {
  const RunOutput output = run_raw(program_of(
      {lddw(0, 1ull << 63), mov(2, -1), insn(Form::sdiv64_reg, 0, 2, 0, 0), exit_insn()}));
  EXPECT_EQ(output.return_value, 1ull << 63);
}

TEST(Isolation, TheHighHalfOfLddwIsKept) {
  const RunOutput output = run_raw(program_of({lddw(0, 0x1'80000000), exit_insn()}));
  EXPECT_EQ(output.return_value, 0x1'80000000u);
}

TEST(Isolation, RegistersAndStackStartAsZero) {
  const RunOutput output =
      run(program_of({insn(Form::ldxdw, 0, 10, -512, 0), insn(Form::add64_reg, 0, 9, 0, 0),
                      insn(Form::add64_reg, 0, 5, 0, 0), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::none);
  EXPECT_EQ(output.return_value, 0u);
}

TEST(Isolation, ACalleesStackIsFreshAndItsOwn) {
  // Writes below its frame's top, twice through the same subprogram, which first reads the place.
  const RunOutput output = run(program_of(
      {insn(Form::call_local, 0, 1, 0, 2), insn(Form::call_local, 0, 1, 0, 1), exit_insn(),
       insn(Form::ldxdw, 0, 10, -8, 0), insn(Form::stdw, 10, 0, -8, 77), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, 0u);
}

TEST(Isolation, ACallerMayPassItsStack) {
  const RunOutput output = run(
      program_of({copy(1, 10), insn(Form::call_local, 0, 1, 0, 2), insn(Form::ldxdw, 0, 10, -8, 0),
                  exit_insn(), insn(Form::stdw, 1, 0, -8, 77), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, 77u);
}

TEST(Isolation, PacketPointersEndWithAdjustment) {
  // r6 = data; adjust_tail; a read through r6 faults.
  const RunOutput output = run(program_of({insn(Form::ldxw, 6, 1, 0, 0), mov(2, -4), call(65),
                                           insn(Form::ldxb, 0, 6, 0, 0), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::out_of_bounds) << output.fault.text;
  EXPECT_EQ(output.fault.slot, 3u);
}

TEST(Isolation, TranslateNeverOverflows) {
  std::array<std::uint8_t, 16> bytes{};
  const std::array<Region, 2> regions = {Region{},
                                         make_region(RegionKind::other, bytes, Access::read)};
  const auto at = [&](Address address, std::uint64_t size, Access access) {
    return translate(regions.data(), regions.size(), address, size, access);
  };
  EXPECT_EQ(at(address_of(1, 8), 8, Access::read), bytes.data() + 8);
  EXPECT_EQ(at(address_of(1, 9), 8, Access::read), nullptr);
  EXPECT_EQ(at(address_of(1, 0xffffffff), 1, Access::read), nullptr);
  EXPECT_EQ(at(address_of(1, 0), 0xffffffff, Access::read), nullptr);
  EXPECT_EQ(at(address_of(1, 0), 1, Access::write), nullptr);
  EXPECT_EQ(at(address_of(2, 0), 1, Access::read), nullptr);
}

TEST(Isolation, LongRunsDoNotGrowTheHostStack) {
  // A million dispatches: without tail calls or the loop that replaces them this would overflow.
  const RunOutput output =
      run(program_of({mov(2, 300'000), insn(Form::sub64_imm, 2, 0, 0, 1),
                      insn(Form::jne_imm, 2, 0, -2, 0), mov(0, 1), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.insns_executed, 1 + 600'000 + 2u);
}

}  // namespace
}  // namespace probity::runtime
