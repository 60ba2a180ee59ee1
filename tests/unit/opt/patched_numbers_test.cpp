// SPDX-License-Identifier: Apache-2.0
// Numbers that a loader patches: where the optimizer computes with them in place, and that nothing
// is proved that holds only for the number in the file.
#include <gtest/gtest.h>

#include "code_sample.hpp"
#include "object/object.hpp"
#include "opt/code_text.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"

namespace probity::opt {
namespace {

using Verdict = Simulated::Verdict;

/// A kprobe program, some slots of which bear CO-RE records.
class Patched {
 public:
  Patched(std::string_view text, std::vector<std::uint32_t> slots)
      : sample_(text, program::ProgType::kprobe) {
    const program::View& view = sample_.view();
    program_.slots.assign(view.slots.begin(), view.slots.end());
    program_.subprogs.assign(view.subprogs.begin(), view.subprogs.end());
    for (const std::uint32_t slot : slots) program_.core.push_back({slot, {}});
    auto code = Code::from(program_);
    PROBITY_CHECK(code.has_value());
    code_ = *std::move(code);
  }
  const Code& code() const { return code_; }
  const program::View& view() const { return sample_.view(); }

  Outcome optimized() const {
    Options options;
    options.generators = standard_generators();
    return optimize(code_, view(), options);
  }
  Verdict verdict_of(const Change& change) const {
    return simulate(code_, code_.with(change), view(), {}).verdict;
  }

 private:
  sample::Sample sample_;
  object::Program program_;
  Code code_;
};

std::string text_of(const Code& code) {
  return kernel_text(code.nodes());
}

constexpr const char* field_read =
    "r6 = *(u64 *)(r1 + 0)\nr1 = 24\nr6 += r1\nr1 = r10\nr1 += -8\nr2 = 8\nr3 = r6\n"
    "call bpf_probe_read_kernel#113\nr0 = *(u64 *)(r10 - 8)\nexit\n";

TEST(PatchedNumbers, AreAddedWhereTheyAre) {
  const Patched sample(field_read, {1});
  const Outcome outcome = sample.optimized();
  EXPECT_EQ(outcome.code.slot_count(), 8u) << text_of(outcome.code);
  bool adds = false;
  for (const Node& node : outcome.code.nodes()) {
    adds = adds || (node.patched && node.insn.form == bpf::Form::add64_imm && node.old_slot == 1 &&
                    node.origin == object::Origin::copied);
  }
  EXPECT_TRUE(adds) << text_of(outcome.code);
  EXPECT_TRUE(outcome.undone.empty());
}

TEST(PatchedNumbers, NothingIsKnownOfTheirValue) {
  const Patched sample("r0 = 24\nr0 &= 7\nexit\n", {0});
  const Code& code = sample.code();
  EXPECT_NE(sample.verdict_of(sample::change(code, 0, 2, "r0 = 0")), Verdict::proved);
  EXPECT_NE(sample.verdict_of({"test", {{1, 1, {}}}}), Verdict::proved);
  const Patched branch("r1 = 1\nr0 = 0\nif r1 == 0 goto out\nr0 = 5\nout:\nexit\n", {0});
  EXPECT_NE(branch.verdict_of({"test", {{2, 1, {}}}}), Verdict::proved);
  const Outcome outcome = branch.optimized();
  EXPECT_GE(outcome.code.slot_count(), 5u) << text_of(outcome.code);
}

TEST(PatchedNumbers, AnotherOperationOrPlaceIsNotProved) {
  const Patched sample(field_read, {1});
  const Code& code = sample.code();
  Node number = code[1];
  number.insn.dst = bpf::Reg::r6;
  const auto with = [&](bpf::Form form, const Node& from) {
    Node fresh = from;
    fresh.insn.form = form;
    return sample.verdict_of({"test", {{1, 1, {}}, {2, 1, {fresh}}}});
  };
  EXPECT_EQ(with(bpf::Form::add64_imm, number), Verdict::proved);
  EXPECT_NE(with(bpf::Form::sub64_imm, number), Verdict::proved);
  EXPECT_NE(with(bpf::Form::add32_imm, number), Verdict::proved);
  Node plain = number;  // the number of the file, which no loader patches
  plain.patched = false;
  EXPECT_NE(with(bpf::Form::add64_imm, plain), Verdict::proved);
  Node other = number;  // the record of another insn
  other.old_slot = 5;
  EXPECT_NE(with(bpf::Form::add64_imm, other), Verdict::proved);
}

TEST(PatchedNumbers, AreNotExecutedWhereTheyWereNot) {
  // A loader that cannot patch an insn makes it one that must not run.
  const Patched sample("r0 = *(u64 *)(r1 + 0)\nif r0 == 0 goto out\nr2 = 8\nr0 += r2\nout:\nexit\n",
                       {2});
  const Code& code = sample.code();
  const Change hoisted{"test", {{1, 0, {code[2]}}, {2, 1, {}}}};
  EXPECT_NE(sample.verdict_of(hoisted), Verdict::proved);
}

}  // namespace
}  // namespace probity::opt
