// SPDX-License-Identifier: Apache-2.0
// What the translating engines refuse, by name and before anything runs, and what jit:unchecked is
// for.
#include <gtest/gtest.h>

#include "program_text.hpp"

namespace probity::runtime {
namespace {

std::string refusal(EngineKind kind, std::string_view text) {
  ProgramText program(text);
  const auto engine = load_engine(kind, program.view(), {1000});
  return engine ? "accepted" : std::string(engine.error().line());
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Refusals, NameTheSlotAndTheReason) {
  for (const EngineKind kind : translating_engines()) {
    EXPECT_TRUE(contains(refusal(kind, "r0 = 0\nr10 += 8\nexit\n"), "slot 1: writes r10"));
    EXPECT_TRUE(
        contains(refusal(kind, "r0 = 0\ncall bpf_sk_fullsock#95\nexit\n"), "slot 1: helper"));
    EXPECT_TRUE(contains(refusal(kind, "r0 = 0\ngoto +5\nexit\n"), "outside the program"));
  }
}

TEST(Refusals, CallsThatNoFuelBounds) {
  // f0 calls f1 ten times, which calls f2 ten times, ...: 10^7 calls without any loop.
  std::string deep;
  for (int level = 0; level < 8; ++level) {
    deep += "f" + std::to_string(level) + ":\n";
    for (int i = 0; i < 10 && level < 7; ++i) deep += "call f" + std::to_string(level + 1) + "\n";
    deep += "exit\n";
  }
  std::string shallow = deep;
  shallow.replace(shallow.find("f3:\n"), 4, "f3:\nexit\n");  // 10 + 100 + 1000 calls
  for (const EngineKind kind : translating_engines()) {
    EXPECT_TRUE(contains(refusal(kind, deep), "more than 1048576 calls"));
    EXPECT_EQ(refusal(kind, shallow), "accepted");
  }
}

TEST(Refusals, RecursionIsBoundedByItsDepth) {
  constexpr std::string_view once = "call +0\nexit\n";
  constexpr std::string_view often =
      "f: call f\ncall f\ncall f\ncall f\ncall f\ncall f\ncall f\ncall f\nexit\n";
  for (const EngineKind kind : translating_engines()) {
    EXPECT_EQ(refusal(kind, once), "accepted");
    EXPECT_TRUE(contains(refusal(kind, often), "more than 1048576 calls"));
  }
}

TEST(Refusals, EnginesHaveNames) {
  for (const EngineKind kind : engine_kinds())
    EXPECT_EQ(engine_named(name(kind), "x").value(), kind);
  const auto unknown = engine_named("warp", "--engine");
  ASSERT_FALSE(unknown);
  EXPECT_TRUE(contains(std::string(unknown.error().line()), "--engine: 'warp'"));
  EXPECT_TRUE(contains(std::string(unknown.error().line()), "emu:rv64"));
}

TEST(Refusals, TheKernelIsLoadedElsewhere) {
  EXPECT_TRUE(contains(refusal(EngineKind::kernel, "exit\n"), "kernel"));
}

TEST(Unchecked, RunsBareProgramsOnPlainMemory) {
  if (!jit_unavailable_reason().empty()) GTEST_SKIP() << jit_unavailable_reason();
  ProgramText program(
      "r0 = *(u8 *)(r1 + 7)\n*(u64 *)(r10 - 8) = r0\ncall +3\nr1 = *(u64 *)(r10 - 8)\n"
      "r0 += r1\nexit\n*(u64 *)(r10 - 8) = 100\nr0 = *(u64 *)(r10 - 8)\nexit\n");
  EXPECT_EQ(run_bare(EngineKind::jit_unchecked, program.view()).return_value, 107u);
  ProgramText deep(
      "r1 = 7\ncall +1\nexit\nif r1 == 0 goto +2\nr1 += -1\ncall -3\nr0 = r10\nexit\n");
  EXPECT_EQ(run_bare(EngineKind::jit_unchecked, deep.view()).fault.kind, FaultKind::call_depth);
  ProgramText endless("goto -1\n");
  EXPECT_EQ(run_bare(EngineKind::jit_unchecked, endless.view(), 1000).fault.kind,
            FaultKind::out_of_fuel);
}

TEST(Unchecked, RefusesPrograms) {
  if (!jit_unavailable_reason().empty()) GTEST_SKIP() << jit_unavailable_reason();
  ProgramText program("r0 = 2\nexit\n");
  const auto engine = load_engine(EngineKind::jit_unchecked, program.view(), {1000}).value();
  RunInput input;
  input.packet.resize(64);
  const auto output = engine->run(input);
  ASSERT_FALSE(output);
  EXPECT_TRUE(contains(std::string(output.error().line()), "jit:unchecked runs bare programs"));
}

}  // namespace
}  // namespace probity::runtime
