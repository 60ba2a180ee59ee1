// SPDX-License-Identifier: Apache-2.0
// Identities that the search must find by itself, and what it must not believe.
#include "opt/search/search.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "code_sample.hpp"
#include "opt/simulation.hpp"

namespace probity::opt::search {
namespace {

constexpr const char* load =
    "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 34\n"
    "if r4 > r3 goto out\nr5 = *(u64 *)(r2 + 0)\nr6 = *(u16 *)(r2 + 8)\n";
constexpr const char* out = "exit\nout:\nr0 = 2\nexit\n";

std::string program(const char* middle) {
  return std::string(load) + middle + out;
}

SearchOptions quick() {
  SearchOptions options;
  options.seconds = 60;
  options.jobs = 1;
  options.candidates_per_slice = 2'000'000;
  options.proposals_per_slice = 20'000;
  return options;
}

struct Identity {
  const char* name;
  const char* insns;  ///< compute r0 of r5 (64 bits) and r6 (16 bits)
  std::size_t longest;
};

const Identity identities[] = {
    {"zero_extension", "r0 = r5\nr0 <<= 32\nr0 >>= 32\n", 1},
    {"masks", "r0 = r6\nr0 &= 65535\nr0 += 1\n", 2},
    {"shifts", "r0 = r5\nr0 <<= 3\nr0 <<= 4\n", 2},
    {"sum_of_constants", "r0 = r5\nr0 += 100\nr0 += 23\n", 2},
    {"twice", "r0 = r5\nr0 ^= r6\nr0 ^= r6\n", 1},
    {"division_by_a_power", "r0 = r5\nr4 = 8\nr0 /= r4\n", 2},
    {"swapped_bytes", "r0 = r6\nr0 <<= 8\nr4 = r6\nr4 >>= 8\nr0 |= r4\nr0 &= 65535\n", 2},
};

class IdentityTest : public testing::TestWithParam<Identity> {};

TEST_P(IdentityTest, IsFound) {
  const sample::Sample sample(program(GetParam().insns));
  const Facts facts = Facts::of(sample.code(), sample.view());
  const Live live = Live::of(sample.code(), facts, sample.view());
  Search search(quick());
  const auto changes =
      search.propose({sample.code(), facts, live, sample.view()}, {Goal::size, bpf::Cpu::v3});
  ASSERT_FALSE(changes.empty());
  std::size_t shortest = 99;
  for (const Change& change : changes) {
    const Code after = sample.code().with(change);
    const Simulated simulated = simulate(sample.code(), after, sample.view(), {});
    EXPECT_EQ(simulated.verdict, Simulated::Verdict::proved) << simulated.reason;
    const std::size_t saved = sample.code().slot_count() - after.slot_count();
    std::size_t insns = 0;
    for (const char c : std::string_view(GetParam().insns)) insns += c == '\n';
    shortest = std::min(shortest, insns - saved);
  }
  EXPECT_LE(shortest, GetParam().longest);
  EXPECT_GT(search.progress().candidates, 0u);
}

INSTANTIATE_TEST_SUITE_P(Slices, IdentityTest, testing::ValuesIn(identities),
                         [](const auto& info) { return std::string(info.param.name); });

Problem shift_problem(std::int32_t second) {
  Problem problem;
  problem.insns = {{bpf::Form::lsh64_imm, bpf::Reg::r0, bpf::Reg::r0, 0, 3, 0},
                   {bpf::Form::lsh64_imm, bpf::Reg::r0, bpf::Reg::r0, 0, second, 0}};
  problem.inputs = {Width::bits64};
  problem.input_is_dead = {true};
  return problem;
}

TEST(JudgeTest, LearnsFromACounterexample) {
  const Problem problem = shift_problem(4);
  const solver::Options options;
  Judge judge(problem, 1, options);
  const Insns right = {{bpf::Form::lsh64_imm, bpf::Reg::r0, bpf::Reg::r0, 0, 7, 0}};
  const Insns wrong = {{bpf::Form::lsh64_imm, bpf::Reg::r0, bpf::Reg::r0, 0, 8, 0}};
  EXPECT_TRUE(judge.passes(right));
  EXPECT_TRUE(judge.proves(right));
  EXPECT_FALSE(judge.passes(wrong));
  EXPECT_GT(judge.error(wrong), 0u);
  EXPECT_FALSE(judge.proves(wrong));
  EXPECT_FALSE(judge.passes(wrong));
}

TEST(SynthesisTest, IsTheSameForTheSameSeed) {
  const SearchOptions options = quick();
  const Problem problem = shift_problem(5);
  Effort first;
  Effort second;
  const auto a = synthesise(problem, bpf::Cpu::v3, options, first);
  const auto b = synthesise(problem, bpf::Cpu::v3, options, second);
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(a, b);
  EXPECT_EQ(first.candidates, second.candidates);
}

TEST(SynthesisTest, FindsNothingWhereNothingIsShorter) {
  Problem problem = shift_problem(0);
  problem.insns = {{bpf::Form::add64_imm, bpf::Reg::r0, bpf::Reg::r0, 0, 77, 0},
                   {bpf::Form::mul64_imm, bpf::Reg::r0, bpf::Reg::r0, 0, 1234577, 0}};
  Effort effort;
  EXPECT_FALSE(synthesise(problem, bpf::Cpu::v3, quick(), effort).has_value());
  EXPECT_FALSE(effort.cut);
}

TEST(MemoryTest, ARowSaysWhatWasRemembered) {
  const Remembered found{Insns{{bpf::Form::lsh64_imm, bpf::Reg::r0, bpf::Reg::r0, 0, 7, 0}}, 12};
  const auto back = remembered(text_of(found));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->rewrite, found.rewrite);
  EXPECT_EQ(back->effort, 12u);
  const auto none = remembered(text_of({std::nullopt, 7}));
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->rewrite.has_value());
  for (const char* bad : {"", "x", "1", "1; r0 = ", "1; call #5", "1; r0 += 1; exit", "1;-"}) {
    EXPECT_FALSE(remembered(bad).has_value() && remembered(bad)->rewrite &&
                 !remembered(bad)->rewrite->empty())
        << bad;
  }
}

TEST(MemoryTest, WhatIsRememberedWronglyIsNotBelieved) {
  const auto path = std::filesystem::temp_directory_path() / "probity_search_test.sqlite";
  std::filesystem::remove(path);
  const Problem problem = shift_problem(6);
  const std::string key = problem.key() + " v3";
  {
    auto disk = proof::ByteCache::open(path, {});
    ASSERT_TRUE(disk.has_value());
    Memory memory(*std::move(disk));
    memory.remember(key, {Insns{{bpf::Form::lsh64_imm, bpf::Reg::r0, bpf::Reg::r0, 0, 8, 0}},
                          quick().candidates_per_slice});
  }
  auto disk = proof::ByteCache::open(path, {});
  ASSERT_TRUE(disk.has_value());
  SearchOptions options = quick();
  options.disk = *std::move(disk);
  Search search(std::move(options));
  const sample::Sample sample(program("r0 = r5\nr0 <<= 3\nr0 <<= 6\n"));
  const Facts facts = Facts::of(sample.code(), sample.view());
  const Live live = Live::of(sample.code(), facts, sample.view());
  for (const Change& change :
       search.propose({sample.code(), facts, live, sample.view()}, {Goal::size, bpf::Cpu::v3})) {
    const Code after = sample.code().with(change);
    EXPECT_EQ(simulate(sample.code(), after, sample.view(), {}).verdict,
              Simulated::Verdict::proved);
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace probity::opt::search
