// SPDX-License-Identifier: Apache-2.0
// Every FaultKind: a program that ends with it, at the right slot, with the offending value.
#include <gtest/gtest.h>

#include "bare_run.hpp"
#include "runtime/memory.hpp"

namespace probity::runtime {
namespace {

using bpf::Form;

void expect_fault(const RunOutput& output, FaultKind kind, std::uint32_t slot) {
  EXPECT_EQ(output.fault.kind, kind) << name(output.fault.kind) << ": " << output.fault.text;
  EXPECT_EQ(output.fault.slot, slot) << output.fault.text;
  EXPECT_FALSE(output.fault.text.empty());
}

TEST(Fault, NoneWhenTheProgramReturns) {
  const RunOutput output = run(program_of({mov(0, 7), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::none);
  EXPECT_EQ(output.return_value, 7u);
  EXPECT_EQ(output.insns_executed, 2u);
}

TEST(Fault, OutOfBoundsBehindTheMemory) {
  const RunOutput output = run_raw(program_of({insn(Form::ldxw, 0, 1, 61, 0), exit_insn()}));
  expect_fault(output, FaultKind::out_of_bounds, 0);
  EXPECT_EQ(output.fault.address, address_of(region::packet, 61));
  EXPECT_EQ(output.fault.size_bytes, 4u);
}

TEST(Fault, OutOfBoundsBelowTheStack) {
  expect_fault(run_raw(program_of({mov(0, 0), insn(Form::stdw, 10, 0, -520, 1), exit_insn()})),
               FaultKind::out_of_bounds, 1);
}

TEST(Fault, NullPointer) {
  expect_fault(run(program_of({mov(2, 0), insn(Form::ldxb, 0, 2, 0, 0), exit_insn()})),
               FaultKind::null_pointer, 1);
}

TEST(Fault, NotWritable) {
  BareProgram program = program_of({insn(Form::lddw_map_value, 1, 0, 0, 0),
                                    insn(Form::stb, 1, 0, 0, 1), mov(0, 0), exit_insn()});
  const std::vector<std::uint8_t> bytes(8, 5);
  program.maps.push_back({".rodata", program::MapType::array, 4, 8, 1, 0, -1, bytes, true});
  expect_fault(run(program), FaultKind::not_writable, 2);
}

TEST(Fault, MisalignedAtomic) {
  expect_fault(run_raw(program_of({mov(2, 1), insn(Form::atomic64_add, 1, 2, 4, 0), exit_insn()})),
               FaultKind::misaligned_atomic, 1);
}

TEST(Fault, AlignedAtomicIsFine) {
  const RunOutput output =
      run_raw(program_of({mov(2, 1), insn(Form::atomic64_fetch_add, 1, 2, 8, 0),
                          insn(Form::ldxdw, 0, 1, 8, 0), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, 1u);
}

TEST(Fault, UnknownHelperByRegister) {
  const RunOutput output =
      run(program_of({mov(3, 77777), insn(Form::callx, 3, 0, 0, 0), exit_insn()}));
  expect_fault(output, FaultKind::unknown_helper, 1);
  EXPECT_EQ(output.fault.address, 77777u);
}

TEST(Fault, UnknownHelperByNumberIsRefusedAtLoad) {
  const BareProgram program = program_of({call(46), exit_insn()});
  const program::View view = program.view();
  const auto engine = load_interpreter(view, {});
  ASSERT_FALSE(engine.has_value());
  EXPECT_NE(engine.error().line().find("bpf_get_socket_cookie#46"), std::string_view::npos)
      << engine.error().line();
}

TEST(Fault, UnknownInstructionIsRefusedAtLoad) {
  BareProgram program = program_of({mov(0, 0), exit_insn()});
  program.slots[0].opcode = 0xff;
  const program::View view = program.view();
  EXPECT_FALSE(load_interpreter(view, {}).has_value());
}

TEST(Fault, BadHelperArgument) {
  BareProgram program = program_of({lddw_map(1, 0), mov(2, 16), call(1), exit_insn()});
  program.maps.push_back({"m", program::MapType::array, 4, 8, 1, 0, -1, {}, false});
  const RunOutput output = run(program);
  expect_fault(output, FaultKind::bad_helper_argument, 3);
  EXPECT_NE(output.fault.text.find("bpf_map_lookup_elem"), std::string::npos) << output.fault.text;
}

TEST(Fault, BadCtxAccess) {
  expect_fault(run(program_of({insn(Form::ldxw, 0, 1, 64, 0), exit_insn()})),
               FaultKind::bad_ctx_access, 0);
  expect_fault(run(program_of({insn(Form::ldxh, 0, 1, 0, 0), exit_insn()})),
               FaultKind::bad_ctx_access, 0);
  expect_fault(run(program_of({insn(Form::stw, 1, 0, 0, 1), exit_insn()})),
               FaultKind::bad_ctx_access, 0);
}

TEST(Fault, CallDepth) {
  // A function that calls itself: the ninth frame does not exist.
  const RunOutput output = run(program_of({insn(Form::call_local, 0, 1, 0, -1), exit_insn()}));
  expect_fault(output, FaultKind::call_depth, 0);
  EXPECT_EQ(output.insns_executed, 8u);
}

TEST(Fault, OutOfFuel) {
  const RunOutput output = run(program_of({insn(Form::ja, 0, 0, -1, 0), exit_insn()}));
  expect_fault(output, FaultKind::out_of_fuel, 0);
  EXPECT_EQ(output.insns_executed, 1'000'001u);
}

TEST(Fault, JumpOutOfRangeWhenTheProgramFallsOffItsEnd) {
  const RunOutput output = run(program_of({mov(0, 1)}));
  expect_fault(output, FaultKind::jump_out_of_range, 1);
  EXPECT_EQ(output.insns_executed, 1u);
}

TEST(Fault, JumpIntoTheSecondSlotOfLddw) {
  expect_fault(run(program_of({insn(Form::ja, 0, 0, 1, 0), lddw(0, 1), exit_insn()})),
               FaultKind::jump_out_of_range, 2);
}

TEST(Fault, JumpOutsideTheProgramIsRefusedAtLoad) {
  const BareProgram program = program_of({insn(Form::ja, 0, 0, 5, 0), exit_insn()});
  const program::View view = program.view();
  const auto engine = load_interpreter(view, {});
  ASSERT_FALSE(engine.has_value());
  EXPECT_NE(engine.error().line().find("slot 0: jump target 6"), std::string_view::npos)
      << engine.error().line();
}

TEST(Fault, MapTypesThatAreNotModelledAreRefusedAtLoad) {
  BareProgram program = program_of({lddw_map(1, 0), mov(0, 0), exit_insn()});
  program.maps.push_back({"bloom", program::MapType::bloom_filter, 0, 4, 1, 0, -1, {}, false});
  const program::View view = program.view();
  const auto engine = load_interpreter(view, {});
  ASSERT_FALSE(engine.has_value());
  EXPECT_NE(engine.error().line().find("slot 0: map bloom: type bloom_filter is not modelled"),
            std::string_view::npos)
      << engine.error().line();
}

TEST(Fault, AMapThatAHelperDoesNotTake) {
  BareProgram program = program_of(
      {lddw_map(1, 0), copy(2, 10), insn(Form::add64_imm, 2, 0, 0, -8), call(1), exit_insn()});
  program.maps.push_back({"jumps", program::MapType::prog_array, 4, 4, 1, 0, -1, {}, false});
  const RunOutput output = run(program);
  expect_fault(output, FaultKind::bad_helper_argument, 4);
  EXPECT_NE(output.fault.text.find("prog_array"), std::string::npos) << output.fault.text;
}

TEST(Fault, CountsAreExactAcrossCallsAndLddw) {
  const RunOutput output = run(program_of({lddw(6, 5), insn(Form::call_local, 0, 1, 0, 2),
                                           copy(0, 6), exit_insn(), mov(6, 9), exit_insn()}));
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, 5u);  // r6 is the caller's again
  EXPECT_EQ(output.insns_executed, 6u);
}

}  // namespace
}  // namespace probity::runtime
