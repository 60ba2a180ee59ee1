// SPDX-License-Identifier: Apache-2.0
// Helper models: what programs get from them and what is recorded.
#include <gtest/gtest.h>

#include "bare_run.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

using bpf::Form;
using program::MapDef;
using program::MapType;

MapDef array_map(std::uint32_t entries) {
  return {"m", MapType::array, 4, 8, entries, 0, -1, {}, false};
}

TEST(Helper, EveryModelIsInTheHelperTable) {
  for (const std::span<const HelperModel> group : helper_models()) {
    for (const HelperModel& model : group) {
      EXPECT_NE(program::find_helper(model.id), nullptr) << model.id;
      EXPECT_LE(model.id, max_helper_id);
    }
  }
}

TEST(Helper, LookupGivesTheSameAddressEachTime) {
  // *lookup(0) = 5; return *lookup(0)
  BareProgram program = program_of(
      {insn(Form::stw, 10, 0, -4, 0), lddw_map(1, 0), copy(2, 10),
       insn(Form::add64_imm, 2, 0, 0, -4), call(1), copy(7, 0), insn(Form::stdw, 7, 0, 0, 5),
       lddw_map(1, 0), copy(2, 10), insn(Form::add64_imm, 2, 0, 0, -4), call(1),
       insn(Form::jne_reg, 0, 7, 1, 0), insn(Form::ldxdw, 0, 0, 0, 0), exit_insn()});
  program.maps.push_back(array_map(1));
  const RunOutput output = run(program);
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, 5u);
}

TEST(Helper, ValueBoundsAreExact) {
  BareProgram program = program_of({insn(Form::stw, 10, 0, -4, 0), lddw_map(1, 0), copy(2, 10),
                                    insn(Form::add64_imm, 2, 0, 0, -4), call(1),
                                    insn(Form::ldxb, 0, 0, 8, 0), exit_insn()});
  program.maps.push_back(array_map(4));
  EXPECT_EQ(run(program).fault.kind, FaultKind::out_of_bounds);
}

TEST(Helper, MapsKeepTheirContentsBetweenRuns) {
  BareProgram program = program_of({insn(Form::stw, 10, 0, -4, 0), lddw_map(1, 0), copy(2, 10),
                                    insn(Form::add64_imm, 2, 0, 0, -4), call(1), mov(1, 1),
                                    insn(Form::atomic64_add, 0, 1, 0, 0), mov(0, 0), exit_insn()});
  program.maps.push_back(array_map(1));
  const program::View view = program.view();
  const auto engine = load_interpreter(view, {});
  ASSERT_TRUE(engine.has_value()) << engine.error().line();
  RunInput input;
  input.packet.resize(64);
  input.repeat = 3;
  ASSERT_TRUE((*engine)->run(input).has_value());
  const auto contents = (*engine)->read_map("m");
  ASSERT_TRUE(contents.has_value());
  ASSERT_FALSE(contents->entries.empty());
  EXPECT_EQ(contents->entries[0].value, (Bytes{3, 0, 0, 0, 0, 0, 0, 0}));
  ASSERT_TRUE((*engine)->write_map({"m", {{{0, 0, 0, 0}, Bytes(8, 9)}}}).has_value());
  EXPECT_EQ((*engine)->read_map("m")->entries[0].value, Bytes(8, 9));
  EXPECT_FALSE((*engine)->write_map({"m", {{{0, 0}, Bytes(8)}}}).has_value());
  EXPECT_FALSE((*engine)->read_map("absent").has_value());
}

TEST(Helper, LoopCallsBackUntilOne) {
  // The callback returns 1 at index 4: five rounds.
  BareProgram program =
      program_of({mov(1, 100), insn(Form::lddw_func, 2, 0, 0, 5), mov(3, 0), mov(4, 0), call(181),
                  exit_insn(), mov(0, 0), insn(Form::jne_imm, 1, 0, 1, 4), mov(0, 1), exit_insn()});
  program.slots[1].imm = 6;  // from the slot after lddw's first to the callback
  const RunOutput output = run(program);
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, 5u);
}

TEST(Helper, FuelHoldsInsideCallbacks) {
  BareProgram program = program_of({mov(1, 8 << 20), insn(Form::lddw_func, 2, 0, 0, 6), mov(3, 0),
                                    mov(4, 0), call(181), exit_insn(), mov(0, 0), exit_insn()});
  EXPECT_EQ(run(program).fault.kind, FaultKind::out_of_fuel);
}

TEST(Helper, CsumDiffFoldsToSixteenBits) {
  const BareProgram program =
      program_of({insn(Form::stw, 10, 0, -4, 0x00010002), mov(1, 0), mov(2, 0), copy(3, 10),
                  insn(Form::add64_imm, 3, 0, 0, -4), mov(4, 4), mov(5, 0), call(28), exit_insn()});
  EXPECT_EQ(run(program).return_value, 3u);
}

TEST(Helper, TailCallIntoAnEmptySlotFallsThrough) {
  BareProgram program = program_of({lddw_map(2, 0), mov(3, 1), call(12), mov(0, 6), exit_insn()});
  program.maps.push_back({"p", MapType::prog_array, 4, 4, 2, 0, -1, {}, false});
  const RunOutput output = run(program);
  EXPECT_EQ(output.return_value, 6u) << output.fault.text;
  ASSERT_EQ(output.events.size(), 1u);
  EXPECT_EQ(output.events[0].helper, "bpf_tail_call");
}

TEST(Helper, RedirectMapNeedsAFilledSlot) {
  BareProgram program = program_of({lddw_map(1, 0), mov(2, 1), mov(3, 2), call(51), exit_insn()});
  program.maps.push_back({"d", MapType::devmap, 4, 4, 4, 0, -1, {}, false});
  EXPECT_EQ(run(program).return_value, 2u);  // the low two bits of flags
  const program::View view = program.view();
  const auto engine = load_interpreter(view, {});
  ASSERT_TRUE(engine.has_value());
  ASSERT_TRUE((*engine)->write_map({"d", {{{1, 0, 0, 0}, {1, 0, 0, 0}}}}).has_value());
  RunInput input;
  input.packet.resize(64);
  EXPECT_EQ((*engine)->run(input)->return_value, 4u);  // XDP_REDIRECT
}

TEST(Helper, PerfEventsAreRecorded) {
  BareProgram program =
      program_of({insn(Form::stdw, 10, 0, -8, 0x41), lddw_map(2, 0), mov(3, 0), copy(4, 10),
                  insn(Form::add64_imm, 4, 0, 0, -8), mov(5, 8), call(25), exit_insn()});
  program.maps.push_back({"e", MapType::perf_event_array, 4, 4, 2, 0, -1, {}, false});
  const RunOutput output = run(program);
  EXPECT_EQ(static_cast<std::int64_t>(output.return_value), errno_of::noent);
  ASSERT_EQ(output.events.size(), 1u);
  EXPECT_EQ(output.events[0].data, (Bytes{0x41, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Helper, RingbufReserveSubmit) {
  BareProgram program =
      program_of({lddw_map(1, 0), mov(2, 8), mov(3, 0), call(131), insn(Form::jeq_imm, 0, 0, 5, 0),
                  copy(6, 0), insn(Form::stdw, 6, 0, 0, 7), copy(1, 6), mov(2, 0), call(132),
                  insn(Form::ldxb, 0, 6, 0, 0), exit_insn()});
  program.maps.push_back({"r", MapType::ringbuf, 0, 0, 4096, 0, -1, {}, false});
  const RunOutput output = run(program);
  ASSERT_EQ(output.events.size(), 1u);
  EXPECT_EQ(output.events[0].data, (Bytes{7, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(output.fault.kind, FaultKind::out_of_bounds);  // the record is gone after submit
}

TEST(Helper, InputsAreConfigurable) {
  const BareProgram program = program_of({call(5), exit_insn()});
  RunInput input;
  input.packet.resize(64);
  input.clock_ns = 42;
  EXPECT_EQ(run(program, input).return_value, 42u);
}

TEST(Helper, SpecCallsAreRecordedForReplays) {
  const RunOutput output = run(program_of({mov(1, 0), call(0x5be00001), mov(0, 2), exit_insn()}));
  ASSERT_EQ(output.events.size(), 1u);
  EXPECT_EQ(output.events[0].helper, "probity_violation");
  EXPECT_EQ(output.events[0].values, (std::vector<std::uint64_t>{1}));
}

}  // namespace
}  // namespace probity::runtime
