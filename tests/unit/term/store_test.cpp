// SPDX-License-Identifier: Apache-2.0
// What a Store promises beside right values: sharing, determinism, canonical operands, deep terms
// without recursion, import, models, and the forms that packet programs depend on.
#include <gtest/gtest.h>

#include <random>

#include "term/term.hpp"

namespace probity::term {
namespace {

constexpr RewriteOptions rules_off{.linear_sums = false,
                                   .split_products = false,
                                   .distribute = false,
                                   .difference_equality = false,
                                   .local = false};

TEST(Store, SameCallsGiveSameIds) {
  const auto build = [](Store& store) {
    const Id x = store.var(64, "x");
    const Id y = store.var(64, "y");
    const Id sum = store.bin(Op::add, store.bin(Op::mul, x, y), store.lit(64, 7));
    return store.bin(Op::slt, sum, store.bin(Op::lshr, y, store.lit(64, 3)));
  };
  Store first;
  Store second;
  EXPECT_EQ(build(first), build(second));
  EXPECT_EQ(first.size(), second.size());
  const std::size_t size = first.size();
  build(first);
  EXPECT_EQ(first.size(), size) << "a second build must find every term";
}

TEST(Store, LiteralsOf128BitsFoldAndCompare) {
  Store store;
  const Value wide = Value{1} << 100 | 5;
  const Id a = store.lit(128, wide);
  EXPECT_EQ(store.literal(a), wide);
  EXPECT_EQ(store.lit(128, wide), a);
  EXPECT_NE(store.lit(128, 5), a);
  EXPECT_EQ(store.literal(store.bin(Op::mul, a, store.lit(128, 3))), wide * 3);
  EXPECT_EQ(store.literal(store.bin(Op::udiv, a, store.lit(128, 7))), wide / 7);
  EXPECT_EQ(store.literal(store.extract(64, 64, a)), Value{1} << 36);
  EXPECT_TRUE(store.is_true(store.bin(Op::slt, store.lit(128, ~Value{0}), a)));
}

TEST(Store, OperandsOfCommutativeKindsAreSortedLiteralLast) {
  Store store;
  const Id five = store.lit(32, 5);
  const Id x = store.var(32, "x");
  const Id y = store.var(32, "y");
  EXPECT_EQ(store.bin(Op::add, x, y), store.bin(Op::add, y, x));
  const Id sum = store.bin(Op::add, five, x);
  ASSERT_EQ(store.kind(sum), Kind::add);
  EXPECT_EQ(store.args(sum)[0], x);
  EXPECT_EQ(store.args(sum)[1], five);
  const Id equal = store.eq(five, x);
  EXPECT_EQ(store.args(equal)[1], five);
}

TEST(Store, AddressesOfOperandsSurviveGrowth) {
  Store store;
  const Id x = store.var(8, "x");
  const Id y = store.var(8, "y");
  const Id both = store.and_(x, y);
  const std::span<const Id> args = store.args(both);
  for (unsigned i = 0; i < 100'000; ++i) store.lit(32, i);
  EXPECT_EQ(args.data(), store.args(both).data());
  EXPECT_EQ(args[0], x);
}

TEST(Store, MillionDeepTermNeedsNoRecursion) {
  Store store;
  constexpr unsigned depth = 1'000'000;
  Id chain = store.var(32, "x");
  const Id y = store.var(32, "y");
  for (unsigned i = 0; i < depth; ++i) {
    chain = store.bin(i % 2 == 0 ? Op::udiv : Op::lshr, y, chain);
  }
  Model model;
  model.set(y, 77);
  Evaluator evaluate(store, model);
  Value want = 0;
  for (unsigned i = 0; i < depth; ++i) {
    want = fold<Value>(i % 2 == 0 ? Op::udiv : Op::lshr, 32, 77, want);
  }
  EXPECT_EQ(evaluate(chain), want);
  IntervalAnalysis bounds(store);
  EXPECT_LE(bounds(chain).high, mask<Value>(32));
  Store other(rules_off);
  std::vector<Id> memo;
  const Id copy = other.import(store, chain, memo);
  EXPECT_EQ(other.kind(copy), Kind::lshr);
  const Id slice = store.extract(0, 8, chain);
  EXPECT_EQ(store.width(slice), 8u);
}

TEST(Store, SharedSlicesDoNotMultiply) {
  Store store;
  Id term = store.var(64, "x0");
  for (unsigned i = 1; i <= 200; ++i) {
    const Id next = store.var(64, "x" + std::to_string(i));
    const Id condition = store.eq(next, store.lit(64, i));
    term = store.ite(condition, store.bin(Op::xor_, term, next), store.and_(term, next));
  }
  const std::size_t before = store.size();
  store.extract(8, 8, term);
  EXPECT_LT(store.size() - before, 20'000u) << "each shared term is sliced once";
}

TEST(Store, LongSumsStayBoundedAndKeepTheirValue) {
  Store store;
  const auto part = [&](unsigned i) { return store.var(64, "x" + std::to_string(i)); };
  // Fibonacci-like sums: opening them in full would take exponential time.
  Id older = part(0);
  Id newer = part(1);
  for (unsigned i = 2; i < 400; ++i) {
    const Id next = store.bin(Op::add, store.bin(Op::add, older, newer), part(i % 60));
    older = newer;
    newer = next;
  }
  const Id one = store.lit(64, 1);
  const Id twice = store.bin(Op::add, store.bin(Op::add, newer, one), one);
  EXPECT_EQ(twice, store.bin(Op::add, newer, store.lit(64, 2))) << "constants still add up";
  EXPECT_EQ(store.bin(Op::sub, twice, newer), store.lit(64, 2)) << "a long sum cancels itself";
  EXPECT_TRUE(store.is_false(store.eq(twice, newer)));
  Model model;
  std::uint64_t want[60];
  for (unsigned i = 0; i < 60; ++i) {
    want[i] = 0x9e3779b97f4a7c15ull * (i + 1);
    model.set(part(i), want[i]);
  }
  std::uint64_t old_value = want[0];
  std::uint64_t value = want[1];
  for (unsigned i = 2; i < 400; ++i) {
    const std::uint64_t next = old_value + value + want[i % 60];
    old_value = value;
    value = next;
  }
  Evaluator evaluate(store, model);
  EXPECT_EQ(evaluate(newer), value);
  EXPECT_EQ(evaluate(store.extract(0, 32, newer)), value & 0xffffffff);
  EXPECT_EQ(evaluate(store.bin(Op::mul, newer, store.lit(64, 10))), value * 10);
}

TEST(Store, ImportKeepsMeaningUnderOtherOptions) {
  Store from;
  const Id x = from.var(64, "x");
  const Id y = from.var(64, "y");
  const unsigned widths[] = {64};
  const Function read = from.function("read", widths, 64);
  const Id at = from.bin(Op::add, x, from.lit(64, 8));
  const Id byte = from.apply(read, std::span(&at, 1));
  const Id high = from.concat(from.extract(0, 32, x), from.extract(0, 32, y));
  const Id term = from.bin(Op::mul, from.bin(Op::sub, byte, y), high);
  Store to({.split_products = true, .distribute = true});
  std::vector<Id> memo;
  const Id copy = to.import(from, term, memo);
  EXPECT_NE(to.kind(copy), from.kind(term)) << "the options must have had an effect";
  std::mt19937_64 random(7);
  for (unsigned i = 0; i < 100; ++i) {
    const Value values[] = {random(), random(), random()};
    Model model;
    model.set(x, values[0]);
    model.set(y, values[1]);
    const Value address = (values[0] + 8) & mask<Value>(64);
    model.set_apply(read, std::span(&address, 1), values[2]);
    Model imported;
    imported.set(to.var(64, "x"), values[0]);
    imported.set(to.var(64, "y"), values[1]);
    imported.set_apply(to.function("read", widths, 64), std::span(&address, 1), values[2]);
    Evaluator left(from, model);
    Evaluator right(to, imported);
    ASSERT_EQ(left(term), right(copy));
  }
}

/// Random terms of every width built twice, with rules and without, and evaluated at random points.
TEST(Store, RandomTermsOfAllWidthsKeepTheirValues) {
  std::mt19937_64 random(11);
  const auto wide_random = [&] { return Value{random()} << 64 | random(); };
  for (const unsigned width : {5u, 8u, 16u, 24u, 32u, 48u, 64u, 100u, 128u}) {
    Store rich(width % 16 == 0 ? RewriteOptions{.split_products = true, .distribute = true}
                               : RewriteOptions{});
    Store exact(rules_off);
    std::vector<std::pair<Id, Id>> pool;
    for (const char* name : {"x", "y", "z"}) {
      pool.push_back({rich.var(width, name), exact.var(width, name)});
    }
    for (unsigned step = 0; step < 600; ++step) {
      const auto [a, plain_a] = pool[random() % pool.size()];
      auto [b, plain_b] = pool[random() % pool.size()];
      if (random() % 4 == 0) {
        const Value value = random() % 2 == 0 ? Value{random() % 200} : wide_random();
        b = rich.lit(width, value);
        plain_b = exact.lit(width, value);
      }
      const Op op = static_cast<Op>(2 + random() % 18);
      Id term = rich.bin(op, a, b);
      Id plain = exact.bin(op, plain_a, plain_b);
      if (is_relation(op)) {
        term = rich.ite(term, a, b);
        plain = exact.ite(plain, plain_a, plain_b);
      } else if (random() % 3 == 0) {
        const auto part = static_cast<unsigned>(random() % (width - 1)) + 1;
        const auto low = static_cast<unsigned>(random() % (width - part));
        term = rich.sext(width, rich.extract(low, part, term));
        plain = exact.sext(width, exact.extract(low, part, plain));
      } else if (random() % 3 == 0) {
        const auto part = static_cast<unsigned>(random() % (width - 1)) + 1;
        term = rich.concat(rich.extract(part, width - part, term), rich.extract(0, part, b));
        plain =
            exact.concat(exact.extract(part, width - part, plain), exact.extract(0, part, plain_b));
      }
      pool.push_back({term, plain});
      if (pool.size() > 24) pool.erase(pool.begin() + 3 + static_cast<long>(random() % 20));
    }
    IntervalAnalysis bounds(rich);
    for (unsigned round = 0; round < 200; ++round) {
      Model model;
      Model plain_model;
      for (const char* name : {"x", "y", "z"}) {
        const Value value = round % 3 == 0 ? Value{random() % 40} : wide_random();
        model.set(rich.var(width, name), value);
        plain_model.set(exact.var(width, name), value);
      }
      Evaluator evaluate(rich, model);
      Evaluator evaluate_plain(exact, plain_model);
      for (const auto& [term, plain] : pool) {
        const Value got = evaluate(term);
        ASSERT_TRUE(got == evaluate_plain(plain)) << "at " << width << " bits";
        const Interval range = bounds(term);
        ASSERT_TRUE(range.low <= got && got <= range.high) << "bounds at " << width << " bits";
      }
    }
  }
}

class PacketForms : public testing::Test {
 protected:
  Id byte(const char* name) { return store.zext(64, store.var(8, name)); }
  Id k(Value value) { return store.lit(64, value); }
  Id shl(Id a, unsigned count) { return store.bin(Op::shl, a, k(count)); }

  Store store;
  Id p = store.var(64, "p");
  Id len = store.var(16, "len");
};

TEST_F(PacketForms, BigEndianFieldAgainstConstantIsTwoByteTests) {
  const Id field = store.or_(shl(byte("b0"), 8), byte("b1"));
  const Id want = store.and_(store.eq(store.var(8, "b0"), store.lit(8, 0x08)),
                             store.eq(store.var(8, "b1"), store.lit(8, 0x00)));
  EXPECT_EQ(store.eq(field, k(0x0800)), want);
  EXPECT_EQ(store.bin(Op::add, shl(byte("b0"), 8), byte("b1")), field);
}

TEST_F(PacketForms, ByteSwapOfBytesIsTheirReversal) {
  Id word = store.var(8, "b3");
  for (const char* name : {"b2", "b1", "b0"}) word = store.concat(word, store.var(8, name));
  const Id x = store.zext(64, word);
  const Id shr8 = store.bin(Op::lshr, x, k(8));
  const Id high = store.or_(shl(x, 24), shl(store.and_(x, k(0xff00)), 8));
  const Id low = store.or_(store.and_(shr8, k(0xff00)), store.bin(Op::lshr, x, k(24)));
  const Id swapped = store.extract(0, 32, store.or_(high, low));
  Id want = store.var(8, "b0");
  for (const char* name : {"b1", "b2", "b3"}) want = store.concat(want, store.var(8, name));
  EXPECT_EQ(swapped, want);
}

TEST_F(PacketForms, StoredByteWiseSumIsTheSumAgain) {
  const Id sum = store.bin(Op::add, p, k(0x1234));
  Id loaded = store.extract(0, 8, sum);
  for (unsigned i = 1; i < 8; ++i) loaded = store.concat(store.extract(8 * i, 8, sum), loaded);
  EXPECT_EQ(loaded, sum);
}

TEST_F(PacketForms, LengthComparisonsLoseTheirOffset) {
  const Id end = store.bin(Op::add, store.zext(64, len), k(14));
  EXPECT_EQ(store.bin(Op::ult, end, k(34)), store.bin(Op::ult, len, store.lit(16, 20)));
  EXPECT_TRUE(store.is_true(store.bin(Op::ule, end, k(0x1000d))));
  EXPECT_TRUE(store.is_false(store.bin(Op::ult, end, k(14))));
}

TEST_F(PacketForms, HeaderLengthNibbleTimesFour) {
  const Id words = store.and_(byte("b0"), k(15));
  const Id nibble = store.extract(0, 4, store.var(8, "b0"));
  const Id want = store.bin(Op::ult, nibble, store.lit(4, 5));
  EXPECT_EQ(store.bin(Op::ult, shl(words, 2), k(20)), want);
  EXPECT_EQ(store.bin(Op::ult, store.bin(Op::mul, words, k(4)), k(20)), want);
}

TEST_F(PacketForms, RemainderByConstantStaysInRange) {
  const Id remainder = store.bin(Op::urem, p, k(10));
  EXPECT_TRUE(store.is_true(store.bin(Op::ult, remainder, k(10))));
}

TEST_F(PacketForms, SignExtendedImmediateComparesAsItsLowHalf) {
  const Id word = store.sext(64, store.extract(0, 32, p));
  const Id want = store.eq(store.extract(0, 32, p), store.lit(32, 0xffffffff));
  EXPECT_EQ(store.eq(word, k(~std::uint64_t{0})), want);
}

TEST_F(PacketForms, KnownOffsetsOfOneAddressAreDecided) {
  const Id at4 = store.bin(Op::add, p, k(4));
  const Id at8 = store.bin(Op::add, p, k(8));
  EXPECT_TRUE(store.is_false(store.eq(at4, at8)));
  EXPECT_EQ(store.bin(Op::sub, at8, at4), k(4));
}

TEST(Model, AbsentIsZeroAndEntriesStaySorted) {
  Store store;
  const unsigned widths[] = {64, 8};
  const Function f = store.function("f", widths, 32);
  Model model;
  const Value first[] = {9, 1};
  const Value second[] = {3, 200};
  model.set_apply(f, first, 5);
  model.set_apply(f, second, 6);
  model.set_apply(f, first, 7);
  EXPECT_EQ(model.get_apply(f, first), 7u);
  EXPECT_EQ(model.get_apply(f, second), 6u);
  const Value absent[] = {0, 0};
  EXPECT_EQ(model.get_apply(f, absent), 0u);
  ASSERT_EQ(model.entries().size(), 2u);
  EXPECT_EQ(model.entries()[0].arguments[0], 3u);
  const Id x = store.var(8, "x");
  EXPECT_FALSE(model.has(x));
  EXPECT_EQ(model.get(x), 0u);
  model.set(x, 300);
  Evaluator evaluate(store, model);
  EXPECT_EQ(evaluate(x), 300u % 256) << "values are cut to the width";
}

TEST(StoreDeathTest, WidthsMustAgree) {
  Store store;
  const Id x = store.var(8, "x");
  const Id y = store.var(16, "y");
  EXPECT_DEATH(store.bin(Op::add, x, y), "width");
  EXPECT_DEATH(store.var(16, "x"), "width");
  EXPECT_DEATH(store.extract(4, 5, x), "width");
}

}  // namespace
}  // namespace probity::term
