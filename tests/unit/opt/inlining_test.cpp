// SPDX-License-Identifier: Apache-2.0
// Code of a subprogram in place of its calls: what comes out, what is refused, and what the proof
// must not take, whatever the inliner made.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "code_sample.hpp"
#include "opt/code_text.hpp"
#include "opt/inlining.hpp"
#include "opt/inlining_proof.hpp"
#include "opt/live.hpp"

namespace probity::opt {
namespace {

Expected<Inlined> inlined(const sample::Sample& sample, std::uint32_t callee = 1) {
  const Facts facts = Facts::of(sample.code(), sample.view());
  const Live live = Live::of(sample.code(), facts, sample.view());
  return inline_subprog({sample.code(), facts, live, sample.view()}, callee);
}

std::string objection(const sample::Sample& sample, const Inlined& made) {
  const Facts facts = Facts::of(sample.code(), sample.view());
  return prove_inlining(sample.code(), facts, made, sample.view()).objection;
}

// --- what comes out ---

struct Row {
  const char* name;
  const char* program;
  const char* result;
};

/// The caller needs r6 across the call, and one word of its frame.
constexpr const char* count_twice =
    "r6 = r1\n*(u32 *)(r10 - 8) = 7\nr1 = 3\ncall mark\nr1 = *(u32 *)(r6 + 12)\nr1 += r0\n"
    "r2 = *(u32 *)(r10 - 8)\nr1 += r2\ncall mark\nr0 += 2\nexit\n"
    "mark:\nr6 = r1\n*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[1] ll\n"
    "call 1\nif r0 == 0 goto out\nr1 = *(u64 *)(r0 + 0)\nr1 |= r6\n*(u64 *)(r0 + 0) = r1\n"
    "r0 = 0\nexit\nout:\nr0 = 1\nexit\n";

const Row rows[] = {
    {"one_exit", "call f\nr0 += 1\nexit\nf:\nr0 = 4\nexit\n", "r0 = 4; r0 += 1; exit"},
    {"two_exits",
     "r1 = *(u32 *)(r1 + 12)\ncall f\nr0 += 1\nexit\n"
     "f:\nif r1 == 0 goto a\nr0 = 4\nexit\na:\nr0 = 5\nexit\n",
     "r1 = *(u32 *)(r1 + 12); if r1 == 0 goto @4; r0 = 4; goto @5; r0 = 5; r0 += 1; exit"},
    {"a_register_of_the_caller",
     "r6 = *(u32 *)(r1 + 12)\nr1 = 3\ncall f\nr0 += r6\nexit\n"
     "f:\nr6 = r1\nr0 = r6\nr0 += r6\nexit\n",
     "r6 = *(u32 *)(r1 + 12); r1 = 3; r9 = r1; r0 = r9; r0 += r9; r0 += r6; exit"},
    {"a_leaf_takes_what_calls_lose",
     "r6 = *(u32 *)(r1 + 12)\nr7 = r6\nr8 = r6\nr9 = r6\ncall f\nr0 += r6\nr0 += r7\nr0 += r8\n"
     "r0 += r9\nexit\nf:\nr6 = 3\nr0 = r6\nexit\n",
     "r6 = *(u32 *)(r1 + 12); r7 = r6; r8 = r6; r9 = r6; r1 = 3; r0 = r1; r0 += r6; r0 += r7; "
     "r0 += r8; r0 += r9; exit"},
    {"frames", count_twice,
     "r6 = r1; *(u32 *)(r10 - 8) = 7; r1 = 3; "
     "r9 = r1; *(u32 *)(r10 - 12) = 0; r2 = r10; r2 += -8; r2 += -4; r1 = map[1] ll; "
     "call bpf_map_lookup_elem#1; if r0 == 0 goto @16; r1 = *(u64 *)(r0 + 0); r1 |= r9; "
     "*(u64 *)(r0 + 0) = r1; r0 = 0; goto @17; r0 = 1; "
     "r1 = *(u32 *)(r6 + 12); r1 += r0; r2 = *(u32 *)(r10 - 8); r1 += r2; "
     "r6 = r1; *(u32 *)(r10 - 12) = 0; r2 = r10; r2 += -8; r2 += -4; r1 = map[1] ll; "
     "call bpf_map_lookup_elem#1; if r0 == 0 goto @34; r1 = *(u64 *)(r0 + 0); r1 |= r6; "
     "*(u64 *)(r0 + 0) = r1; r0 = 0; goto @35; r0 = 1; r0 += 2; exit"},
    {"registers_kept_in_the_frame",
     "*(u32 *)(r10 - 4) = 0\nr6 = *(u32 *)(r1 + 12)\nr7 = r6\nr8 = r6\nr9 = r6\ncall f\nr0 += r6\n"
     "r0 += r7\nr0 += r8\nr0 += r9\nexit\nf:\nr6 = r1\nr8 = r6\ncall 5\n*(u8 *)(r10 - 1) = r0\n"
     "if r0 == 0 goto out\nr0 = *(u8 *)(r10 - 1)\nexit\nout:\nr0 += r6\nr0 += r8\nexit\n",
     "*(u32 *)(r10 - 4) = 0; r6 = *(u32 *)(r1 + 12); r7 = r6; r8 = r6; r9 = r6; "
     "*(u64 *)(r10 - 24) = r6; *(u64 *)(r10 - 32) = r7; r6 = r1; r7 = r6; call bpf_ktime_get_ns#5; "
     "*(u8 *)(r10 - 9) = r0; if r0 == 0 goto @14; r0 = *(u8 *)(r10 - 9); goto @16; r0 += r6; "
     "r0 += r7; r6 = *(u64 *)(r10 - 24); r7 = *(u64 *)(r10 - 32); r0 += r6; r0 += r7; r0 += r8; "
     "r0 += r9; exit"},
    {"an_argument_in_the_callers_frame",
     "r1 = r10\nr1 += -8\ncall f\nr0 = *(u64 *)(r10 - 8)\nexit\n"
     "f:\n*(u64 *)(r10 - 16) = 5\nr2 = *(u64 *)(r10 - 16)\n*(u64 *)(r1 + 0) = r2\nr0 = 0\nexit\n",
     "r1 = r10; r1 += -8; *(u64 *)(r10 - 24) = 5; r2 = *(u64 *)(r10 - 24); *(u64 *)(r1 + 0) = r2; "
     "r0 = 0; r0 = *(u64 *)(r10 - 8); exit"},
};

class Inlining : public testing::TestWithParam<Row> {};

TEST_P(Inlining, PutsTheCodeInPlaceAndIsProved) {
  const sample::Sample sample(GetParam().program);
  const auto made = inlined(sample);
  ASSERT_TRUE(made) << made.error().line();
  EXPECT_EQ(kernel_text(made->code.nodes()), GetParam().result);
  EXPECT_EQ(objection(sample, *made), "");
  EXPECT_TRUE(made->code.slots());
}
INSTANTIATE_TEST_SUITE_P(Rows, Inlining, testing::ValuesIn(rows),
                         [](const auto& info) { return info.param.name; });

TEST(InliningNumbers, SayWhatEachSlotIsInTheLinkedProgram) {
  const sample::Sample sample("call f\nr0 += 1\nexit\nf:\nr1 = map[1] ll\nr0 = 4\nexit\n");
  const auto made = inlined(sample);
  ASSERT_TRUE(made);
  const auto edit = made->code.edit();
  ASSERT_TRUE(edit);
  std::vector<std::uint32_t> from;
  for (const object::EditedSlot& slot : edit->slots) {
    EXPECT_EQ(slot.origin, object::Origin::copied);
    from.push_back(slot.old_slot);
  }
  EXPECT_EQ(from, (std::vector<std::uint32_t>{3, 4, 5, 1, 2}));
  EXPECT_EQ(edit->subprogs, (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(edit->subprog_starts, (std::vector<std::uint32_t>{0}));
}

TEST(InliningNumbers, GoOnCountingInTheLinkedProgram) {
  const sample::Sample sample(
      "call f\nr0 += 1\nexit\nf:\ncall g\nr0 += 2\nexit\ng:\nr0 = 4\nexit\n");
  auto first = inlined(sample, 2);
  ASSERT_TRUE(first);
  const Facts facts = Facts::of(first->code, sample.view());
  const Live live = Live::of(first->code, facts, sample.view());
  const auto second = inline_subprog({first->code, facts, live, sample.view()}, 1);
  ASSERT_TRUE(second);
  EXPECT_EQ(prove_inlining(first->code, facts, *second, sample.view()).objection, "");
  std::vector<std::uint32_t> from;
  for (const Node& node : second->code.nodes())
    from.push_back(second->code.linked_slot(node.old_slot));
  EXPECT_EQ(from, (std::vector<std::uint32_t>{6, 4, 1, 2}));
}

/// Whoever calls a function that returns nothing leaves r0 alone, and so does who calls that one.
TEST(InliningResults, MayBeNothing) {
  const sample::Sample sample(
      "r1 = 7\ncall f\nr0 = 0\nexit\nf:\ncall g\nexit\ng:\n*(u64 *)(r10 - 8) = r1\nexit\n");
  const auto made = inlined(sample, 2);
  ASSERT_TRUE(made);
  EXPECT_EQ(objection(sample, *made), "");
}

// --- what is refused ---

struct Refused {
  const char* name;
  const char* program;
  const char* why;  ///< of the inliner or, when that goes on, of the proof
};

const Refused refused[] = {
    {"recursion", "call f\nexit\nf:\nif r1 == 0 goto a\nr1 = 0\ncall f\na:\nr0 = 0\nexit\n",
     "it calls itself"},
    {"no_room_for_a_register",
     "*(u64 *)(r10 - 512) = 0\nr6 = *(u32 *)(r1 + 12)\nr7 = r6\nr8 = r6\nr9 = r6\ncall f\n"
     "r0 += r6\nr0 += r7\nr0 += r8\nr0 += r9\nexit\nf:\nr6 = 3\ncall 5\nr0 += r6\nexit\n",
     "its frame and its caller's are too large for one"},
    {"tail_call", "r2 = map[1] ll\nr3 = 0\ncall f\nexit\nf:\ncall 12\nr0 = 0\nexit\n",
     "ends the program, or shows who called whom"},
    {"a_callees_callee_shows_the_stack",
     "call f\nexit\nf:\ncall g\nr0 += 1\nexit\n"
     "g:\nr2 = map[1] ll\nr3 = 0\ncall bpf_get_stackid#27\nexit\n",
     "ends the program, or shows who called whom"},
    {"may_goto", "call f\nexit\nf:\nr0 = 0\nmay_goto +1\nr0 += 1\nexit\n",
     "an insn that depends on the frame it runs in"},
    {"frames_too_large",
     "*(u64 *)(r10 - 400) = 0\ncall f\nr0 = *(u64 *)(r10 - 400)\nexit\n"
     "f:\n*(u64 *)(r10 - 200) = 0\nr0 = *(u64 *)(r10 - 200)\nexit\n",
     "its frame and its caller's are too large for one"},
    {"frame_never_written", "call f\nexit\nf:\nr0 = *(u64 *)(r10 - 8)\nexit\n",
     "what is below the caller's frame may be read"},
    {"below_what_was_handed_over",
     "r1 = r10\nr1 += -8\ncall f\nr0 = *(u64 *)(r10 - 8)\nexit\n"
     "f:\n*(u64 *)(r10 - 8) = 5\n*(u64 *)(r1 - 8) = 6\nr0 = *(u64 *)(r10 - 8)\nexit\n",
     "the callee may reach below what the caller needs of its frame"},
    {"frame_in_memory", "call f\nexit\nf:\n*(u64 *)(r10 - 8) = r10\nr0 = 0\nexit\n",
     "it keeps its frame's address in memory"},
};

class InliningRefused : public testing::TestWithParam<Refused> {};

TEST_P(InliningRefused, SaysWhy) {
  const sample::Sample sample(GetParam().program);
  const auto made = inlined(sample);
  const std::string why = made ? objection(sample, *made) : std::string(made.error().line());
  EXPECT_NE(why.find(GetParam().why), std::string::npos) << why;
}
INSTANTIATE_TEST_SUITE_P(Rows, InliningRefused, testing::ValuesIn(refused),
                         [](const auto& info) { return info.param.name; });

// --- what the proof must not take ---

std::uint32_t find(const Code& code, std::string_view text) {
  for (std::uint32_t at = 0; at < code.size(); ++at)
    if (kernel_text(code.nodes().subspan(at, 1)) == text) return at;
  return no_node;
}

struct Mutant {
  const char* name;
  /// Nodes that become others, by their text; empty: they stay.
  const char* was;
  const char* is;
  std::function<void(Inlined*)> change;
};

const Mutant mutants[] = {
    {"another_register", "r9 = r1", "r8 = r1", {}},
    {"the_callers_register", "r1 |= r9", "r1 |= r6", {}},
    {"a_constant", "*(u32 *)(r10 - 12) = 0", "*(u32 *)(r10 - 12) = 1", {}},
    {"another_place_in_the_frame", "*(u32 *)(r10 - 12) = 0", "*(u32 *)(r10 - 16) = 0", {}},
    {"the_callers_frame", "r2 += -8", "r2 += 0", {}},
    {"another_width", "*(u64 *)(r0 + 0) = r1", "*(u32 *)(r0 + 0) = r1", {}},
    {"another_map", "r1 = map[1] ll", "r1 = map[0] ll", {}},
    {"another_helper", "call bpf_map_lookup_elem#1", "call 5", {}},
    {"the_other_way", "", "",
     [](Inlined* made) {
       const std::uint32_t at = find(made->code, "if r0 == 0 goto @16");
       Node node = made->code[at];
       node.insn.form = bpf::Form::jne_imm;
       made->code = made->code.with({"test", {{at, 1, {node}}}});
     }},
    {"another_result", "goto @17", "r0 = 3", {}},
    {"overlapping_frames", "", "",
     [](Inlined* made) {
       for (InlinedCall& call : made->calls) call.frame = 0;
     }},
    {"a_name_that_the_caller_needs", "", "",
     [](Inlined* made) { made->calls[0].registers[6] = 6; }},
    {"a_body_elsewhere", "", "",
     [](Inlined* made) { std::swap(made->calls[0].body, made->calls[1].body); }},
    {"a_place_elsewhere", "", "", [](Inlined* made) { ++made->place[2]; }},
};

/// One register is kept in the frame while the callee runs.
constexpr const char* keeps_one =
    "r6 = *(u32 *)(r1 + 12)\nr7 = r6\nr8 = r6\nr9 = r6\ncall f\nr0 += r6\nr0 += r7\n"
    "r0 += r8\nr0 += r9\nexit\nf:\nr6 = 3\n*(u64 *)(r10 - 8) = r6\ncall 5\n"
    "r1 = *(u64 *)(r10 - 8)\nr0 += r1\nexit\n";

const Mutant keeping_mutants[] = {
    {"another_one_kept", "*(u64 *)(r10 - 16) = r6", "*(u64 *)(r10 - 16) = r7", {}},
    {"not_kept", "*(u64 *)(r10 - 16) = r6", "r1 = 0", {}},
    {"kept_in_the_callees_frame", "*(u64 *)(r10 - 16) = r6", "*(u64 *)(r10 - 8) = r6",
     [](Inlined* made) { made->calls[0].saved[0].off = -8; }},
    {"half_restored", "r6 = *(u64 *)(r10 - 16)", "r6 = *(u32 *)(r10 - 16)", {}},
    {"another_one_restored", "r6 = *(u64 *)(r10 - 16)", "r7 = *(u64 *)(r10 - 16)", {}},
    {"not_restored", "r6 = *(u64 *)(r10 - 16)", "r1 = 0", {}},
};

class InliningMutants : public testing::TestWithParam<Mutant> {};

void expect_refused(const Mutant& mutant, const char* program) {
  const sample::Sample sample(program);
  auto made = inlined(sample);
  ASSERT_TRUE(made);
  ASSERT_EQ(objection(sample, *made), "");
  if (*mutant.was != 0) {
    const std::uint32_t at = find(made->code, mutant.was);
    ASSERT_NE(at, no_node);
    made->code = made->code.with(sample::change(made->code, at, 1, mutant.is));
  }
  if (mutant.change) mutant.change(&*made);
  EXPECT_NE(objection(sample, *made), "");
}

TEST_P(InliningMutants, AreRefused) {
  expect_refused(GetParam(), count_twice);
}
INSTANTIATE_TEST_SUITE_P(Rows, InliningMutants, testing::ValuesIn(mutants),
                         [](const auto& info) { return info.param.name; });

class KeepingMutants : public testing::TestWithParam<Mutant> {};

TEST_P(KeepingMutants, AreRefused) {
  expect_refused(GetParam(), keeps_one);
}
INSTANTIATE_TEST_SUITE_P(Rows, KeepingMutants, testing::ValuesIn(keeping_mutants),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace probity::opt
