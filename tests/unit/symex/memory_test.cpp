// SPDX-License-Identifier: Apache-2.0
// Random reads and writes at constant and computed offsets, evaluated under random valuations and
// compared with the same operations on an array of bytes.
#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "symex/memory.hpp"

namespace probity::symex {
namespace {

constexpr unsigned size_bytes = 24;
constexpr std::uint64_t offset_mask = 15;

class MemoryTest : public testing::Test {
 protected:
  /// An offset of 0..15: a constant, or the low bits of a variable.
  term::Id offset() {
    if (random_() % 2 == 0) return context_.lit(64, random_() & offset_mask);
    return context_.store.bin(Op::and_, context_.store.var(64, "o" + std::to_string(random_() % 3)),
                              context_.lit(64, offset_mask));
  }
  term::Id value(unsigned bytes) {
    return context_.store.var(8 * bytes,
                              "v" + std::to_string(bytes) + "." + std::to_string(random_() % 4));
  }
  term::Model model() {
    term::Model result;
    for (unsigned i = 0; i < 3; ++i) {
      result.set(context_.store.var(64, "o" + std::to_string(i)), random_());
    }
    for (const unsigned bytes : {1u, 2u, 4u, 8u}) {
      for (unsigned i = 0; i < 4; ++i) {
        const std::string name = "v" + std::to_string(bytes) + "." + std::to_string(i);
        const term::Value mask = (term::Value{1} << (8 * bytes)) - 1;
        result.set(context_.store.var(8 * bytes, name), random_() & mask);
      }
    }
    return result;
  }

  std::mt19937_64 random_{7};
  Context context_;
};

TEST_F(MemoryTest, AgreesWithAnArray) {
  const std::array<unsigned, 1> index{32};
  const term::Function bytes = context_.store.function("initial", index, 8);
  struct Step {
    term::Id offset;
    unsigned bytes;
    term::Id written;  // no term: a read
    term::Id read;
  };
  for (int round = 0; round < 60; ++round) {
    Memory memory{round % 2 == 0 ? Origin{Unknown{bytes}} : Origin{Zeroed{}}};
    std::vector<Step> steps;
    for (int i = 0; i < 10; ++i) {
      Step step{offset(), 1u << (random_() % 4), {}, {}};
      if (random_() % 2 == 0) {
        step.written = value(step.bytes);
        memory.write(context_, step.offset, step.bytes, {step.written, 0});
      } else {
        const auto read = memory.read(context_, step.offset, step.bytes);
        ASSERT_TRUE(read && *read);
        ASSERT_EQ((*read)->region, 0u);
        step.read = (*read)->term;
      }
      steps.push_back(step);
    }
    term::Model valuation = model();
    std::array<std::uint8_t, size_bytes> array{};
    for (unsigned i = 0; round % 2 == 0 && i < size_bytes; ++i) {
      array[i] = static_cast<std::uint8_t>(random_());
      const std::array<term::Value, 1> at{i};
      valuation.set_apply(bytes, at, array[i]);
    }
    term::Evaluator evaluate(context_.store, valuation);
    for (const Step& step : steps) {
      const auto at = static_cast<std::size_t>(evaluate(step.offset));
      if (step.written) {
        const term::Value written = evaluate(step.written);
        for (unsigned i = 0; i < step.bytes; ++i) {
          array[at + i] = static_cast<std::uint8_t>(written >> (8 * i));
        }
        continue;
      }
      term::Value expected = 0;
      for (unsigned i = step.bytes; i-- > 0;) expected = expected << 8 | array[at + i];
      EXPECT_TRUE(evaluate(step.read) == expected) << "round " << round;
    }
  }
}

TEST_F(MemoryTest, AnUnwrittenByteHasNoValue) {
  Memory memory{Uninitialised{}};
  memory.write(context_, context_.lit64(8), 4, {context_.lit(32, 1), 0});
  const auto whole = memory.read(context_, context_.lit64(8), 4);
  ASSERT_TRUE(whole && *whole);
  const auto beyond = memory.read(context_, context_.lit64(9), 4);
  ASSERT_TRUE(beyond);
  EXPECT_FALSE(*beyond);
}

TEST_F(MemoryTest, APointerComesBackWholeOrNotAtAll) {
  Memory memory{Uninitialised{}};
  const Word pointer{context_.lit64(16), 3};
  memory.write(context_, context_.lit64(0), 8, pointer);
  const auto whole = memory.read(context_, context_.lit64(0), 8);
  ASSERT_TRUE(whole && *whole);
  EXPECT_EQ(**whole, pointer);
  memory.write(context_, context_.lit64(7), 1, {context_.lit(8, 0), 0});
  const auto damaged = memory.read(context_, context_.lit64(0), 8);
  ASSERT_TRUE(damaged && *damaged);
  EXPECT_EQ((*damaged)->region, 0u);
  EXPECT_EQ(context_.taint.of((*damaged)->term), Taint::address);
}

}  // namespace
}  // namespace probity::symex
