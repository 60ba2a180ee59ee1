// SPDX-License-Identifier: Apache-2.0
// The generators that are no rows: dead code and stores, branches, copies.
#include <algorithm>

#include "opt/reachable.hpp"
#include "rewritten.hpp"

namespace probity::opt {
namespace {

struct Row {
  const char* name;
  const char* before;
  const char* after;
};
std::string name_of(const testing::TestParamInfo<Row>& row) {
  return row.param.name;
}

class DeadCode : public testing::TestWithParam<Row> {};
TEST_P(DeadCode, IsLeftOut) {
  EXPECT_EQ(rewritten(GetParam().before, {dead_code_generator()}).text, GetParam().after);
}
const Row dead_rows[] = {
    {"values", "r2 = 1\nr3 = r2\nr0 = 0\nexit\n", "r0 = 0; exit"},
    {"loads", "r2 = *(u32 *)(r1 + 0)\nr0 = 0\nexit\n", "r0 = 0; exit"},
    {"stores", "*(u64 *)(r10 - 8) = 1\n*(u32 *)(r10 - 8) = 2\nr0 = *(u32 *)(r10 - 8)\nexit\n",
     "*(u32 *)(r10 - 8) = 2; r0 = *(u32 *)(r10 - 8); exit"},
    {"calls_stay", "call bpf_ktime_get_ns#5\nr0 = 0\nexit\n",
     "call bpf_ktime_get_ns#5; r0 = 0; exit"},
    {"atomics_stay", "*(u64 *)(r10 - 8) = 1\nr1 = 1\nlock *(u64 *)(r10 - 8) += r1\nr0 = 0\nexit\n",
     "*(u64 *)(r10 - 8) = 1; r1 = 1; lock *(u64 *)(r10 - 8) += r1; r0 = 0; exit"},
    {"unreachable", "r0 = 0\nexit\nr0 = 1\nexit\n", "r0 = 0; exit"},
};
INSTANTIATE_TEST_SUITE_P(Generators, DeadCode, testing::ValuesIn(dead_rows), name_of);

class Branches : public testing::TestWithParam<Row> {};
TEST_P(Branches, TakeAlongWhatTheyCutOff) {
  const sample::Sample program(GetParam().before);
  const Facts facts = Facts::of(program.code(), program.view());
  const Live live = Live::of(program.code(), facts, program.view());
  const Version version{program.code(), facts, live, program.view()};
  const auto changes = branch_generator().propose(version, {Goal::size, bpf::Cpu::v3});
  EXPECT_FALSE(changes.empty());
  for (const Change& change : changes) {
    const std::vector<bool> left = reachable(program.code().with(change));
    EXPECT_EQ(std::ranges::count(left, false), 0) << change.rule;
  }
}
TEST_P(Branches, AreShortened) {
  EXPECT_EQ(rewritten(GetParam().before, {branch_generator(), dead_code_generator()}).text,
            GetParam().after);
}
const Row branch_rows[] = {
    {"jump_to_a_jump",
     "r0 = *(u32 *)(r1 + 12)\nif r0 == 1 goto a\nr0 = 2\na:\ngoto b\nc:\nr0 = 5\nexit\nb:\n"
     "r0 += r0\nif r0 == 3 goto c\nexit\n",
     "r0 = *(u32 *)(r1 + 12); if r0 == 1 goto @3; r0 = 2; r0 += r0; if r0 == 3 goto @6; exit; r0 = "
     "5; exit"},
    {"around_a_jump", "r0 = *(u32 *)(r1 + 12)\nif r0 == 1 goto a\ngoto b\na:\nr0 = 2\nb:\nexit\n",
     "r0 = *(u32 *)(r1 + 12); if r0 != 1 goto @3; r0 = 2; exit"},
    {"to_the_next_insn", "r0 = *(u32 *)(r1 + 12)\nif r0 == 1 goto a\na:\nexit\n",
     "r0 = *(u32 *)(r1 + 12); exit"},
    {"decided_by_facts",
     "r0 = *(u32 *)(r1 + 12)\nr0 &= 255\nif r0 > 255 goto a\nexit\na:\nr0 = 7\nexit\n",
     "r0 = *(u32 *)(r1 + 12); r0 &= 255; exit"},
    {"one_target", "r0 = *(u32 *)(r1 + 12)\nif r0 == 1 goto a\ngoto a\nb:\nr0 = 2\na:\nexit\n",
     "r0 = *(u32 *)(r1 + 12); exit"},
};
INSTANTIATE_TEST_SUITE_P(Generators, Branches, testing::ValuesIn(branch_rows), name_of);

class CopyTest : public testing::TestWithParam<Row> {};
TEST_P(CopyTest, IsReadNoMore) {
  EXPECT_EQ(rewritten(GetParam().before, {copy_generator(), dead_code_generator()}).text,
            GetParam().after);
}
const Row copy_rows[] = {
    {"over_a_branch",
     "r2 = *(u32 *)(r1 + 12)\nr3 = r2\nr0 = 0\nif r2 == 1 goto a\nr0 += r3\na:\nexit\n",
     "r2 = *(u32 *)(r1 + 12); r0 = 0; if r2 == 1 goto @4; r0 += r2; exit"},
    {"that_is_changed_stays", "r2 = *(u32 *)(r1 + 12)\nr3 = r2\nr3 += 1\nr0 = r3\nr0 += r2\nexit\n",
     "r2 = *(u32 *)(r1 + 12); r0 = r2; r0 += 1; r0 += r2; exit"},
    {"of_what_is_changed_stays", "r2 = *(u32 *)(r1 + 12)\nr0 = r2\nr2 += 1\nr0 += r2\nexit\n",
     "r2 = *(u32 *)(r1 + 12); r0 = r2; r2 += 1; r0 += r2; exit"},
    {"not_over_a_call",
     "r6 = *(u32 *)(r1 + 12)\nr2 = r6\ncall bpf_ktime_get_ns#5\nr0 += r6\nexit\n",
     "r6 = *(u32 *)(r1 + 12); call bpf_ktime_get_ns#5; r0 += r6; exit"},
};
INSTANTIATE_TEST_SUITE_P(Generators, CopyTest, testing::ValuesIn(copy_rows), name_of);

}  // namespace
}  // namespace probity::opt
