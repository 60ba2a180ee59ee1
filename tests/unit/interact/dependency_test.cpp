// SPDX-License-Identifier: Apache-2.0
// Where map contents go: into keys, values, redirects, the packet, the verdict, and into whether
// something happens at all; and which contents can turn one action into another.
#include <algorithm>

#include "interact/dependency.hpp"
#include "interact/influence.hpp"
#include "pair.hpp"

namespace probity::interact {
namespace {

struct Explored {
  std::vector<Subject> subjects;
  term::Store store;
  Footprint footprint;
};

Explored explored(std::string_view text) {
  Explored result;
  result.subjects = subjects_of(text, "r0 = 2\nexit\n");
  auto footprint = explore_footprint(result.subjects[0], {}, result.store);
  EXPECT_TRUE(footprint) << footprint.error().line();
  if (footprint) result.footprint = *std::move(footprint);
  return result;
}

/// "lookup -> operation: role", sorted.
std::vector<std::string> edges_of(std::string_view text) {
  const Explored program = explored(text);
  const auto edges = dependencies(program.subjects[0], program.footprint, program.store);
  EXPECT_TRUE(edges) << edges.error().line();
  std::vector<std::string> lines;
  for (const Edge& edge : *edges) {
    lines.push_back(fmt::format("{} -> {}: {}", edge.from.text(), edge.to.text(), name(edge.role)));
  }
  std::ranges::sort(lines);
  return lines;
}

constexpr std::string_view look_at_slot_3 =
    "*(u32 *)(r10 - 4) = 3\nr1 = map[1] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\n"
    "if r0 == 0 goto out\n";
const std::string slot_3 = "bpf_map_lookup_elem(slots,b0(3)_b1(0)_b2(0)_b3(0))";

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::ranges::find(lines, line) != lines.end();
}

TEST(Dependency, AValueFlowsIntoAKey) {
  const auto edges =
      edges_of(std::string(look_at_slot_3) +
               "r1 = *(u32 *)(r0 + 0)\n*(u32 *)(r10 - 4) = r1\nr1 = map[0] ll\n"
               "r2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\nout:\nr0 = 2\nexit\n");
  EXPECT_TRUE(
      has(edges, slot_3 + " -> bpf_map_lookup_elem(table,b0(sym)_b1(sym)_b2(sym)_b3(sym)): key"))
      << ::testing::PrintToString(edges);
  EXPECT_FALSE(has(edges, slot_3 + " -> return: value"));
}

TEST(Dependency, AValueFlowsIntoAValue) {
  const auto edges =
      edges_of(std::string(look_at_slot_3) +
               "r1 = *(u64 *)(r0 + 0)\n*(u64 *)(r10 - 16) = r1\n*(u32 *)(r10 - 4) = 9\n"
               "r1 = map[0] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\n"
               "call bpf_map_update_elem#2\nout:\nr0 = 2\nexit\n");
  EXPECT_TRUE(has(edges, slot_3 + " -> bpf_map_update_elem(table,b0(9)_b1(0)_b2(0)_b3(0)): value"))
      << ::testing::PrintToString(edges);
}

TEST(Dependency, PresenceDecidesWhatHappens) {
  const auto edges = edges_of(
      "*(u32 *)(r10 - 4) = 3\nr1 = map[0] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\n"
      "if r0 != 0 goto out\n*(u64 *)(r10 - 16) = 1\nr1 = map[0] ll\nr2 = r10\nr2 += -4\n"
      "r3 = r10\nr3 += -16\nr4 = 0\ncall bpf_map_update_elem#2\nout:\nr0 = 2\nexit\n");
  const std::string entry = "(table,b0(3)_b1(0)_b2(0)_b3(0))";
  EXPECT_TRUE(
      has(edges, "bpf_map_lookup_elem" + entry + " -> bpf_map_update_elem" + entry + ": presence"))
      << ::testing::PrintToString(edges);
  EXPECT_FALSE(has(edges, "bpf_map_lookup_elem" + entry + " -> return: presence"));
}

TEST(Dependency, ARedirectTakesItsIndexFromAMap) {
  const auto edges = edges_of(std::string(look_at_slot_3) +
                              "r2 = *(u32 *)(r0 + 0)\nr1 = map[3] ll\nr3 = 2\n"
                              "call bpf_redirect_map#51\nexit\nout:\nr0 = 2\nexit\n");
  const auto redirects = std::ranges::count_if(edges, [](const std::string& line) {
    return line.starts_with(slot_3) && line.find("bpf_redirect_map") != std::string::npos &&
           line.ends_with(": redirect index");
  });
  EXPECT_EQ(redirects, 1) << ::testing::PrintToString(edges);
}

TEST(Dependency, BranchesNameTheContentsTheyCompare) {
  const Explored program =
      explored(std::string(look_at_slot_3) +
               "r1 = *(u32 *)(r0 + 4)\nr0 = 1\nif r1 > 5 goto leave\nout:\nr0 = 2\nleave:\nexit\n");
  const auto influences = branch_influences(program.subjects[0], program.footprint, program.store);
  ASSERT_TRUE(influences) << influences.error().line();
  std::set<std::string> names;
  for (const BranchInfluence& influence : *influences) {
    names.insert(influence.direct.begin(), influence.direct.end());
  }
  EXPECT_EQ(names, std::set<std::string>{"slots.b0(3)_b1(0)_b2(0)_b3(0)"});
}

TEST(Dependency, ADotFileHasEveryEdge) {
  const Explored program = explored(std::string(look_at_slot_3) +
                                    "r1 = *(u8 *)(r0 + 0)\nr0 = r1\nexit\nout:\nr0 = 2\nexit\n");
  const auto edges = dependencies(program.subjects[0], program.footprint, program.store);
  ASSERT_TRUE(edges);
  ASSERT_EQ(edges->size(), 1u);
  const std::string dot = print_dot(program.subjects, *edges);
  EXPECT_NE(dot.find("n0 -> n1 [label=\"value\"]"), std::string::npos) << dot;
  EXPECT_NE(dot.find("slots,b0(3)"), std::string::npos) << dot;
}

TEST(Influence, AThresholdFlipsTheAction) {
  const std::vector<Subject> subjects =
      subjects_of(std::string(look_at_slot_3) +
                      "r1 = *(u32 *)(r0 + 4)\nr0 = 1\nif r1 > 5 goto leave\nout:\nr0 = 2\nleave:\n"
                      "exit\n",
                  "r0 = 2\nexit\n");
  const auto influence = map_influence(subjects[0], "slots", {});
  ASSERT_TRUE(influence) << influence.error().line();
  EXPECT_EQ(influence->status, MapInfluence::Status::flips);
  ASSERT_EQ(influence->flips.size(), 2u);  // DROP into PASS and PASS into DROP
  for (const Flip& flip : influence->flips) {
    EXPECT_NE(flip.action, flip.other);
    EXPECT_EQ(flip.replayed.outcome, symex::Outcome::reproduced) << flip.replayed.text;
  }
}

TEST(Influence, ACounterDecidesNothing) {
  const std::vector<Subject> subjects =
      subjects_of(std::string(look_at_slot_3) +
                      "r1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 0) = r1\nout:\nr0 = 2\nexit\n",
                  "r0 = 2\nexit\n");
  const auto influence = map_influence(subjects[0], "slots", {});
  ASSERT_TRUE(influence) << influence.error().line();
  EXPECT_EQ(influence->status, MapInfluence::Status::none);
}

TEST(Influence, PresenceOfAnEntryFlipsTheAction) {
  const std::vector<Subject> subjects = subjects_of(
      "*(u32 *)(r10 - 4) = 3\nr1 = map[0] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\n"
      "if r0 == 0 goto out\nr0 = 1\nexit\nout:\nr0 = 2\nexit\n",
      "r0 = 2\nexit\n");
  const auto influence = map_influence(subjects[0], "table", {});
  ASSERT_TRUE(influence) << influence.error().line();
  EXPECT_EQ(influence->flips.size(), 2u);
  for (const Flip& flip : influence->flips) {
    EXPECT_EQ(flip.replayed.outcome, symex::Outcome::reproduced) << flip.replayed.text;
  }
}

TEST(Sets, AreWrittenAsDracoWritesThem) {
  const Explored program = explored(
      "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 14\nif r4 > r3 goto out\n"
      "r5 = *(u16 *)(r2 + 12)\n*(u8 *)(r2 + 0) = 1\n*(u32 *)(r10 - 4) = r5\nr1 = map[0] ll\n"
      "r2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\nout:\nr0 = 2\nexit\n");
  const NamedSets sets = named_sets(program.footprint, program.store);
  EXPECT_EQ(sets.read, (std::set<std::string>{"b12", "b13", "length",
                                              "map:table.b0(sym)_b1(sym)_b2(0)_b3(0)"}));
  EXPECT_EQ(sets.write, (std::set<std::string>{"b0"}));
}

}  // namespace
}  // namespace probity::interact
