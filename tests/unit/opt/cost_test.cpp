// SPDX-License-Identifier: Apache-2.0
// Cost tables, the weights of blocks, profiles, and the programs that measure an insn.
#include "opt/cost.hpp"

#include <gtest/gtest.h>

#include "code_sample.hpp"
#include "opt/cost_calibrate.hpp"
#include "opt/profile.hpp"
#include "runtime/engine.hpp"

namespace probity::opt {
namespace {

using bpf::Form;

TEST(Cost, BuiltInRanksAsMeasured) {
  const CostTable table = CostTable::built_in();
  const auto ns = [&](Form form) { return table.of(form).ns; };
  EXPECT_GT(ns(Form::div64_reg), ns(Form::mul64_reg));
  EXPECT_GT(ns(Form::mul64_reg), ns(Form::add64_reg));
  EXPECT_GT(ns(Form::add64_reg), ns(Form::mov64_reg));
  EXPECT_GT(ns(Form::atomic64_add), ns(Form::ldxdw) + ns(Form::stxdw) + ns(Form::add64_reg));
  EXPECT_GT(table.of(Form::lddw).bytes, table.of(Form::mov64_imm).bytes);
  for (std::size_t i = 0; i < bpf::form_count; ++i)
    EXPECT_GT(ns(static_cast<Form>(i)), 0) << bpf::rows[i].name;
}

TEST(Cost, ATableIsReadAsItWasPrinted) {
  CostTable table = CostTable::built_in();
  table.set(Form::add64_imm, {1.25, 9});
  const auto again = CostTable::parse(table.print(), "costs.json");
  ASSERT_TRUE(again) << again.error().line();
  EXPECT_EQ(again->source(), "costs.json");
  EXPECT_EQ(again->of(Form::add64_imm).ns, 1.25);
  EXPECT_EQ(again->of(Form::add64_imm).bytes, 9);
  EXPECT_EQ(again->of(Form::div64_reg).ns, table.of(Form::div64_reg).ns);
}

void expect_refused(std::string_view text, std::string_view why) {
  const auto table = CostTable::parse(text, "costs.json");
  ASSERT_FALSE(table) << text;
  EXPECT_EQ(table.error().fault(), Fault::bad_input);
  EXPECT_NE(table.error().line().find(why), std::string_view::npos) << table.error().line();
}

TEST(Cost, DamagedTablesAreRefusedByName) {
  expect_refused("{}", "no \"forms\"");
  expect_refused(R"({"forms": {"add65": {"ns": 1, "bytes": 1}}})", "add65");
  expect_refused(R"({"forms": {"add64_imm": {"ns": -1, "bytes": 1}}})", "add64_imm");
  expect_refused(R"({"forms": {"add64_imm": {"ns": 1}}})", "add64_imm");
  expect_refused("{", "costs.json");
}

constexpr std::string_view branches = R"(
    r0 = 1
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 100
    if r4 > r3 goto +1
    r0 = 2
    exit
)";

TEST(Cost, AWayThatABranchMayNotTakeWeighsHalf) {
  const sample::Sample sample(branches);
  const Weights weights = structural_weights(sample.code());
  EXPECT_EQ(weights[0], 1);
  EXPECT_EQ(weights[6], 0.5);
  EXPECT_EQ(weights[7], 1);
}

TEST(Cost, ALoopWeighsMoreThanItsSurroundings) {
  const sample::Sample sample("r0 = 0\nr0 += 1\nif r0 != 9 goto -2\nexit\n");
  const Weights weights = structural_weights(sample.code());
  EXPECT_GT(weights[1], weights[0]);
  EXPECT_GT(weights[2], weights[3]);
}

TEST(Cost, AnInsertedInsnWeighsAsTheOneBefore) {
  const sample::Sample sample(branches);
  const CostTable table = CostTable::built_in();
  const Weights weights = structural_weights(sample.code());
  const double before = estimate_ns(sample.code(), table, weights);
  bpf::Insn insn;
  insn.form = Form::div64_imm;
  insn.imm = 3;
  const Code more = sample.code().with({"test", {{7, 0, {inserted(insn)}}}});
  EXPECT_NEAR(estimate_ns(more, table, weights) - before, table.of(Form::div64_imm).ns * weights[6],
              1e-9);
}

TEST(Cost, ALaterExitOfAFunctionJumpsToTheFirst) {
  const CostTable table = CostTable::built_in();
  const auto ns = [&](std::string_view text) {
    const sample::Sample sample(text);
    return estimate_ns(sample.code(), table, structural_weights(sample.code()));
  };
  const double once = ns("r0 = 1\nif r1 == 0 goto +0\nr0 = 2\nexit\n");
  const double twice = ns("r0 = 1\nif r1 == 0 goto +1\nexit\nr0 = 2\nexit\n");
  const double half = 0.5;
  const double moves_less = half * table.of(Form::mov64_imm).ns;
  EXPECT_NEAR(twice - once, half * 0.4 - moves_less, 1e-9);
}

TEST(Cost, TheFirstExitOfEachFunctionIsItsFirst) {
  const CostTable table = CostTable::built_in();
  const sample::Sample one("r0 = 1\nexit\n");
  const auto slots = one.code().slots();
  ASSERT_TRUE(slots);
  std::vector<bpf::Slot> both = *slots;
  both.insert(both.end(), slots->begin(), slots->end());
  const std::array<program::Subprog, 2> functions = {{{"a", 0, 2}, {"b", 2, 2}}};
  const auto code = Code::from(both, functions);
  ASSERT_TRUE(code);
  const auto each = estimate_ns(one.code(), table, structural_weights(one.code()));
  EXPECT_NEAR(estimate_ns(*code, table, structural_weights(*code)), 2 * each, 1e-9);
}

GateInput packet_of(std::size_t size) {
  GateInput input;
  input.name = "test";
  input.input.packet.resize(size);
  return input;
}

TEST(Profile, CountsHowOftenABlockIsEntered) {
  const sample::Sample sample(branches);
  const std::vector<GateInput> inputs = {packet_of(60), packet_of(60), packet_of(60),
                                         packet_of(200)};
  const auto weights = profiled_weights(sample.view(), inputs);
  ASSERT_TRUE(weights) << weights.error().line();
  EXPECT_EQ((*weights)[0], 1);
  EXPECT_EQ((*weights)[6], 0.25);
  EXPECT_EQ((*weights)[7], 1);
}

TEST(Profile, NoPacketThatTheProgramTakesIsAnError) {
  const sample::Sample sample("r0 = *(u64 *)(r1 + 4000)\nexit\n");
  EXPECT_FALSE(profiled_weights(sample.view(), std::vector{packet_of(60)}));
}

TEST(Calibration, ProgramsHoldTheirCopiesAndRun) {
  std::size_t measurable = 0;
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const auto form = static_cast<Form>(i);
    const auto none = calibration_program(form, 0);
    if (none.empty()) continue;
    ++measurable;
    const auto ten = calibration_program(form, 10);
    const std::size_t each = form == Form::lddw ? 2 : 1;
    EXPECT_EQ(ten.size(), none.size() + 10 * each) << bpf::rows[i].name;
    program::View view;
    view.name = "calibration";
    view.type = program::ProgType::xdp;
    view.slots = ten;
    const auto engine = runtime::load_interpreter(view, {});
    ASSERT_TRUE(engine) << bpf::rows[i].name << ": " << engine.error().line();
    const auto output = (*engine)->run(packet_of(64).input);
    ASSERT_TRUE(output);
    EXPECT_EQ(output->fault.kind, runtime::FaultKind::none)
        << bpf::rows[i].name << ": " << output->fault.text;
  }
  EXPECT_GT(measurable, 120U);
}

}  // namespace
}  // namespace probity::opt
