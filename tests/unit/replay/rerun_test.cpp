// SPDX-License-Identifier: Apache-2.0
// Chains of programs: what goes from one to the next, where a chain ends, and what the runs of a
// file must not agree in. The programs are a few insns of text.
#include "replay/rerun.hpp"

#include <gtest/gtest.h>

#include "assembler/bpf_text.hpp"
#include "runtime/trace_engine.hpp"

namespace probity::replay {
namespace {

using runtime::EngineKind;
using symex::Outcome;

/// A program on packets that can write into its first byte, with one map.
object::Image program(std::string_view body) {
  const std::string text =
      "r6 = *(u32 *)(r1 + 0)\nr7 = *(u32 *)(r1 + 4)\nr8 = r6\nr8 += 15\n"
      "r0 = 0\nif r8 > r7 goto +" +
      std::to_string(std::count(body.begin(), body.end(), '\n')) + "\n" + std::string(body) +
      "exit\n";
  const auto slots = assembler::assemble({"test", text, 1}, assembler::TextStyle::kernel);
  EXPECT_TRUE(slots) << slots.error().line();
  return object::image_from_slots("test", *slots, program::ProgType::xdp);
}

/// Two programs, each in front of the other, on one packet.
WitnessFile both_orders() {
  WitnessFile file;
  file.made_by = "test";
  file.property = "order";
  file.programs = {{"a.o", "", "test", "xdp"}, {"b.o", "", "test", "xdp"}};
  file.inputs.emplace_back();
  file.inputs[0].run.packet.assign(15, 0);
  file.runs = {{"forward", 0, {{0, {}}, {1, {}}}, {}}, {"backward", 0, {{1, {}}, {0, {}}}, {}}};
  return file;
}

std::vector<object::Image> images(std::string_view first, std::string_view second) {
  std::vector<object::Image> list;
  list.push_back(program(first));
  list.push_back(program(second));
  return list;
}

std::vector<program::View> views(const std::vector<object::Image>& list) {
  std::vector<program::View> made;
  for (const object::Image& image : list) made.push_back(image.view());
  return made;
}

constexpr std::string_view writes_one = "*(u8 *)(r6 + 0) = 1\nr0 = 2\n";
constexpr std::string_view writes_two = "*(u8 *)(r6 + 0) = 2\nr0 = 2\n";
constexpr std::string_view reads = "r0 = *(u8 *)(r6 + 0)\n";

TEST(Rerun, ThePacketGoesFromOneProgramToTheNext) {
  const auto list = images(writes_one, reads);
  WitnessFile file = both_orders();
  const auto forward = run_chain(file, file.runs[0], views(list), EngineKind::interp);
  ASSERT_TRUE(forward) << forward.error().line();
  EXPECT_EQ(forward->last.return_value, 1u);
  EXPECT_EQ(forward->last.packet[0], 1);
  const auto backward = run_chain(file, file.runs[1], views(list), EngineKind::interp);
  ASSERT_TRUE(backward);
  EXPECT_EQ(backward->last.return_value, 2u);
}

TEST(Rerun, AChainGoesOnOnlyAfterTheNamedValues) {
  const auto list = images(writes_one, reads);
  WitnessFile file = both_orders();
  file.runs[0].chain[0].continue_on = {7, 2};
  const auto goes_on = run_chain(file, file.runs[0], views(list), EngineKind::interp);
  ASSERT_TRUE(goes_on);
  EXPECT_EQ(goes_on->last.return_value, 1u);
  file.runs[0].chain[0].continue_on = {3};
  const auto stops = run_chain(file, file.runs[0], views(list), EngineKind::interp);
  ASSERT_TRUE(stops);
  EXPECT_EQ(stops->last.return_value, 2u);
}

Outcome differences(const WitnessFile& file, const std::vector<object::Image>& list,
                    EngineKind kind) {
  const auto shown = rerun(file, list, kind);
  EXPECT_TRUE(shown) << shown.error().line();
  if (!shown) return Outcome::not_applicable;
  EXPECT_EQ(shown->size(), 3u);
  EXPECT_EQ(shown->back().run, "differences");
  return shown->back().outcome;
}

TEST(Rerun, RunsMustDifferWhereTheFileSaysSo) {
  WitnessFile file = both_orders();
  file.differences = {"packet"};
  const auto different = images(writes_one, writes_two);
  const auto equal = images(writes_one, writes_one);
  for (const EngineKind kind : {EngineKind::interp, EngineKind::emu_rv64}) {
    EXPECT_EQ(differences(file, different, kind), Outcome::reproduced);
    EXPECT_EQ(differences(file, equal, kind), Outcome::contradicted);
  }
  file.differences = {"return_value"};
  EXPECT_EQ(differences(file, different, EngineKind::interp), Outcome::contradicted);
}

TEST(Rerun, EveryExpectationIsCompared) {
  const auto list = images(writes_one, reads);
  WitnessFile file = both_orders();
  file.runs.resize(1);
  const auto output = run_chain(file, file.runs[0], views(list), EngineKind::interp);
  ASSERT_TRUE(output);
  file.runs[0].expected = expectation_of(*output);
  const auto outcome = [&] { return (*rerun(file, list, EngineKind::interp))[0].outcome; };
  EXPECT_EQ(outcome(), Outcome::reproduced);
  const Expectation right = file.runs[0].expected;
  file.runs[0].expected.return_value = 9;
  EXPECT_EQ(outcome(), Outcome::contradicted);
  file.runs[0].expected = right;
  file.runs[0].expected.packet->front() ^= 1;
  EXPECT_EQ(outcome(), Outcome::contradicted);
  file.runs[0].expected = right;
  file.runs[0].expected.map_changes->push_back({"m", {1}, {}, runtime::Bytes{2}});
  EXPECT_EQ(outcome(), Outcome::contradicted);
  file.runs[0].expected = right;
  file.runs[0].expected.events->push_back({"redirect", {1}, {}});
  EXPECT_EQ(outcome(), Outcome::contradicted);
}

TEST(Rerun, MapsThatNoProgramHasAreRefused) {
  const auto list = images(writes_one, reads);
  WitnessFile file = both_orders();
  file.inputs[0].maps = {{"flows", {}}};
  const auto shown = rerun(file, list, EngineKind::interp);
  ASSERT_FALSE(shown);
  EXPECT_NE(shown.error().line().find("no program has the map 'flows'"), std::string::npos);
}

TEST(Trace, TellsEveryInsnOnceWithWhatItChanged) {
  const object::Image image = program(writes_one);
  std::vector<std::uint32_t> slots;
  std::uint64_t last = 0;
  const program::View view = image.view();
  const auto engine =
      runtime::load_tracing_interpreter(view, {}, [&](const runtime::TracedStep& step) {
        slots.push_back(step.slot);
        if (step.slot == 7) last = step.after[0];
        EXPECT_EQ(step.program->name, view.name);
      });
  ASSERT_TRUE(engine) << engine.error().line();
  runtime::RunInput input;
  input.packet.assign(15, 0);
  const auto output = (*engine)->run(input);
  ASSERT_TRUE(output);
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(slots.size(), output->insns_executed);
  EXPECT_EQ(last, 2u);
  EXPECT_EQ(output->return_value, 2u);
  slots.clear();
  input.packet.assign(14, 0);
  ASSERT_TRUE((*engine)->run(input));
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 8})) << "the branch is taken";
}

}  // namespace
}  // namespace probity::replay
