// SPDX-License-Identifier: Apache-2.0
// The analysis of upper halves on small programs, and its check on random sets.
#include <random>

#include <gtest/gtest.h>

#include "isa/bpf/codec.hpp"
#include "jit/upper_halves.hpp"

namespace probity::jit {
namespace {

using bpf::Form;
using bpf::Insn;
using enum bpf::Reg;

struct Analysed {
  std::vector<bpf::Slot> slots;
  std::vector<std::byte> workspace;
  Plan plan;

  explicit Analysed(std::initializer_list<Insn> insns) : Analysed(std::vector<Insn>(insns)) {}
  explicit Analysed(const std::vector<Insn>& insns) {
    for (const Insn& insn : insns) {
      const auto encoded = bpf::encode(insn);
      slots.insert(slots.end(), encoded.begin(), encoded.begin() + insn.slot_count());
    }
    workspace.resize(workspace_bytes(slots.size()));
    const auto made = make_plan({.target = Target::rv64, .slots = slots}, workspace);
    EXPECT_TRUE(made.has_value());
    plan = *made;
    find_upper_halves(plan, plan.need);
    EXPECT_TRUE(upper_halves_hold(plan, plan.need));
  }
  bool dead(std::uint32_t slot) const { return is_upper_dead(plan, plan.need, slot); }
};

const Insn add32{Form::add32_imm, r1, r0, 0, 1};
const Insn exit_insn{Form::exit};

TEST(UpperHalves, AreDeadWhenOverwritten) {
  const Analysed program({add32, {Form::mov64_imm, r1}, exit_insn});
  EXPECT_TRUE(program.dead(0));
  EXPECT_FALSE(program.dead(1));  // exit: the caller may read it
}

TEST(UpperHalves, LiveOnIn64BitOperationsAddressesAndCalls) {
  const Insn overwrite{Form::mov64_imm, r1};
  for (const Insn& use :
       {Insn{Form::add64_reg, r2, r1}, Insn{Form::ldxb, r2, r1}, Insn{Form::stb, r1},
        Insn{Form::stxdw, r2, r1}, Insn{Form::jeq_imm, r1}, Insn{Form::rsh64_imm, r1, r0, 0, 32},
        Insn{Form::mov64_reg, r2, r1}, Insn{Form::call_helper, r0, r0, 0, 1}, Insn{Form::be64, r1},
        Insn{Form::atomic64_add, r2, r1}}) {
    EXPECT_FALSE(Analysed({add32, use, overwrite, exit_insn}).dead(0)) << bpf::row(use.form).name;
  }
  for (const Insn& use :
       {Insn{Form::add32_reg, r2, r1}, Insn{Form::stxw, r2, r1}, Insn{Form::jeq32_imm, r1},
        Insn{Form::movsx64_32, r2, r1}, Insn{Form::mov32_reg, r2, r1}, Insn{Form::be32, r1}}) {
    EXPECT_TRUE(Analysed({add32, use, overwrite, exit_insn}).dead(0)) << bpf::row(use.form).name;
  }
}

TEST(UpperHalves, LiveAlongEveryPathAndRoundLoops) {
  const Insn overwrite{Form::mov64_imm, r1};
  // on the path that is taken r1 is read
  EXPECT_FALSE(Analysed({add32,
                         {Form::jeq32_imm, r2, r0, 2},
                         overwrite,
                         exit_insn,
                         {Form::mov64_reg, r0, r1},
                         overwrite,
                         exit_insn})
                   .dead(0));
  // read at the top of the loop, in the next round
  const Analysed loop(
      {{Form::add64_reg, r0, r1}, add32, {Form::jlt32_imm, r3, r0, -3, 7}, overwrite, exit_insn});
  EXPECT_FALSE(loop.dead(1));
}

/// Blocks of which each goes to the one before it: a fact travels one block per pass.
std::vector<Insn> blocks(int count) {
  std::vector<Insn> insns{{Form::ja, r0, r0, static_cast<std::int16_t>(2 * count)}};
  for (int i = 0; i < count; ++i) {
    insns.push_back({Form::add32_imm, r2, r0, 0, 1});
    insns.push_back({Form::ja, r0, r0, static_cast<std::int16_t>(i == 0 ? 2 * count - 1 : -4)});
  }
  insns.push_back({Form::ja, r0, r0, -3});
  insns.push_back({Form::add64_reg, r0, r1});
  insns.push_back(exit_insn);
  return insns;
}

TEST(UpperHalves, TooManyPassesEndInEverythingNeeded) {
  const auto all_but_r2 = static_cast<Halves>(all_halves & ~half_of(r2));
  EXPECT_EQ(Analysed(blocks(5)).plan.need[1], all_but_r2);
  EXPECT_EQ(Analysed(blocks(2 * upper_halves_pass_limit)).plan.need[1], all_halves);
}

TEST(UpperHalves, TheCheckFindsAMissingFact) {
  const Analysed program({add32, {Form::add64_reg, r0, r1}, exit_insn});
  std::vector<Halves> need(program.plan.need.begin(), program.plan.need.end());
  for (std::size_t i = 0; i < need.size(); ++i) {
    for (unsigned bit = 0; bit < bpf::reg_count; ++bit) {
      if ((need[i] >> bit & 1) == 0) continue;
      std::vector<Halves> less = need;
      less[i] = static_cast<Halves>(less[i] & ~(1u << bit));
      EXPECT_FALSE(upper_halves_hold(program.plan, less)) << i << " r" << bit;
    }
  }
}

}  // namespace
}  // namespace probity::jit
