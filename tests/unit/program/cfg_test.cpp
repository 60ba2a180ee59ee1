// SPDX-License-Identifier: Apache-2.0
// Blocks, edges, back edges and post-dominators on shapes drawn by hand, and against a brute-force
// definition on random programs: p post-dominates b when no way from b to an end avoids p.
#include "program/cfg.hpp"

#include <random>

#include "sample_program.hpp"

namespace probity::program {
namespace {

struct Built {
  explicit Built(std::string_view text)
      : program(text),
        memory(cfg_arena_bytes(program.slots.size(), program.subprogs.size())),
        arena(memory),
        cfg(build_cfg(program.view, arena)) {
    EXPECT_TRUE(cfg) << cfg.error().line();
  }
  const Block& at(std::uint32_t slot) const { return cfg->block_at(slot); }
  std::uint32_t index_at(std::uint32_t slot) const { return cfg->block_of[slot]; }

  SampleProgram program;
  std::vector<std::byte> memory;
  Arena arena;
  Expected<Cfg> cfg;
};

TEST(Cfg, DiamondJoinsAtItsPostdominator) {
  const Built built(R"(
    if r1 == 0 goto other
    r0 = 1
    goto join
other: r0 = 0x2 ll
join: exit
)");
  ASSERT_EQ(built.cfg->blocks.size(), 4u);
  EXPECT_EQ(built.at(0).next, built.index_at(1));
  EXPECT_EQ(built.at(0).taken, built.index_at(3));
  EXPECT_EQ(built.at(0).postdominator, built.index_at(5));
  EXPECT_EQ(built.at(1).postdominator, built.index_at(5));
  EXPECT_EQ(built.at(4).postdominator, built.index_at(5));
  EXPECT_EQ(built.at(5).postdominator, no_block);
  EXPECT_TRUE(built.at(5).may_end);
  EXPECT_EQ(built.at(1).last_slot, 2u);
  EXPECT_EQ(built.at(3).end_slot, 5u);
  EXPECT_TRUE(built.cfg->back_edges.empty());
}

TEST(Cfg, TwoExitsHaveNoCommonPostdominator) {
  const Built built("if r1 == 0 goto +1\nexit\nexit\n");
  EXPECT_EQ(built.at(0).postdominator, no_block);
  EXPECT_TRUE(built.at(0).reaches_end);
}

TEST(Cfg, LoopsHaveBackEdgesAndDeadCodeIsUnreachable) {
  const Built built(R"(
    r0 = 10
head: r0 -= 1
    if r0 != 0 goto head
    exit
    r0 = 5
    exit
)");
  ASSERT_EQ(built.cfg->back_edges.size(), 1u);
  EXPECT_EQ(built.cfg->back_edges[0], (BackEdge{built.index_at(1), built.index_at(1)}));
  EXPECT_TRUE(built.at(1).loop_head);
  EXPECT_EQ(built.at(1).postdominator, built.index_at(3));
  EXPECT_FALSE(built.at(4).reachable);
  EXPECT_TRUE(built.at(3).reachable);
}

TEST(Cfg, AnEndlessLoopReachesNoEnd) {
  const Built built("if r1 == 0 goto spin\nexit\nspin: goto spin\n");
  EXPECT_FALSE(built.at(2).reaches_end);
  EXPECT_EQ(built.at(2).postdominator, no_block);
  EXPECT_EQ(built.at(0).postdominator, built.index_at(1));
}

TEST(Cfg, SubprogramsAreApart) {
  const Built built("call f\nexit\nf: if r1 > 3 goto +1\nr1 = 2\nr0 = r1\nexit\n");
  EXPECT_EQ(built.at(0).subprog, 0u);
  EXPECT_EQ(built.at(2).subprog, 1u);
  EXPECT_EQ(built.cfg->entry_block[1], built.index_at(2));
  EXPECT_TRUE(built.at(4).reachable);
  EXPECT_EQ(built.at(0).end_slot, 2u);
}

TEST(Cfg, PacketLoadsMayEnd) {
  const Built built("r6 = r1\nr0 = *(u8 *)skb[12]\nif r0 == 1 goto +0\nexit\n");
  EXPECT_TRUE(built.at(0).may_end);
  EXPECT_EQ(built.at(0).postdominator, no_block);
}

TEST(Cfg, BadInputIsRefused) {
  const SampleProgram outside("goto +5\nexit\n");
  std::vector<std::byte> memory(4096);
  Arena arena(memory);
  const auto cfg = build_cfg(outside.view, arena);
  ASSERT_FALSE(cfg);
  EXPECT_EQ(cfg.error().line(), "slot 0: ja to slot 6, outside the program's 2 slots");

  const SampleProgram good("r0 = 1\nexit\n");
  std::vector<std::byte> tiny(8);
  Arena small(tiny);
  const auto no_memory = build_cfg(good.view, small);
  ASSERT_FALSE(no_memory);
  EXPECT_EQ(no_memory.error().fault(), Fault::limit);
}

/// Can control get from `from` to an end without entering `avoided`?
bool ends_without(const Cfg& cfg, std::uint32_t from, std::uint32_t avoided) {
  std::vector<std::uint32_t> open = {from};
  std::vector<bool> seen(cfg.blocks.size());
  while (!open.empty()) {
    const std::uint32_t block = open.back();
    open.pop_back();
    if (block == avoided || seen[block]) continue;
    seen[block] = true;
    if (cfg.blocks[block].may_end) return true;
    for (const std::uint32_t to : cfg.blocks[block].successors()) {
      if (to != no_block) open.push_back(to);
    }
  }
  return false;
}

TEST(Cfg, PostdominatorsMatchTheirDefinition) {
  std::mt19937 random(3);
  std::size_t found = 0;
  for (int n = 0; n < 300; ++n) {
    const int size = 3 + static_cast<int>(random() % 20);
    std::string text;
    for (int i = 0; i < size; ++i) {
      const int target = static_cast<int>(random() % static_cast<unsigned>(size + 1));
      const std::string off = std::to_string(target - i - 1);
      const std::string sign = target - i - 1 >= 0 ? "+" : "";
      const auto kind = random() % 5;
      if (kind == 0)
        text += "goto " + sign + off + "\n";
      else if (kind < 3)
        text += "if r1 == 0 goto " + sign + off + "\n";
      else if (kind == 3)
        text += "exit\n";
      else
        text += "r0 = 1\n";
    }
    const Built built(text + "exit\n");
    const Cfg& cfg = *built.cfg;
    for (std::uint32_t b = 0; b < cfg.blocks.size(); ++b) {
      EXPECT_EQ(cfg.blocks[b].reaches_end, ends_without(cfg, b, no_block)) << text;
      if (!cfg.blocks[b].reaches_end) continue;
      // The strict post-dominators of b form a chain; the immediate one is post-dominated by all
      // others.
      const std::uint32_t immediate = cfg.blocks[b].postdominator;
      for (std::uint32_t p = 0; p < cfg.blocks.size(); ++p) {
        if (p == b || ends_without(cfg, b, p)) continue;
        ++found;
        ASSERT_NE(immediate, no_block) << text;
        EXPECT_TRUE(p == immediate || !ends_without(cfg, immediate, p)) << text;
      }
      EXPECT_TRUE(immediate == no_block || !ends_without(cfg, b, immediate)) << text;
    }
  }
  EXPECT_GT(found, 1000u);
}

}  // namespace
}  // namespace probity::program
