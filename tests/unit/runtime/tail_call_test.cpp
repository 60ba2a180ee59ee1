// SPDX-License-Identifier: Apache-2.0
// Tail calls into programs that the object puts into a prog_array: the target replaces the caller,
// keeps ctx, and the 34th call of a run falls through (MAX_TAIL_CALL_CNT of Linux is 33).
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "assembler/bpf_text.hpp"
#include "runtime/engine.hpp"

namespace probity::runtime {
namespace {

std::vector<bpf::Slot> assemble(std::string_view text) {
  return assembler::assemble({"test", text, 1}, assembler::TextStyle::kernel).value();
}

const program::MapDef jumps{.name = "jumps",
                            .type = program::MapType::prog_array,
                            .key_size = 4,
                            .value_size = 4,
                            .max_entries = 4,
                            .flags = 0,
                            .inner = -1,
                            .initial = {},
                            .read_only = false};

program::View view_of(const std::vector<bpf::Slot>& slots, program::Subprog& subprog) {
  subprog = {"main", 0, static_cast<std::uint32_t>(slots.size())};
  program::View view;
  view.name = "main";
  view.type = program::ProgType::xdp;
  view.slots = slots;
  view.subprogs = {&subprog, 1};
  view.maps = {&jumps, 1};
  return view;
}

RunOutput run(const program::View& view) {
  auto engine = load_interpreter(view, {});
  EXPECT_TRUE(engine) << engine.error().line();
  RunInput input;
  input.packet.resize(60);
  return (*engine)->run(input).value();
}

constexpr std::string_view caller = "r2 = map[0] ll\nr3 = 1\ncall bpf_tail_call#12\nr0 = 2\nexit\n";

TEST(TailCall, EntersTheTargetWithCtx) {
  const auto main_slots = assemble(caller);
  const auto target_slots =
      assemble("r2 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nr2 -= r1\nr0 = r2\nexit\n");
  program::Subprog main_subprog;
  program::Subprog target_subprog;
  const program::View target = view_of(target_slots, target_subprog);
  program::View main = view_of(main_slots, main_subprog);
  const program::TailTarget there{0, 1, &target};
  main.tail_targets = {&there, 1};
  EXPECT_EQ(run(main).return_value, 60u);
}

TEST(TailCall, AnEmptyElementFallsThrough) {
  const auto slots = assemble(caller);
  program::Subprog subprog;
  EXPECT_EQ(run(view_of(slots, subprog)).return_value, 2u);
}

TEST(TailCall, TheCallBeyondTheLimitFallsThrough) {
  const auto slots = assemble(caller);
  program::Subprog subprog;
  program::View main = view_of(slots, subprog);
  const program::View itself = main;
  const program::TailTarget there{0, 1, &itself};
  main.tail_targets = {&there, 1};
  const RunOutput output = run(main);
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, 2u);
  EXPECT_EQ(output.events.size(), program::tail_call_limit + 1);
}

TEST(TailCall, AUserPutsAProgramIn) {
  // Element 1 becomes the program itself, which then runs until the limit.
  const auto slots = assemble(caller);
  program::Subprog subprog;
  const program::View view = view_of(slots, subprog);
  for (const EngineKind kind : {EngineKind::interp, EngineKind::jit, EngineKind::emu_rv64}) {
    if (kind == EngineKind::jit && !jit_unavailable_reason().empty()) continue;
    const auto engine = load_engine(kind, view, {});
    ASSERT_TRUE(engine) << engine.error().line();
    RunInput input;
    input.packet.resize(60);
    EXPECT_EQ((*engine)->run(input)->return_value, 2u) << name(kind);
    const Bytes key{1, 0, 0, 0};
    ASSERT_TRUE((*engine)->write_map({"jumps", {{key, {0, 0, 0, 0}}}})) << name(kind);
    const auto output = (*engine)->run(input);
    ASSERT_TRUE(output) << output.error().line();
    EXPECT_EQ(output->fault.kind, FaultKind::none) << output->fault.text;
    EXPECT_EQ(output->return_value, 2u);
    if (kind == EngineKind::interp) {
      EXPECT_EQ(output->events.size(), program::tail_call_limit + 1u);
    }
    const auto refused = (*engine)->write_map({"jumps", {{key, {1, 0, 0, 0}}}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().line(), "map jumps: value 1 is not the number of a program (0..0)");
  }
}

}  // namespace
}  // namespace probity::runtime
