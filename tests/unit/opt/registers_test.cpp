// SPDX-License-Identifier: Apache-2.0
// Registers given anew: what the generator proposes, what the simulation takes, and what it must
// not take, whatever a change claims of its registers.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "code_sample.hpp"
#include "opt/code_text.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"
#include "program/register_use.hpp"

namespace probity::opt {
namespace {

using Verdict = Simulated::Verdict;

std::vector<Change> proposed(const Code& code, const program::View& view) {
  const Facts facts = Facts::of(code, view);
  const Live live = Live::of(code, facts, view);
  return register_generator().propose({code, facts, live, view}, {});
}

Outcome optimized(const sample::Sample& sample) {
  Options options;
  options.generators = {register_generator(), copy_generator()};
  return optimize(sample.code(), sample.view(), options);
}

std::string text_of(const Code& code) {
  return kernel_text(code.nodes());
}

std::set<unsigned> saved_registers(const Code& code) {
  std::set<unsigned> result;
  for (const Node& node : code.nodes()) {
    const program::RegisterUse use = program::register_use(node.insn);
    for (unsigned reg = 6; reg < 10; ++reg) {
      if (((use.read | use.written) >> reg & 1) != 0) result.insert(reg);
    }
  }
  return result;
}

struct Row {
  const char* name;
  const char* program;
  std::uint32_t slots;       ///< that are left
  std::set<unsigned> saved;  ///< registers of r6 to r9 that are left
};

const Row rows[] = {
    {"leaf", "r6 = *(u32 *)(r1 + 12)\nr7 = *(u32 *)(r1 + 16)\nr6 += r7\nr0 = r6\nexit\n", 4, {}},
    {"copy_behind_a_meet",
     "r6 = r1\nr2 = *(u32 *)(r1 + 12)\nif r2 == 0 goto out\nr2 = 5\nout:\n"
     "r0 = *(u32 *)(r6 + 16)\nr0 += r2\nexit\n",
     6,
     {}},
    {"needed_behind_a_call",
     "r9 = r1\ncall bpf_ktime_get_ns#5\nr1 = r9\nr0 = *(u32 *)(r1 + 12)\nexit\n",
     4,
     {9}},
    {"two_behind_a_call",
     "r8 = *(u32 *)(r1 + 12)\nr9 = *(u32 *)(r1 + 16)\ncall bpf_ktime_get_ns#5\nr0 = r8\nr0 += "
     "r9\nexit\n",
     6,
     {8, 9}},
    {"loop",
     "r6 = 0\nr7 = *(u32 *)(r1 + 12)\nagain:\nr8 = r7\nr8 += 3\nr7 = r8\nr6 += 1\n"
     "if r6 < 9 goto again\nr0 = r7\nexit\n",
     6,
     {}},
    {"both_are_needed",
     "r2 = *(u32 *)(r1 + 12)\nr3 = r2\nr3 += 1\nr0 = r2\nr0 *= r3\nexit\n",
     5,
     {}},
};

class RegistersTest : public testing::TestWithParam<Row> {};

TEST_P(RegistersTest, AreSavedOnlyWhereACallMakesItNecessary) {
  const Row& row = GetParam();
  const sample::Sample sample(row.program);
  const Outcome outcome = optimized(sample);
  EXPECT_EQ(outcome.code.slot_count(), row.slots) << text_of(outcome.code);
  EXPECT_EQ(saved_registers(outcome.code), row.saved) << text_of(outcome.code);
  for (const Undone& undone : outcome.undone) ADD_FAILURE() << undone.rule << ": " << undone.why;
  // The whole is proved, too: the code says which registers are which.
  const Simulated whole = simulate(sample.code(), outcome.code, sample.view(), {});
  EXPECT_EQ(whole.verdict, Verdict::proved) << whole.reason;
}

TEST_P(RegistersTest, OneWrongRegisterIsNotProved) {
  const Row& row = GetParam();
  const sample::Sample sample(row.program);
  for (const Change& change : proposed(sample.code(), sample.view())) {
    const Code good = sample.code().with(change);
    ASSERT_EQ(simulate(sample.code(), good, sample.view(), {}).verdict, Verdict::proved);
    for (std::size_t splice = 0; splice < change.splices.size(); ++splice) {
      Change wrong = change;
      bpf::Insn& insn = wrong.splices[splice].with[0].insn;
      const bool does_nothing = insn.form == bpf::Form::mov64_reg && insn.dst == insn.src;
      if (does_nothing || program::register_use(insn).written == 0) continue;
      insn.dst = insn.dst == bpf::Reg::r5 ? bpf::Reg::r4 : bpf::Reg::r5;  // nobody reads these
      const Code bad = sample.code().with(wrong);
      EXPECT_NE(simulate(sample.code(), bad, sample.view(), {}).verdict, Verdict::proved)
          << text_of(bad);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, RegistersTest, testing::ValuesIn(rows),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RegistersTest, NothingIsProposedWhereNothingIsWon) {
  const sample::Sample sample("r6 = r1\ncall bpf_ktime_get_ns#5\nr0 = *(u32 *)(r6 + 12)\nexit\n");
  EXPECT_TRUE(proposed(sample.code(), sample.view()).empty());
}

/// The same insns with other registers, and what is claimed of these at every node.
Simulated renamed(const sample::Sample& sample, std::string_view text,
                  const std::vector<std::pair<unsigned, unsigned>>& claims) {
  const std::vector<Node> nodes = sample::nodes_of(sample.code(), 0, text);
  Change change{"test", {}, {}};
  for (std::uint32_t node = 0; node < nodes.size(); ++node) {
    Node fresh = sample.code()[node];
    fresh.insn = nodes[node].insn;
    change.splices.push_back({node, 1, {fresh}});
  }
  RegisterNames names = own_names;
  for (const auto& [is, was] : claims) names[is] = static_cast<std::uint8_t>(was);
  change.names.assign(nodes.size(), names);
  return simulate(sample.code(), sample.code().with(change), sample.view(), {});
}

TEST(RegistersTest, AnotherSavedRegisterIsProvedAcrossACall) {
  const sample::Sample sample("r6 = r1\ncall bpf_ktime_get_ns#5\nr0 = *(u32 *)(r6 + 12)\nexit\n");
  const Simulated right =
      renamed(sample, "r7 = r1\ncall bpf_ktime_get_ns#5\nr0 = *(u32 *)(r7 + 12)\nexit\n", {{7, 6}});
  EXPECT_EQ(right.verdict, Verdict::proved) << right.reason;
}

TEST(RegistersTest, ARegisterThatACallLosesIsNot) {
  const sample::Sample sample("r6 = r1\ncall bpf_ktime_get_ns#5\nr0 = *(u32 *)(r6 + 12)\nexit\n");
  const Simulated lost =
      renamed(sample, "r3 = r1\ncall bpf_ktime_get_ns#5\nr0 = *(u32 *)(r3 + 12)\nexit\n", {{3, 6}});
  EXPECT_NE(lost.verdict, Verdict::proved);
}

TEST(RegistersTest, TheResultOfACallIsInR0) {
  const sample::Sample sample("call bpf_ktime_get_ns#5\nr7 = r0\nr0 = 1\nr0 += r7\nexit\n");
  const Simulated wrong = renamed(
      sample, "call bpf_ktime_get_ns#5\nr7 = r6\nr0 = 1\nr0 += r7\nexit\n", {{6, 0}, {0, 6}});
  EXPECT_NE(wrong.verdict, Verdict::proved);
}

TEST(RegistersTest, ArgumentsAndWhatIsReturnedCannotBeRenamedByAClaim) {
  const sample::Sample sample("r0 = *(u32 *)(r1 + 12)\nr3 = 5\nexit\n");
  EXPECT_NE(renamed(sample, "r3 = *(u32 *)(r1 + 12)\nr0 = 5\nexit\n", {{3, 0}, {0, 3}}).verdict,
            Verdict::proved);
  EXPECT_NE(renamed(sample, "r0 = *(u32 *)(r2 + 12)\nr3 = 5\nexit\n", {{2, 1}, {1, 2}}).verdict,
            Verdict::proved);
  const sample::Sample call("r2 = 7\nr1 = 1\ncall bpf_ringbuf_submit#132\nr0 = 0\nexit\n");
  EXPECT_NE(
      renamed(call, "r1 = 7\nr2 = 1\ncall bpf_ringbuf_submit#132\nr0 = 0\nexit\n", {{1, 2}, {2, 1}})
          .verdict,
      Verdict::proved);
}

TEST(RegistersTest, AnAccessThroughAnUnknownPointerMayBeRenamedWithIt) {
  const char* const text =
      "r6 = *(u32 *)(r1 + 0)\nr7 = *(u64 *)(r6 + 0)\nif r7 == 0 goto out\nr8 = *(u64 *)(r7 + 8)\n"
      "r0 = r8\nexit\nout:\nr0 = 0\nexit\n";
  const sample::Sample sample(text, program::ProgType::kprobe);
  const Outcome outcome = optimized(sample);
  EXPECT_TRUE(saved_registers(outcome.code).empty()) << text_of(outcome.code);
  for (const Undone& undone : outcome.undone) ADD_FAILURE() << undone.rule << ": " << undone.why;
  const Simulated other_base =
      renamed(sample,
              "r6 = *(u32 *)(r1 + 0)\nr7 = *(u64 *)(r6 + 0)\nif r7 == 0 goto out\n"
              "r8 = *(u64 *)(r6 + 8)\nr0 = r8\nexit\nout:\nr0 = 0\nexit\n",
              {});
  EXPECT_NE(other_base.verdict, Verdict::proved);
}

}  // namespace
}  // namespace probity::opt
