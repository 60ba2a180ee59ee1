// SPDX-License-Identifier: Apache-2.0
// Bounds and bits of every operation, forwards and backwards, against all values of its operands at
// small widths: no value that can occur is ever dropped. Remainders inside sums likewise.
#include <array>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "term/evaluation.hpp"
#include "term/knowledge.hpp"
#include "term/remainder_sums.hpp"

namespace probity::term {
namespace {

bool admits(const Knowledge& k, Value value) {
  return value >= k.low && value <= k.high && (value & k.zeros) == 0 && (value & k.ones) == k.ones;
}

/// What is known of a value that is one of `values`.
Knowledge of(unsigned width, const std::set<Value>& values) {
  Knowledge k{*values.begin(), *values.rbegin(), mask<Value>(width), mask<Value>(width)};
  for (const Value value : values) {
    k.zeros &= ~value;
    k.ones &= value;
  }
  return k;
}

class KnowledgeTest : public testing::Test {
 protected:
  Knowledge random(unsigned width) {
    const Value limit = mask<Value>(width);
    std::set<Value> values;
    for (unsigned i = 0; i <= random_() % 3; ++i) values.insert(random_() & limit);
    Knowledge k = of(width, values);
    if (random_() % 4 == 0) k.low = 0;
    if (random_() % 4 == 0) k.high = limit;
    if (random_() % 3 == 0) k.zeros = k.ones = 0;
    return k;
  }

  /// Every assignment of the operands that their knowledge admits.
  void check(const Store& store, Id a, const std::array<Knowledge, 3>& in) {
    const auto args = store.args(a);
    const auto known = std::span(in).first(args.size());
    const unsigned width = store.width(a);
    const Knowledge out = forward(store, a, known);
    const Knowledge result = random(width);
    std::array<Knowledge, 3> back;
    for (unsigned i = 0; i < args.size(); ++i) back[i] = backward(store, a, result, known, i);
    std::array<Value, 3> values{};
    const auto each = [&](const auto& self, std::size_t i) -> void {
      if (i == args.size()) {
        const Value value = value_of_operation(store, a, std::span(values).first(args.size()));
        ASSERT_TRUE(admits(out, value)) << print(store, a) << " forward";
        if (!admits(result, value)) return;
        ++admitted_;
        for (unsigned k = 0; k < args.size(); ++k) {
          ASSERT_TRUE(admits(back[k], values[k])) << print(store, a) << " backward " << k;
        }
        return;
      }
      for (Value v = 0; v <= mask<Value>(store.width(args[i])); ++v) {
        if (!admits(in[i], v)) continue;
        values[i] = v;
        self(self, i + 1);
      }
    };
    each(each, 0);
  }

  std::mt19937 random_{5};
  std::uint64_t admitted_ = 0;
};

TEST_F(KnowledgeTest, DropsNoValueThatCanOccur) {
  Store store(
      {false, false, false, false, false});  // the operation itself, not what it rewrites to
  for (const unsigned width : {1u, 2u, 3u, 4u}) {
    const Id x = store.var(width, "x" + std::to_string(width));
    const Id y = store.var(width, "y" + std::to_string(width));
    const Id c = store.var(1, "c");
    std::vector<Id> terms{store.not_(x), store.ite(c, x, y), store.concat(x, y)};
    for (const Op op : {Op::and_, Op::xor_, Op::add, Op::mul, Op::udiv, Op::urem, Op::shl, Op::lshr,
                        Op::ashr, Op::eq, Op::ult}) {
      terms.push_back(store.bin(op, x, y));
    }
    for (unsigned low = 0; low < width; ++low) {
      for (unsigned size = 1; low + size < width; ++size) {
        terms.push_back(store.extract(low, size, x));
      }
    }
    for (const Id a : terms) {
      for (int round = 0; round < 400; ++round) {
        std::array<Knowledge, 3> in;
        const auto args = store.args(a);
        for (std::size_t i = 0; i < args.size(); ++i) in[i] = random(store.width(args[i]));
        check(store, a, in);
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GT(admitted_, 100'000u);
}

TEST_F(KnowledgeTest, SaysWhatProgramsNeed) {
  Store store;
  const Id x = store.var(8, "x");
  const Id sum = store.bin(Op::add, x, store.lit(8, 20));
  const std::array in{Knowledge::between(8, 0, 10), Knowledge::exactly(8, 20)};
  EXPECT_EQ(forward(store, sum, in).low, 20u);
  EXPECT_EQ(forward(store, sum, in).high, 30u);
  const Knowledge back = backward(store, sum, Knowledge::between(8, 25, 255), in, 0);
  EXPECT_EQ(back.low, 5u);
  const Id masked = store.and_(x, store.var(8, "y"));
  const std::array bits{Knowledge::anything(8), Knowledge::exactly(8, 0x0f)};
  EXPECT_EQ(forward(store, masked, bits).high, 15u);
  EXPECT_EQ(forward(store, masked, bits).zeros, 0xf0u);
}

TEST_F(KnowledgeTest, RemaindersKeepTheirBoundInSums) {
  constexpr unsigned width = 8;
  int found = 0;
  for (int round = 0; round < 200; ++round) {
    Store store;
    const Id n = store.bin(Op::add, store.var(width, "a"), store.var(width, "b"));
    const Id ring = store.var(width, "ring");
    const Value size = 3 + random_() % 20;
    const Value base = random_() % 40;
    const Id rest = store.bin(Op::urem, n, store.lit(width, size));
    const Id index = store.bin(
        Op::add, store.bin(Op::add, store.bin(Op::mul, ring, store.lit(width, size)), rest),
        store.lit(width, base));
    const Value most = random_() % 8;
    RemainderSums sums(store);
    const RemainderSum* const sum = sums.of(index);
    if (sum == nullptr) continue;
    const auto known = [&](Id) { return Knowledge::between(width, 0, most); };
    const Knowledge bound = knowledge_of(*sum, width, known);
    ASSERT_EQ(sum->rest.size(), 1u);
    if (bound.high != mask<Value>(width)) {
      EXPECT_EQ(bound.high, most * size + size - 1 + base);
      ++found;
    }
    Model model;
    for (int point = 0; point < 50; ++point) {
      model.set(store.var(width, "a"), random_() & 255);
      model.set(store.var(width, "b"), random_() & 255);
      model.set(ring, random_() % (most + 1));
      const ModelAssignment leaves(model);
      ASSERT_TRUE(admits(bound, SparseEvaluator(store, leaves)(index)));
    }
  }
  EXPECT_GT(found, 50);
}

}  // namespace
}  // namespace probity::term
