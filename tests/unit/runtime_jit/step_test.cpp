// SPDX-License-Identifier: Apache-2.0
// execute_one: a program stepped one instruction at a time ends as the interpreter ends it.
#include <gtest/gtest.h>

#include "isa/bpf/codec.hpp"
#include "program_text.hpp"
#include "runtime/linked_code.hpp"
#include "runtime/session.hpp"

namespace probity::runtime {
namespace {

/// Steps through `program` on a packet; local calls cannot be stepped.
RunOutput step_through(const program::View& program) {
  LinkedCode code;
  EXPECT_TRUE(code.load(program));
  Session session(program);
  EXPECT_TRUE(session.make_maps());
  Machine machine;
  machine.code = code.main().ops;
  RunInput input;
  for (unsigned i = 0; i < 64; ++i) input.packet.push_back(static_cast<std::uint8_t>(i));
  EXPECT_TRUE(session.begin_run(machine, input, 1000));
  Step step{StepEnd::slot, 0};
  for (unsigned steps = 0; step.end == StepEnd::slot; ++steps) {
    if (steps == 1000) {
      ADD_FAILURE() << "does not end";
      break;
    }
    step = execute_one(machine, bpf::decode(program.slots, step.slot).value(), step.slot);
  }
  return session.end_run(machine,
                         step.end == StepEnd::returned ? RunResult::returned : RunResult::fault);
}

void expect_same(std::string_view text) {
  ProgramText program(text);
  program.add_map(map_of(program::MapType::array, 8, 2));
  const RunOutput stepped = step_through(program.view());
  const RunOutput whole = run_xdp(EngineKind::interp, program.view());
  EXPECT_EQ(stepped.fault.kind, whole.fault.kind) << text;
  EXPECT_EQ(stepped.fault.slot, whole.fault.slot) << text;
  EXPECT_EQ(stepped.fault.text, whole.fault.text) << text;
  if (whole.fault.kind == FaultKind::none) {
    EXPECT_EQ(stepped.return_value, whole.return_value) << text;
  }
  EXPECT_EQ(stepped.packet, whole.packet) << text;
}

TEST(Step, EndsAsTheInterpreterDoes) {
  expect_same("r0 = 7\nexit\n");
  expect_same("r0 = 0\nr0 += 3\nif r0 < 10 goto -2\nexit\n");
  expect_same("r0 = 0x123456789abcdef ll\nw0 += 1\nexit\n");
  expect_same("r2 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nr2 -= r1\nr0 = r2\nexit\n");
  expect_same("r1 = *(u32 *)(r1 + 0)\n*(u8 *)(r1 + 3) = 9\nr0 = *(u16 *)(r1 + 2)\nexit\n");
  expect_same("r1 = *(u64 *)(r1 + 0)\nr0 = 0\nexit\n");  // part of a pointer
  expect_same("r0 = *(u8 *)(r1 + 300)\nexit\n");         // no such field
  expect_same("*(u32 *)(r1 + 0) = 1\nr0 = 0\nexit\n");   // read-only field
  expect_same("r0 = *(u64 *)(r10 + 0)\nexit\n");         // beyond the stack
  expect_same("r1 = 0\nr0 = *(u8 *)(r1 + 0)\nexit\n");   // NULL
  expect_same("r1 = r10\nr1 += -7\nr0 = 1\nlock *(u64 *)(r1 + 0) += r0\nexit\n");  // misaligned
  expect_same("r1 = map[0] ll\nr0 = r1\nexit\n");
  expect_same("r1 = map[0][4] ll\n*(u32 *)(r1 + 0) = 5\nr0 = *(u32 *)(r1 + 0)\nexit\n");
  expect_same("r1 = 0\nr2 = 0\ncall bpf_map_lookup_elem#1\nexit\n");  // a bad argument
}

}  // namespace
}  // namespace probity::runtime
