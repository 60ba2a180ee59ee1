// SPDX-License-Identifier: Apache-2.0
// A whole object with generators planted here: one that is right, one that lies. What is right
// comes out smaller and passes every gate; what lies is undone by name, and the object keeps its
// code.
#include "opt/whole_object.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "../object/sample.hpp"
#include "object/write.hpp"

namespace probity::opt {
namespace {

using bpf::Form;

/// The first function that several programs have.
std::optional<std::uint32_t> shared_function(const object::Object& object) {
  std::map<std::uint32_t, int> users;
  for (const object::Program& program : object.programs)
    for (const std::uint32_t function : program.functions) ++users[function];
  const auto shared = std::ranges::find_if(users, [](const auto& user) { return user.second > 1; });
  return shared == users.end() ? std::nullopt : std::optional(shared->first);
}

constexpr std::size_t padding = 3;

/// The function with moves in front that do nothing: r0 is written before it is read.
object::FunctionEdit padded(const object::Object& object, std::uint32_t function) {
  object::FunctionEdit edit = object::keep_function(object, function);
  const bpf::Slot dead = {bpf::row(Form::mov64_imm).opcode, 0, 0, 7};
  edit.slots.insert(edit.slots.begin(), padding, object::EditedSlot{dead});
  auto moved = object::retarget_jumps(object, std::move(edit), object::Landing::on_target);
  EXPECT_TRUE(moved);
  return *moved;
}

/// Our firewall, with such moves in its program `tail` and in the function that its programs share.
std::optional<object::Object> padded_sample(std::vector<std::uint8_t>& bytes) {
  const auto compiled = object::compile_sample("firewall", "-g");
  if (!compiled) return std::nullopt;
  const auto plain = object::read(*compiled, "firewall.o");
  EXPECT_TRUE(plain);
  const auto tail = std::ranges::find(plain->functions, "tail", &object::Function::name);
  const auto shared = shared_function(*plain);
  EXPECT_TRUE(shared);
  object::Edit all(*plain);
  EXPECT_TRUE(
      all.replace(padded(*plain, static_cast<std::uint32_t>(tail - plain->functions.begin()))));
  EXPECT_TRUE(all.replace(padded(*plain, *shared)));
  const auto written = object::write(all);
  EXPECT_TRUE(written);
  bytes = *written;
  auto read = object::read(bytes, "firewall.o");
  EXPECT_TRUE(read);
  return *std::move(read);
}

/// Removes moves of constants that nobody reads.
std::vector<Change> drop_dead_moves(const Version& version, const Aim&) {
  std::vector<Change> changes;
  for (std::uint32_t at = 0; at < version.code.size(); ++at) {
    const Node& node = version.code[at];
    const bool is_move = node.insn.form == Form::mov64_imm && !node.patched;
    if (is_move && version.facts.reached(at) &&
        !version.live.is_live_after(version.code, at, node.insn.dst))
      changes.push_back({"dead move", {{at, 1, {}}}});
  }
  return changes;
}

/// Says that programs return one more than they do.
std::vector<Change> lie(const Version& version, const Aim&) {
  std::vector<Change> changes;
  for (std::uint32_t at = 0; at + 1 < version.code.size(); ++at) {
    Node node = version.code[at];
    const bool returns = version.code[at + 1].insn.form == Form::exit &&
                         (node.insn.form == Form::mov64_imm || node.insn.form == Form::mov32_imm);
    if (!returns || node.patched) continue;
    bpf::Insn insn = node.insn;
    ++insn.imm;
    changes.push_back({"lie", {{at, 1, {replaced(node, insn)}}}});
  }
  return changes;
}

const ProgramResult& program_named(const ObjectResult& result, std::string_view name) {
  const auto found = std::ranges::find_if(
      result.programs, [name](const ProgramResult& p) { return p.program->name == name; });
  EXPECT_NE(found, result.programs.end());
  return *found;
}

ObjectRequest request_with(std::vector<Generator> generators) {
  ObjectRequest request;
  request.program.generators = std::move(generators);
  request.program.timing_rounds = 2;
  if (runtime::kernel_unavailable_reason().empty()) request.program.kernel = KernelCheck::yes;
  return request;
}

TEST(WholeObject, WhatIsRightComesOutSmaller) {
  std::vector<std::uint8_t> bytes;
  const auto object = padded_sample(bytes);
  if (!object) GTEST_SKIP() << "no clang with a BPF back end";
  const auto result = optimize_object(*object, request_with({{"dead moves", drop_dead_moves}}));
  ASSERT_TRUE(result) << result.error().line();
  const ProgramResult& tail = program_named(*result, "tail");
  EXPECT_EQ(tail.kept, "");
  EXPECT_TRUE(tail.is_changed());
  EXPECT_LE(tail.new_cost.slots + 3, tail.old_cost.slots);
  EXPECT_FALSE(tail.applied.empty());
  for (const GateAnswer& answer : tail.gates)
    EXPECT_NE(answer.verdict, GateVerdict::failed) << answer.gate << ": " << answer.text;
  const auto proved = std::ranges::find(tail.gates, "equivalence", &GateAnswer::gate);
  ASSERT_NE(proved, tail.gates.end());
  EXPECT_EQ(proved->verdict, GateVerdict::passed) << proved->text;
  const auto again = object::read(result->bytes, "firewall.o");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->maps.size(), object->maps.size());
  EXPECT_TRUE(again->btf != nullptr);
}

TEST(WholeObject, ALieIsUndoneByName) {
  std::vector<std::uint8_t> bytes;
  const auto object = padded_sample(bytes);
  if (!object) GTEST_SKIP() << "no clang with a BPF back end";
  const auto result = optimize_object(*object, request_with({{"lies", lie}}));
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(result->bytes, bytes);
  std::size_t undone = 0;
  for (const ProgramResult& program : result->programs) {
    EXPECT_FALSE(program.is_changed());
    EXPECT_TRUE(program.applied.empty());
    for (const Undone& change : program.undone) undone += change.rule == "lie" ? 1 : 0;
  }
  EXPECT_GT(undone, 0U);
}

TEST(WholeObject, NothingToDoGivesTheBytesThatWereRead) {
  std::vector<std::uint8_t> bytes;
  const auto object = padded_sample(bytes);
  if (!object) GTEST_SKIP() << "no clang with a BPF back end";
  const auto result = optimize_object(*object, request_with({}));
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(result->bytes, bytes);
}

std::uint32_t slots_of(const object::Object& object, std::uint32_t function) {
  return object.functions[function].slot_count;
}

TEST(WholeObject, WhatAllProgramsMakeOfASharedSubprogramIsWritten) {
  std::vector<std::uint8_t> bytes;
  const auto object = padded_sample(bytes);
  if (!object) GTEST_SKIP() << "no clang with a BPF back end";
  const std::uint32_t shared = *shared_function(*object);
  const auto result = optimize_object(*object, request_with({{"dead moves", drop_dead_moves}}));
  ASSERT_TRUE(result) << result.error().line();
  const auto again = object::read(result->bytes, "firewall.o");
  ASSERT_TRUE(again);
  EXPECT_LE(slots_of(*again, shared) + padding, slots_of(*object, shared));
}

/// One of the programs does not come to the same: all have the old code, and say so.
TEST(WholeObject, WhatOneProgramAloneMakesOfItIsNot) {
  std::vector<std::uint8_t> bytes;
  const auto object = padded_sample(bytes);
  if (!object) GTEST_SKIP() << "no clang with a BPF back end";
  const std::uint32_t shared = *shared_function(*object);
  const auto user = std::ranges::find_if(object->programs, [&](const object::Program& program) {
    return std::ranges::count(program.functions, shared) != 0;
  });
  const std::string_view alone = user->name;
  const auto only_in_one = [alone](const Version& version, const Aim& aim) {
    if (version.program.name != alone) return std::vector<Change>{};
    return drop_dead_moves(version, aim);
  };
  const auto result = optimize_object(*object, request_with({{"dead moves", only_in_one}}));
  ASSERT_TRUE(result) << result.error().line();
  const auto again = object::read(result->bytes, "firewall.o");
  ASSERT_TRUE(again);
  EXPECT_EQ(slots_of(*again, shared), slots_of(*object, shared));
  const ProgramResult& told = program_named(*result, alone);
  ASSERT_FALSE(told.notes.empty());
  EXPECT_NE(told.notes.front().find("programs that share it differ"), std::string::npos);
}

/// The file keeps the function, but no program calls it any more.
TEST(WholeObject, AStaticFunctionGoesIntoItsCallers) {
  std::vector<std::uint8_t> bytes;
  const auto object = padded_sample(bytes);
  if (!object) GTEST_SKIP() << "no clang with a BPF back end";
  const std::uint32_t shared = *shared_function(*object);
  ObjectRequest request = request_with({{"dead moves", drop_dead_moves}});
  request.program.goal = Goal::speed;
  request.program.inlining = Inline::yes;
  request.program.timing_rounds = 0;
  const auto result = optimize_object(*object, request);
  ASSERT_TRUE(result) << result.error().line();
  const auto again = object::read(result->bytes, "firewall.o");
  ASSERT_TRUE(again);
  EXPECT_EQ(slots_of(*again, shared), slots_of(*object, shared));
  std::size_t callers = 0;
  for (std::size_t i = 0; i < object->programs.size(); ++i) {
    const object::Program& was = object->programs[i];
    if (std::ranges::count(was.functions, shared) == 0) continue;
    ++callers;
    const ProgramResult& program = result->programs[i];
    EXPECT_EQ(program.kept, "") << was.name;
    EXPECT_EQ(std::ranges::count(again->programs[i].functions, shared), 0) << was.name;
    EXPECT_EQ(again->programs[i].problems.size(), 0u);
    EXPECT_EQ(again->programs[i].lines.empty(), was.lines.empty());
    for (const std::string_view gate : {"inlining", "equivalence"}) {
      const auto answer = std::ranges::find(program.gates, gate, &GateAnswer::gate);
      ASSERT_NE(answer, program.gates.end()) << gate;
      EXPECT_EQ(answer->verdict, GateVerdict::passed) << answer->text;
    }
    for (const GateAnswer& answer : program.gates)
      EXPECT_NE(answer.verdict, GateVerdict::failed) << answer.gate << ": " << answer.text;
  }
  EXPECT_GT(callers, 1u);
}

/// The kernel's refusal as a gate: an objection undoes what was proved.
TEST(Optimize, AnObjectionUndoesAProvedChange) {
  std::vector<std::uint8_t> bytes;
  const auto object = padded_sample(bytes);
  if (!object) GTEST_SKIP() << "no clang with a BPF back end";
  const auto program = std::ranges::find(object->programs, "tail", &object::Program::name);
  ASSERT_NE(program, object->programs.end());
  const auto code = Code::from(*program);
  ASSERT_TRUE(code);
  const object::Image image = object::make_image(*object, *program);
  const program::View view = image.view();
  Options options;
  options.generators = {{"dead moves", drop_dead_moves}};
  options.objection = [](const Code&) { return std::string("no such code here"); };
  const Outcome outcome = optimize(*code, view, options);
  EXPECT_EQ(outcome.code, *code);
  EXPECT_TRUE(outcome.applied.empty());
  ASSERT_FALSE(outcome.undone.empty());
  EXPECT_EQ(outcome.undone.front().why, "no such code here");
}

}  // namespace
}  // namespace probity::opt
