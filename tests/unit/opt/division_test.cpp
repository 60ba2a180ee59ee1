// SPDX-License-Identifier: Apache-2.0
// Divisions by constants: each becomes a product that is proved, and does the same on random
// inputs; a range that is not known, no register to spare, a wrong factor: the division stays.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "code_sample.hpp"
#include "object/image.hpp"
#include "opt/code_text.hpp"
#include "opt/gate.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"
#include "opt/simulation.hpp"

namespace probity::opt {
namespace {

using program::ProgType;

/// r3 is read from the packet and changed by `text`; all of it is in the packet afterwards.
std::string program_of(std::string_view load, std::string_view text) {
  return "r2 = *(u32 *)(r1 + 0)\nr4 = *(u32 *)(r1 + 4)\nr5 = r2\nr5 += 16\nif r5 > r4 goto out\n" +
         std::string(load) + "\n" + std::string(text) +
         "\n*(u64 *)(r2 + 8) = r3\nout:\nr0 = 1\nexit\n";
}

constexpr Aim speed{Goal::speed, bpf::Cpu::v3};

Outcome improved(const sample::Sample& sample, Aim aim = speed) {
  Options options;
  options.aim = aim;
  options.generators = {division_generator()};
  return optimize(sample.code(), sample.view(), options);
}

/// Corners of divisions and random numbers, in the packet's first eight bytes.
std::vector<GateInput> packets(std::uint64_t divisor) {
  std::mt19937_64 random(divisor);
  std::vector<GateInput> inputs;
  const auto add = [&](std::uint64_t value) {
    std::vector<std::uint8_t> bytes(64, 0);
    std::memcpy(bytes.data(), &value, sizeof value);
    inputs.push_back({fmt::format("{:#x}", value), {}});
    inputs.back().input.packet.assign(bytes.begin(), bytes.end());
  };
  for (const std::uint64_t top : {0xffull, 0xffffull, 0x7fffffffull, 0xffffffffull, ~0ull}) {
    for (const std::uint64_t near : {top, top / divisor * divisor, random() & top}) {
      add(near);
      add(near - 1);
    }
    for (unsigned i = 0; i < 40; ++i) add((random() & top) / divisor * divisor - (i & 1));
  }
  return inputs;
}

object::Image image_of(const Code& code) {
  const auto slots = code.slots();
  EXPECT_TRUE(slots);
  return object::image_from_slots("sample", *slots, ProgType::xdp);
}

template <typename Row>
std::string name_of(const testing::TestParamInfo<Row>& row) {
  return row.param.name;
}

struct Row {
  const char* name;
  const char* load;
  const char* text;
  std::uint64_t divisor;
  const char* expected;  ///< what the division becomes; "": it stays
};

#define U8 "r3 = *(u8 *)(r2 + 0)"
#define U16 "r3 = *(u16 *)(r2 + 0)"
#define U32 "r3 = *(u32 *)(r2 + 0)"
#define U64 "r3 = *(u64 *)(r2 + 0)"

const Row rows[] = {
    {"byte_by_3", U8, "r3 /= 3", 3, "r3 *= 683; r3 >>= 11"},
    {"half_by_10", U16, "r3 /= 10", 10, "r3 *= 52429; r3 >>= 19"},
    {"word_by_1000", U32, "r3 /= 1000", 1000, "r3 *= 274877907; r3 >>= 38"},
    {"word_by_3_needs_a_register", U32, "r3 /= 3", 3, "w0 = -1431655765; r3 *= r0; r3 >>= 33"},
    {"word_by_7_rounded_down", U32, "r3 /= 7", 7, "r3 += 1; r3 *= 1227133513; r3 >>= 33"},
    {"word_by_65537", U32, "r3 /= 65537", 65537, "w0 = -65535; r3 *= r0; r3 >>= 48"},
    {"form_of_32_bits", U64, "w3 /= 3", 3, "w3 = w3; w0 = -1431655765; r3 *= r0; r3 >>= 33"},
    {"form_of_32_bits_of_a_half", U16, "w3 /= 10", 10, "r3 *= 52429; r3 >>= 19"},
    {"remainder", U16, "r3 %= 10", 10, "w0 = 52429; r0 *= r3; r0 >>= 19; r0 *= 10; r3 -= r0"},
    {"remainder_rounded_down", U32, "r3 %= 7", 7,
     "r3 += 1; w0 = 1227133513; r0 *= r3; r0 >>= 33; r0 *= 7; r3 += -1; r3 -= r0"},
    {"remainder_of_32_bits", U64, "w3 %= 65537", 65537,
     "w3 = w3; w0 = -65535; r0 *= r3; r0 >>= 48; r0 *= 65537; r3 -= r0"},
    {"of_a_sum", U16, "r3 += 1000\nr3 /= 60", 60, "r3 *= 139811; r3 >>= 23"},
    {"of_a_multiple", U16, "r3 <<= 2\nr3 /= 12", 12, "r3 *= 174763; r3 >>= 21"},
    {"of_another_division", U32, "r3 /= 60\nr3 %= 60", 60, nullptr},
    {"masked", U64, "r3 &= 1023\nr3 /= 5", 5, "r3 *= 1639; r3 >>= 13"},
    {"below_a_limit", U32, "if r3 > 1500 goto out\nr3 /= 48", 48, "r3 *= 2731; r3 >>= 17"},
    {"of_64_bits_below_a_limit", U64, "if r3 >= 1000000 goto out\nr3 %= 1000", 1000,
     "w0 = 536871; r0 *= r3; r0 >>= 29; r0 *= 1000; r3 -= r0"},
    {"of_64_bits", U64, "r3 /= 3", 3, ""},
    {"remainder_of_64_bits", U64, "r3 %= 1000", 1000, ""},
    {"by_a_power", U32, "r3 /= 8", 8, ""},
    {"by_more_than_there_is", U8, "r3 /= 300", 300, ""},
    {"no_register_to_spare", U32,
     "r0 = 1\nr5 = 1\nr4 = 1\nr3 /= 3\nr3 += r0\nr3 += r4\nr3 += r5\nr3 += r1", 3, ""},
};

class DivisionTest : public testing::TestWithParam<Row> {};

TEST_P(DivisionTest, IsAProductThatDoesTheSame) {
  const Row& row = GetParam();
  const sample::Sample sample(program_of(row.load, row.text));
  const Outcome outcome = improved(sample);
  for (const Undone& undone : outcome.undone) ADD_FAILURE() << undone.why;
  if (row.expected != nullptr && *row.expected == '\0') {
    EXPECT_TRUE(outcome.applied.empty());
    return;
  }
  ASSERT_FALSE(outcome.applied.empty());
  if (row.expected != nullptr) {
    EXPECT_EQ(outcome.applied[0].is, row.expected);
  }
  EXPECT_EQ(kernel_text(outcome.code.nodes()).find("/="), std::string::npos);
  EXPECT_EQ(kernel_text(outcome.code.nodes()).find("%="), std::string::npos);
  const object::Image before = image_of(sample.code());
  const object::Image after = image_of(outcome.code);
  const GateAnswer runs =
      compare_runs({before, after}, runtime::EngineKind::interp, packets(row.divisor), {});
  EXPECT_EQ(runs.verdict, GateVerdict::passed) << runs.text;
  EXPECT_TRUE(improved(sample, {Goal::size, bpf::Cpu::v3}).applied.empty()) << "it is longer";
}
INSTANTIATE_TEST_SUITE_P(Divisions, DivisionTest, testing::ValuesIn(rows), name_of<Row>);

struct Wrong {
  const char* name;
  const char* load;
  const char* division;
  const char* product;
};

const Wrong wrong_ones[] = {
    {"factor", U16, "r3 /= 10", "r3 *= 52427\nr3 >>= 19"},
    {"shift", U16, "r3 /= 10", "r3 *= 52429\nr3 >>= 18"},
    {"divisor", U16, "r3 /= 5", "r3 *= 52429\nr3 >>= 19"},
    {"range", U32, "r3 /= 10", "r3 *= 52429\nr3 >>= 19"},
    {"wraps", U32, "r3 /= 1000", "w3 *= 274877907\nr3 >>= 38"},
    {"not_one_more", U32, "r3 /= 7", "r3 *= 1227133513\nr3 >>= 33"},
    {"remainder_times_another", U16, "r3 %= 10",
     "w0 = 52429\nr0 *= r3\nr0 >>= 19\nr0 *= 9\nr3 -= r0"},
};

class WrongDivisionTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongDivisionTest, IsNotProved) {
  const Wrong& row = GetParam();
  const sample::Sample sample(program_of(row.load, row.division));
  const Code after = sample.code().with(sample::change(sample.code(), 6, 1, row.product));
  const Simulated simulated = simulate(sample.code(), after, sample.view(), {});
  EXPECT_NE(simulated.verdict, Simulated::Verdict::proved);
}
INSTANTIATE_TEST_SUITE_P(Divisions, WrongDivisionTest, testing::ValuesIn(wrong_ones),
                         name_of<Wrong>);

}  // namespace
}  // namespace probity::opt
