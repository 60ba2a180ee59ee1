// SPDX-License-Identifier: Apache-2.0
// Whole programs on this machine: entry and exit, local calls, helpers, tail calls, fuel, and how
// the rare cases reach the runtime.
#include <algorithm>
#include <cstring>
#include <functional>

#include <gtest/gtest.h>

#include "isa/bpf/codec.hpp"
#include "native_code.hpp"

namespace probity::jit {
namespace {

using bpf::Form;
using bpf::Insn;
using bpf::Reg;
using enum bpf::Reg;

std::vector<bpf::Slot> assemble(std::initializer_list<Insn> insns) {
  std::vector<bpf::Slot> slots;
  for (const Insn& insn : insns) {
    const std::array<bpf::Slot, 2> encoded = bpf::encode(insn);
    slots.insert(slots.end(), encoded.begin(), encoded.begin() + insn.slot_count());
  }
  return slots;
}

Insn mov(Reg dst, std::int32_t imm) {
  return {Form::mov64_imm, dst, r0, 0, imm};
}
Insn mov(Reg dst, Reg src) {
  return {Form::mov64_reg, dst, src};
}
Insn add(Reg dst, std::int32_t imm) {
  return {Form::add64_imm, dst, r0, 0, imm};
}
Insn add(Reg dst, Reg src) {
  return {Form::add64_reg, dst, src};
}
Insn jump(std::int16_t off) {
  return {Form::ja, r0, r0, off};
}
Insn helper(std::int32_t id) {
  return {Form::call_helper, r0, r0, 0, id};
}
Insn local(std::int32_t displacement) {
  return {Form::call_local, r0, r0, 0, displacement};
}
const Insn exit_insn{Form::exit};

Options unchecked() {
  return {Memory::unchecked, Fuel::off, Blinding::off, host_features()};
}
Options with_fuel() {
  return {Memory::unchecked, Fuel::at_back_edges, Blinding::off, 0};
}

/// A context whose assist calls `on_assist`; by default an assist fails the test and leaves.
struct Runtime {
  Context context;
  std::function<const std::uint8_t*(std::uint64_t insn)> on_assist;
  const NativeCode* code = nullptr;

  explicit Runtime(const NativeCode& compiled) : code(&compiled) {
    EXPECT_EQ(compiled.error(), "");
    context.last_frame = ~0ull;
    context.assist = [](Context* c, std::uint64_t insn) {
      Runtime& self = *reinterpret_cast<Runtime*>(c);
      if (self.on_assist) return self.on_assist(insn);
      ADD_FAILURE() << "assist of insn " << insn;
      return self.code->leave();
    };
  }
  std::uint64_t run() { return code->run(context); }
};

TEST(JitPrograms, StartWithTheirArgumentsAndZeroes) {
  const auto slots =
      assemble({mov(r0, r1), add(r0, r2), add(r0, r3), add(r0, r4), add(r0, r5), add(r0, r10),
                add(r0, r6), add(r0, r7), add(r0, r8), add(r0, r9), exit_insn});
  const NativeCode code({Target::x86_64, slots, unchecked()});
  Runtime runtime(code);
  for (int i = 0; i <= 10; ++i) runtime.context.registers[i] = 1ull << (4 * i);
  EXPECT_EQ(runtime.run(), 0x100'0011'1110ull);
}

TEST(JitPrograms, StartWithZeroInR0) {
  const auto slots = assemble({exit_insn});
  const NativeCode code({Target::x86_64, slots, unchecked()});
  Runtime runtime(code);
  runtime.context.registers[0] = 77;
  EXPECT_EQ(runtime.run(), 0u);
}

TEST(JitPrograms, GiveAll64BitsOfR0) {
  const auto slots = assemble({{Form::lddw, r0, r0, 0, -2, 0x7654'3210}, exit_insn});
  const NativeCode code({Target::x86_64, slots, unchecked()});
  EXPECT_EQ(Runtime(code).run(), 0x7654'3210'ffff'fffeull);
}

TEST(JitPrograms, LocalCallsPreserveR6ToR10AndNothingElse) {
  const auto slots =
      assemble({mov(r6, 1),    mov(r7, 2),  mov(r8, 3),   mov(r9, 4),     mov(r1, 5),
                local(8),  // the callee returns its r10 - 1000 in r0
                add(r0, 1000), add(r0, r1), add(r0, r6),  add(r0, r7),    add(r0, r8), add(r0, r9),
                add(r0, r10),  exit_insn,   mov(r0, r10), add(r0, -1000), mov(r1, 50), mov(r6, 9),
                mov(r7, 9),    mov(r8, 9),  mov(r9, 9),   exit_insn});
  for (const Memory memory : {Memory::unchecked, Memory::checked}) {
    const NativeCode code({Target::x86_64, slots, {memory, Fuel::off, Blinding::off, 0}});
    Runtime runtime(code);
    runtime.context.registers[10] = 0x3'0000'0200;
    const std::int64_t stride =
        memory == Memory::checked ? checked_frame_stride : unchecked_frame_stride;
    EXPECT_EQ(runtime.run(), 2 * 0x3'0000'0200ull + static_cast<std::uint64_t>(stride) + 50 + 10);
  }
}

TEST(JitPrograms, LocalCallsRecurseUntilTheLastFrame) {
  // f(r1): if r1 == 0 return 0; return f(r1 - 1) + 1
  const auto slots = assemble({local(1),
                               exit_insn,
                               {Form::jne_imm, r1, r0, 2, 0},
                               mov(r0, 0),
                               exit_insn,
                               add(r1, -1),
                               local(-5),
                               add(r0, 1),
                               exit_insn});
  const NativeCode code({Target::x86_64, slots, {Memory::checked, Fuel::off, Blinding::off, 0}});
  Runtime runtime(code);
  runtime.context.registers[1] = 6;
  runtime.context.registers[10] = 3ull << 32 | 512;
  runtime.context.last_frame = 10ull << 32 | 512;
  EXPECT_EQ(runtime.run(), 6u);
  runtime.context.registers[1] = 7;  // one frame too many
  std::uint64_t assisted = 0;
  runtime.on_assist = [&](std::uint64_t insn) {
    assisted = insn;
    EXPECT_EQ(runtime.context.registers[10], runtime.context.last_frame);
    runtime.context.registers[0] = 99;
    return code.leave();
  };
  EXPECT_EQ(runtime.run(), 99u);
  EXPECT_EQ(assisted, 6u);
}

std::uint64_t sum_helper(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d,
                         std::uint64_t e, Context* context) {
  if (a == 1234) context->stop = 1;
  return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * context->insn;
}

TEST(JitPrograms, HelpersGetFiveArgumentsTheContextAndAnAlignedStack) {
  const auto slots = assemble({mov(r1, 1), mov(r2, 2), mov(r3, 3), mov(r4, 4), mov(r5, 5),
                               helper(7), add(r0, 7), exit_insn});
  const NativeCode code({Target::x86_64, slots, unchecked(), 30});
  Runtime runtime(code);
  std::array<Helper, helper_limit> helpers{};
  helpers[7] = sum_helper;
  runtime.context.helpers = helpers.data();
  EXPECT_EQ(runtime.run(), 3'554'321u + 7u);
  EXPECT_EQ(runtime.context.insn, 35u);
}

std::uint64_t stack_helper(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                           std::uint64_t, Context*) {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) % 16;
}

TEST(JitPrograms, TheStackIsAlignedForHelpersAtEveryDepth) {
  const auto slots =
      assemble({helper(1), mov(r6, r0), local(2), add(r0, r6), exit_insn, helper(1), mov(r6, r0),
                local(2), add(r0, r6), exit_insn, helper(1), exit_insn});
  const NativeCode code({Target::x86_64, slots, unchecked()});
  Runtime runtime(code);
  const std::array<Helper, 2> helpers{nullptr, stack_helper};
  runtime.context.helpers = helpers.data();
  EXPECT_EQ(runtime.run(), 0u);
}

TEST(JitPrograms, AHelperCanStopTheRunFromAnyDepth) {
  const auto slots = assemble({local(2), mov(r0, 1), exit_insn, local(2), mov(r0, 2), exit_insn,
                               mov(r1, 1234), helper(0), mov(r0, 3), exit_insn});
  const NativeCode code({Target::x86_64, slots, unchecked()});
  Runtime runtime(code);
  const std::array<Helper, 1> helpers{sum_helper};
  runtime.context.helpers = helpers.data();
  EXPECT_EQ(runtime.run() % 100000, 1234u);
}

TEST(JitPrograms, WhatOnlyTheRuntimeKnowsIsAssisted) {
  const std::array<Insn, 7> insns = {{{Form::may_goto, r0, r0, 0},
                                      {Form::callx, r1},
                                      {Form::call_kfunc, r0, r0, 0, 5},
                                      {Form::ldabsw, r0, r0, 0, 5},
                                      {Form::ldindb, r0, r3, 0, 5},
                                      helper(helper_limit),
                                      helper(-1)}};
  for (const Insn& insn : insns) {
    const auto slots = assemble({mov(r0, 3), insn, add(r0, 1), exit_insn});
    const NativeCode code({Target::x86_64, slots, unchecked(), 1000});
    Runtime runtime(code);
    runtime.on_assist = [&](std::uint64_t number) {
      EXPECT_EQ(number, 1001u);
      EXPECT_EQ(runtime.context.registers[0], 3u);
      runtime.context.registers[0] = 0x1'0000'0000;
      return code.at(2);
    };
    EXPECT_EQ(runtime.run(), 0x1'0000'0001u) << bpf::row(insn.form).name;
  }
}

TEST(JitPrograms, TheEndIsAssisted) {
  const auto slots = assemble({mov(r0, 3)});
  const NativeCode code({Target::x86_64, slots, unchecked()});
  Runtime runtime(code);
  std::uint64_t assisted = 0;
  runtime.on_assist = [&](std::uint64_t number) { return assisted = number, code.leave(); };
  EXPECT_EQ(runtime.run(), 3u);
  EXPECT_EQ(assisted, 1u);
}

TEST(JitPrograms, FuelIsPaidAtBackEdgesOnly) {
  // r0 counts the rounds: a forward branch, and a back edge that is not taken at the end
  const auto slots = assemble({{Form::jeq_imm, r1, r0, 2, 0},
                               add(r0, 1),
                               add(r1, -1),
                               {Form::jne_imm, r1, r0, -4, 0},
                               exit_insn});
  const NativeCode code({Target::x86_64, slots, with_fuel()});
  Runtime runtime(code);
  runtime.context.registers[1] = 5;
  runtime.context.fuel = 5;
  EXPECT_EQ(runtime.run(), 5u);
  EXPECT_EQ(runtime.context.fuel, 0u);
  runtime.context.fuel = 3;
  std::uint64_t assisted = 0;
  runtime.on_assist = [&](std::uint64_t number) { return assisted = number, code.leave(); };
  EXPECT_EQ(runtime.run(), 4u);  // the fourth back edge is not paid
  EXPECT_EQ(assisted, 3u);
  EXPECT_EQ(runtime.context.fuel, 0u);
}

TEST(JitPrograms, AJumpToItselfUsesUpTheFuel) {
  const auto slots = assemble({jump(-1), exit_insn});
  const NativeCode code({Target::x86_64, slots, with_fuel()});
  Runtime runtime(code);
  runtime.context.fuel = 1000;
  std::uint64_t assisted = 99;
  runtime.on_assist = [&](std::uint64_t number) { return assisted = number, code.leave(); };
  runtime.run();
  EXPECT_EQ(assisted, 0u);
  EXPECT_EQ(runtime.context.fuel, 0u);
}

struct TailCallTest : testing::Test {
  std::vector<bpf::Slot> target_slots = assemble({mov(r0, r1), add(r0, 100), exit_insn});
  NativeCode target{{Target::x86_64, target_slots, unchecked()}};
  std::vector<bpf::Slot> slots = assemble({helper(12), mov(r0, 1), exit_insn});
  NativeCode code{{Target::x86_64, slots, unchecked()}};
  Runtime runtime{code};
  std::array<const std::uint8_t*, 3> entries{nullptr, target.at(0), nullptr};
  std::array<TailTable, 2> tables{{{}, {3, entries.data()}}};
  int assists = 0;

  TailCallTest() {
    runtime.context.tail_tables = tables.data();
    runtime.context.tail_table_count = tables.size();
    runtime.context.tail_calls_left = 33;
    runtime.on_assist = [this](std::uint64_t number) {
      EXPECT_EQ(number, 0u);
      ++assists;
      return code.at(1);
    };
  }
  std::uint64_t call(std::uint64_t map, std::uint64_t index) {
    runtime.context.registers[1] = 7;
    runtime.context.registers[2] = map;
    runtime.context.registers[3] = index;
    return runtime.run();
  }
  static constexpr std::uint64_t map(std::uint64_t i) { return (first_map + i) << 32; }
};

TEST_F(TailCallTest, GoesToTheEntryAndCounts) {
  EXPECT_EQ(call(map(1), 1), 107u);
  EXPECT_EQ(runtime.context.tail_calls_left, 32u);
  EXPECT_EQ(call(map(1), 1 | 5ull << 32), 107u);  // the index is 32 bits wide
  EXPECT_EQ(assists, 0);
}

TEST_F(TailCallTest, IsAssistedWhenAnythingIsMissing) {
  const std::pair<std::uint64_t, std::uint64_t> missing[] = {
      {map(1), 0}, {map(1), 2}, {map(1), 3},     {map(1), 0xffff'ffff},
      {map(0), 1}, {map(2), 1}, {map(1) + 1, 1}, {map(0) - 1, 1},
      {0, 1},      {~0ull, 1},  {0x4000'0001, 1}};
  int expected = 0;
  for (const auto& [handle, index] : missing) {
    EXPECT_EQ(call(handle, index), 1u) << std::hex << handle << " " << index;
    EXPECT_EQ(assists, ++expected);
  }
  EXPECT_EQ(runtime.context.tail_calls_left, 33u);
  runtime.context.tail_calls_left = 0;
  EXPECT_EQ(call(map(1), 1), 1u);
  EXPECT_EQ(assists, expected + 1);
  EXPECT_EQ(runtime.context.tail_calls_left, 0u);
}

TEST(JitPrograms, ATailCallInASubprogramReturnsToItsCaller) {
  const auto target_slots = assemble({mov(r0, 5), exit_insn});
  const NativeCode target({Target::x86_64, target_slots, unchecked()});
  const auto slots = assemble({mov(r6, 20), local(2), add(r0, r6), exit_insn, mov(r6, 1),
                               helper(12), mov(r0, 1), exit_insn});
  const NativeCode code({Target::x86_64, slots, unchecked()});
  Runtime runtime(code);
  const std::uint8_t* const entries[] = {target.at(0)};
  const TailTable tables[] = {{1, entries}};
  runtime.context.tail_tables = tables;
  runtime.context.tail_table_count = 1;
  runtime.context.tail_calls_left = 1;
  runtime.context.registers[2] = std::uint64_t{first_map} << 32;
  EXPECT_EQ(runtime.run(), 25u);
}

}  // namespace
}  // namespace probity::jit
