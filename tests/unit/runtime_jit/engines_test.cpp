// SPDX-License-Identifier: Apache-2.0
// Translated code does what the interpreter does: everything it leaves to the runtime, every way in
// and out of it, and what other JITs got wrong (fetching atomics through r0, registers and stack
// that nobody wrote).
#include <gtest/gtest.h>

#include "program_text.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

class Engines : public testing::TestWithParam<EngineKind> {
 protected:
  /// Runs the bare program here and on the interpreter; the results, also of faults, are the same.
  RunOutput bare(std::string_view text) {
    ProgramText program(text);
    return same(run_bare(GetParam(), program.view()), run_bare(EngineKind::interp, program.view()),
                text);
  }
  RunOutput xdp(std::string_view text) {
    ProgramText program(text);
    return xdp(program, text);
  }
  RunOutput xdp(ProgramText& program, std::string_view text) {
    return same(run_xdp(GetParam(), program.view()), run_xdp(EngineKind::interp, program.view()),
                text);
  }

 private:
  static RunOutput same(const RunOutput& here, const RunOutput& interp, std::string_view text) {
    EXPECT_EQ(here.fault.kind, interp.fault.kind) << text << here.fault.text;
    EXPECT_EQ(here.fault.text, interp.fault.text) << text;
    EXPECT_EQ(here.fault.address, interp.fault.address) << text;
    if (interp.fault.kind == FaultKind::none) {
      EXPECT_EQ(here.return_value, interp.return_value) << text;
    }
    EXPECT_EQ(here.packet, interp.packet) << text;
    EXPECT_EQ(here.insns_executed, 0u);
    return here;
  }
};

TEST_P(Engines, ReturnAllBitsOfR0) {
  EXPECT_EQ(bare("r0 = 0x123456789abcdef0 ll\nexit\n").return_value, 0x123456789abcdef0u);
  EXPECT_EQ(bare("r0 = -1\nexit\n").return_value, ~0ull);
  EXPECT_EQ(bare("w0 = -1\nexit\n").return_value, 0xffff'ffffu);
}

TEST_P(Engines, GiveMemoryAndLength) {
  EXPECT_EQ(bare("r0 = *(u16 *)(r1 + 2)\nr0 <<= 8\nr0 |= r2\nexit\n").return_value, 0x030240u);
  const RunOutput output = bare("*(u8 *)(r1 + 5) = 0x7e\nr0 = 0\nexit\n");
  EXPECT_EQ(output.packet[5], 0x7e);
}

TEST_P(Engines, StartWithZeroesInEveryRegisterAndTheStack) {
  for (const char* reg : {"r0", "r3", "r4", "r5", "r6", "r7", "r8", "r9"}) {
    EXPECT_EQ(bare("r0 = " + std::string(reg) + "\nexit\n").return_value, 0u) << reg;
  }
  EXPECT_EQ(bare("exit\n").return_value, 0u);
  EXPECT_EQ(bare("goto +0\nexit\n").return_value, 0u);  // uBPF returned what r0 held
  EXPECT_EQ(bare("r1 = r10\nr2 = 64\nr3 = *(u64 *)(r1 - 8)\nr0 |= r3\nr1 += -8\nr2 += -1\nif r2 != "
                 "0 goto -5\n"
                 "exit\n")
                .return_value,
            0u);
}

TEST_P(Engines, NothingOfOneRunReachesTheNext) {
  // Each run leaves marks in every register, in the stack and in a callee's stack.
  ProgramText program(
      "r0 = *(u64 *)(r10 - 8)\nr0 |= r6\nr0 |= r9\nr0 |= r5\nr9 = r0\ncall +6\nr0 |= r9\n"
      "r6 = -1\nr9 = -1\nr5 = -1\n*(u64 *)(r10 - 8) = -1\nexit\n"
      "r0 = *(u64 *)(r10 - 512)\n*(u64 *)(r10 - 512) = -1\nexit\n");
  const auto engine = load_engine(GetParam(), program.view(), {1000}).value();
  RunInput input;
  input.packet.resize(64);
  input.raw_memory = true;
  for (int run = 0; run < 3; ++run) EXPECT_EQ(engine->run(input).value().return_value, 0u) << run;
}

TEST_P(Engines, ArgumentsReadBehindAHelperAreTheInterpreters) {
  EXPECT_EQ(xdp("r3 = 33\nr4 = 44\ncall bpf_ktime_get_ns#5\nr0 = r3\nr0 *= 100\nr0 += r4\nexit\n")
                .return_value,
            3344u);
}

TEST_P(Engines, FetchingAtomicsThroughR0) {
  // The address register is r0, which a JIT may need itself.
  for (const char* insn :
       {"r3 = atomic64_fetch_add((u64 *)(r0 + 8), r3)",
        "r3 = atomic64_fetch_or((u64 *)(r0 + 8), r3)",
        "r3 = atomic64_fetch_and((u64 *)(r0 + 8), r3)",
        "r3 = atomic64_fetch_xor((u64 *)(r0 + 8), r3)", "r3 = atomic64_xchg((u64 *)(r0 + 8), r3)",
        "r3 = atomic_fetch_and((u32 *)(r0 + 8), r3)", "r3 = atomic_fetch_or((u32 *)(r0 + 8), r3)",
        "r3 = atomic_xchg((u32 *)(r0 + 8), r3)", "r0 = atomic64_cmpxchg((u64 *)(r0 + 8), r0, r3)",
        "r0 = atomic64_fetch_xor((u64 *)(r0 + 8), r0)"}) {
    bare("r0 = r1\nr3 = 0x0ff0\n" + std::string(insn) + "\nr4 = *(u64 *)(r1 + 8)\nr0 = r4\nexit\n");
    bare("r0 = r1\nr3 = 0x0ff0\n" + std::string(insn) + "\nr0 = r3\nexit\n");
  }
}

TEST_P(Engines, FaultsSayWhereAndWhat) {
  EXPECT_EQ(bare("r0 = *(u64 *)(r1 + 57)\nexit\n").fault.kind, FaultKind::out_of_bounds);
  EXPECT_EQ(bare("r0 = 1\n*(u8 *)(r1 + 64) = 0\nexit\n").fault.slot, 1u);
  EXPECT_EQ(bare("r0 = *(u8 *)(r1 - 1)\nexit\n").fault.kind, FaultKind::bad_ctx_access);
  EXPECT_EQ(bare("r2 = 0\nr0 = *(u8 *)(r2 + 0)\nexit\n").fault.kind, FaultKind::null_pointer);
  EXPECT_EQ(bare("*(u64 *)(r10 - 513) = 0\nexit\n").fault.kind, FaultKind::out_of_bounds);
  EXPECT_EQ(bare("*(u64 *)(r10 - 520) = 0\nexit\n").fault.kind, FaultKind::out_of_bounds);
  EXPECT_EQ(bare("r2 = -1\nr0 = *(u64 *)(r2 + 0)\nexit\n").fault.kind, FaultKind::out_of_bounds);
  EXPECT_EQ(bare("r3 = 1\nlock *(u64 *)(r1 + 4) += r3\nexit\n").fault.kind,
            FaultKind::misaligned_atomic);
  // A destination that is the base keeps its value until the access is allowed.
  EXPECT_EQ(bare("r1 = *(u64 *)(r1 + 64)\nexit\n").fault.address, 0x2'0000'0040u);
}

TEST_P(Engines, CtxFieldsComeFromTheSession) {
  EXPECT_EQ(
      xdp("r2 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nr2 -= r1\nr0 = r2\nexit\n").return_value,
      64u);
  xdp("r1 = *(u32 *)(r1 + 0)\nr0 = *(u32 *)(r1 + 60)\n*(u32 *)(r1 + 0) = r0\nexit\n");
  xdp("r0 = *(u8 *)(r1 + 300)\nexit\n");
  xdp("*(u32 *)(r1 + 0) = 1\nexit\n");
  xdp("lock *(u32 *)(r1 + 0) += r1\nexit\n");
}

TEST_P(Engines, AddressesAreResolvedOnceARun) {
  ProgramText program(
      "r6 = 0\nr1 = map[0][8] ll\nr0 = *(u64 *)(r1 + 0)\nr0 += 1\n*(u64 *)(r1 + 0) = r0\nr6 += 1\n"
      "if r6 < 5 goto -7\nr2 = map[0] ll\nr0 = *(u64 *)(r1 + 0)\nexit\n");
  program.add_map(map_of(program::MapType::array, 16, 1));
  EXPECT_EQ(xdp(program, "map value").return_value, 5u);
  const auto engine = load_engine(GetParam(), program.view(), {1000}).value();
  RunInput input;
  input.packet.resize(64);
  for (std::uint64_t run = 1; run < 4; ++run) {
    EXPECT_EQ(engine->run(input).value().return_value, 5 * run);
  }
  EXPECT_EQ(engine->read_map("m").value().entries.at(0).value.at(8), 15u);
}

TEST_P(Engines, HelpersGetTheirArgumentsAndAddRegions) {
  ProgramText program(
      "*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall bpf_map_lookup_elem#1\n"
      "if r0 == 0 goto +3\n*(u64 *)(r0 + 0) = 77\nr0 = *(u64 *)(r0 + 0)\nexit\nr0 = 0\nexit\n");
  program.add_map(map_of(program::MapType::array, 8, 2));
  EXPECT_EQ(xdp(program, "lookup").return_value, 77u);
  xdp("r1 = 0\nr2 = 0\ncall bpf_map_lookup_elem#1\nr0 = 3\nexit\n");  // a fault in the helper
}

TEST_P(Engines, LocalCallsKeepTheCallersRegisters) {
  EXPECT_EQ(
      bare("r6 = 1\nr7 = 2\nr8 = 3\nr9 = 4\nr1 = 9\ncall +5\nr0 += r6\nr0 += r7\nr0 += r8\n"
           "r0 += r9\nexit\nr0 = r6\nr6 = 100\nr7 = 100\nr8 = 100\nr9 = 100\nr0 += r1\nexit\n")
          .return_value,
      20u);
  // Every frame has its own stack.
  EXPECT_EQ(bare("*(u64 *)(r10 - 8) = 5\ncall +2\nr0 = *(u64 *)(r10 - 8)\nexit\n"
                 "*(u64 *)(r10 - 8) = 6\nr0 = 0\nexit\n")
                .return_value,
            5u);
}

TEST_P(Engines, CallsNestEightFramesDeep) {
  constexpr std::string_view seven =
      "r1 = 7\ncall +1\nexit\nif r1 == 0 goto +2\nr1 += -1\ncall -3\nr0 = r10\nexit\n";
  EXPECT_EQ(bare(seven).fault.kind, FaultKind::call_depth);
  constexpr std::string_view six =
      "r1 = 6\ncall +1\nexit\nif r1 == 0 goto +2\nr1 += -1\ncall -3\nr0 = r10\nexit\n";
  EXPECT_EQ(bare(six).fault.kind, FaultKind::none);
}

TEST_P(Engines, EndlessLoopsRunOutOfFuel) {
  for (const std::string_view text : {"goto -1\n", "r0 = 0\nr0 += 1\nif r0 != 0 goto -2\nexit\n",
                                      "r1 = 1\nif r1 == 1 goto -1\nexit\n", "gotol -1\n"}) {
    ProgramText program(text);
    EXPECT_EQ(run_bare(GetParam(), program.view(), 1000).fault.kind, FaultKind::out_of_fuel)
        << text;
  }
}

TEST_P(Engines, FuelThatSufficesTheInterpreterSuffices) {
  ProgramText program("r0 = 0\nr0 += 1\nif r0 < 100 goto -2\nexit\n");
  const std::uint64_t needed = run_bare(EngineKind::interp, program.view()).insns_executed;
  EXPECT_EQ(run_bare(EngineKind::interp, program.view(), needed - 1).fault.kind,
            FaultKind::out_of_fuel);
  EXPECT_EQ(run_bare(GetParam(), program.view(), needed).return_value, 100u);
}

TEST_P(Engines, MayGotoAndPacketLoadsAreTheRuntimes) {
  EXPECT_EQ(bare("r0 = 0\nr0 += 1\nif r0 == 9 goto +2\nmay_goto +1\ngoto -4\nexit\n").return_value,
            9u);
  ProgramText program(
      "r6 = r1\nr0 = *(u16 *)skb[2]\nr7 = r0\nr0 = *(u8 *)skb[1000]\nr0 = 5\nexit\n");
  program.view().type = program::ProgType::sched_cls;
  EXPECT_EQ(xdp(program, "packet loads").return_value, 0u);  // the second one ends the program
  ProgramText inside("r6 = r1\nr0 = *(u16 *)skb[2]\nexit\n");
  inside.view().type = program::ProgType::sched_cls;
  EXPECT_EQ(xdp(inside, "packet load").return_value, 0x0203u);
}

TEST_P(Engines, CallbacksRunTranslatedCode) {
  // Adds the round's number into the caller's stack; ends with round 6.
  constexpr std::string_view text =
      "*(u64 *)(r10 - 8) = 0\nr6 = 60\nr1 = 10\nr2 = func body ll\nr3 = r10\nr3 += -8\nr4 = 0\n"
      "call bpf_loop#181\nr1 = *(u64 *)(r10 - 8)\nr0 *= 1000\nr0 += r1\nr0 += r6\nexit\n"
      "body: r3 = *(u64 *)(r2 + 0)\nr3 += r1\n*(u64 *)(r2 + 0) = r3\nr0 = 0\nif r1 < 6 goto +1\nr0 "
      "= 1\n"
      "r6 = 1\nexit\n";
  ProgramText program(text);
  EXPECT_EQ(xdp(program, text).return_value, 7u * 1000 + 21 + 60);
}

TEST_P(Engines, AFaultInACallbackEndsTheRun) {
  constexpr std::string_view text =
      "r1 = 3\nr2 = func body ll\nr3 = 0\nr4 = 0\ncall bpf_loop#181\nr0 = 1\nexit\n"
      "body: r0 = *(u64 *)(r2 + 0)\nexit\n";
  ProgramText program(text);
  EXPECT_EQ(xdp(program, text).fault.kind, FaultKind::null_pointer);
}

TEST_P(Engines, EndlessCallbacksRunOutOfFuel) {
  constexpr std::string_view text =
      "r1 = 8000000\nr2 = func body ll\nr3 = 0\nr4 = 0\ncall bpf_loop#181\nr0 = 1\nexit\n"
      "body: r0 = 0\nexit\n";
  ProgramText program(text);
  EXPECT_EQ(run_xdp(GetParam(), program.view(), 1000).fault.kind, FaultKind::out_of_fuel);
}

constexpr std::string_view tail_caller =
    "r6 = 4\nr2 = map[0] ll\nr3 = 1\ncall bpf_tail_call#12\nr0 = 2\nexit\n";

TEST_P(Engines, TailCallsEnterTheirTarget) {
  ProgramText caller(tail_caller);
  ProgramText target("r2 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nr2 -= r1\nr0 = r2\nexit\n");
  caller.add_map(map_of(program::MapType::prog_array, 4, 4));
  target.add_map(map_of(program::MapType::prog_array, 4, 4));
  const program::TailTarget there{0, 1, &target.view()};
  EXPECT_EQ(xdp(caller, "no target").return_value, 2u);
  caller.view().tail_targets = {&there, 1};
  EXPECT_EQ(xdp(caller, "target").return_value, 64u);
}

TEST_P(Engines, TailCallsAreCounted) {
  // Each entry adds 1 to the map value; the 34th tail call falls through.
  ProgramText program(
      "r2 = map[1][0] ll\nr0 = *(u32 *)(r2 + 0)\nr0 += 1\n*(u32 *)(r2 + 0) = r0\nr2 = map[0] "
      "ll\nr3 = 1\n"
      "call bpf_tail_call#12\nr2 = map[1][0] ll\nr0 = *(u32 *)(r2 + 0)\n*(u32 *)(r2 + 0) = "
      "0\nexit\n");
  program.add_map(map_of(program::MapType::prog_array, 4, 4));
  program.add_map(map_of(program::MapType::array, 4, 1));
  const program::View itself = program.view();
  const program::TailTarget there{0, 1, &itself};
  program.view().tail_targets = {&there, 1};
  EXPECT_EQ(xdp(program, "limit").return_value, 1u + program::tail_call_limit);
}

TEST_P(Engines, AFunctionMayTailCall) {
  // The target's exit returns to the function's caller.
  ProgramText caller(
      "r6 = 30\nr7 = r1\ncall +2\nr0 += r6\nexit\nr6 = 0\nr2 = map[0] ll\nr3 = 1\n"
      "call bpf_tail_call#12\nr0 = 2\nexit\n");
  ProgramText target("r6 = 5\nr0 = 7\nexit\n");
  caller.add_map(map_of(program::MapType::prog_array, 4, 4));
  target.add_map(map_of(program::MapType::prog_array, 4, 4));
  const program::TailTarget there{0, 1, &target.view()};
  caller.view().tail_targets = {&there, 1};
  EXPECT_EQ(xdp(caller, "tail call of a function").return_value, 37u);
}

TEST_P(Engines, RunsRepeat) {
  ProgramText program("r0 = *(u8 *)(r1 + 0)\nr0 += 1\n*(u8 *)(r1 + 0) = r0\nexit\n");
  program.view().type = program::ProgType::unspec;
  const auto engine = load_engine(GetParam(), program.view(), {1000}).value();
  RunInput input;
  input.packet.resize(1);
  input.raw_memory = true;
  input.repeat = 100;
  const RunOutput output = engine->run(input).value();
  EXPECT_EQ(output.return_value, 1u);
  EXPECT_GT(output.nanoseconds_per_run, 0);
}

INSTANTIATE_TEST_SUITE_P(Engine, Engines, testing::ValuesIn(translating_engines()),
                         [](const auto& engine) { return test_name(engine.param); });

}  // namespace
}  // namespace probity::runtime
