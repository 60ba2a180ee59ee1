// SPDX-License-Identifier: Apache-2.0
// Divisions as products. The lemma is proved by z3 for all integers, with the product taken modulo
// any power: each of its conditions left out is refuted. The conditions that ship are compared with
// all values at small widths, each left out must fail there, too; and what the rewriter makes of
// products is judged by z3 at 16 and 32 bits and by evaluation at 64.
#include "term/reciprocal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "solver_process.hpp"

namespace probity::term::test {
namespace {

/// `product` modulo W, shifted by the power P, is the division. `conditions` are the lemma's.
std::string lemma(const std::string& product, const std::string& conditions) {
  std::string script;
  for (const char* name : {"x", "N", "M", "P", "d", "W"}) {
    script += std::string("(declare-const ") + name + " Int)\n";
  }
  return script + "(assert (and (<= 0 x) (<= x N) (< 0 d) (<= 0 M) (< 0 P) (< 0 W)))\n" +
         conditions + "(assert (not (= (div (mod " + product +
         " W) P) (div x d))))\n(check-sat)\n(reset)\n";
}

/// All three conditions, then without each.
void expect_proved_and_needed(const std::string& product, const std::string& on_its_side,
                              const std::string& is_close, const std::string& fits) {
  if (!is_installed("z3")) GTEST_SKIP() << "z3 is not installed";
  const std::string script = lemma(product, on_its_side + is_close + fits) +
                             lemma(product, is_close + fits) + lemma(product, on_its_side + fits) +
                             lemma(product, on_its_side + is_close);
  const std::vector<std::string> expected{"unsat", "sat", "sat", "sat"};
  EXPECT_EQ(run_solver("z3 -t:60000 -smt2", script), expected);
}

TEST(ReciprocalLemma, RoundedUpIsProvedForAllIntegersAndNeedsEachCondition) {
  expect_proved_and_needed("(* x M)", "(assert (>= (* M d) P))\n",
                           "(assert (< (* N (- (* M d) P)) P))\n", "(assert (< (* N M) W))\n");
}

TEST(ReciprocalLemma, RoundedDownIsProvedForAllIntegersAndNeedsEachCondition) {
  expect_proved_and_needed("(* (+ x 1) M)", "(assert (< (* M d) P))\n",
                           "(assert (<= (* N (- P (* M d))) (* M d)))\n",
                           "(assert (< (* (+ N 1) M) W))\n");
}

using enum Reciprocal::Rounded;

bool divides(const Reciprocal& r, Value high, unsigned width) {
  for (Value x = 0; x <= high; ++x) {
    const Value times = r.rounded == up ? x : x + 1;
    if ((times * r.factor & mask<Value>(width)) >> r.shift != x / r.divisor) return false;
  }
  return true;
}

/// Calls `check` with all that there is at this width.
template <typename Check>
void for_each(unsigned width, const Check& check) {
  const Value end = Value{1} << width;
  for (Value high = 0; high < end; ++high) {
    for (Value factor = 0; factor < end; ++factor) {
      for (unsigned shift = 0; shift < width; ++shift) {
        for (Value divisor = 1; divisor < end; ++divisor) {
          check(high, Reciprocal{factor, shift, divisor, up});
          check(high, Reciprocal{factor, shift, divisor, down});
        }
      }
    }
  }
}

TEST(ReciprocalConditions, AreRightForAllValuesOfFourToSixBits) {
  for (const unsigned width : {4u, 5u, 6u}) {
    std::size_t right = 0;
    std::size_t wrong = 0;
    for_each(width, [&](Value high, const Reciprocal& r) {
      if (!r.is_right(high, width)) return;
      ++right;
      wrong += !divides(r, high, width);
    });
    EXPECT_GT(right, 100u);
    EXPECT_EQ(wrong, 0u) << width;
  }
}

TEST(ReciprocalConditions, EachIsNeeded) {
  constexpr unsigned width = 5;
  std::map<std::pair<Reciprocal::Rounded, const char*>, std::size_t> wrong;
  for_each(width, [&](Value high, const Reciprocal& r) {
    const bool on_its_side = r.is_on_its_side();
    const bool close = !on_its_side || r.is_close(high);
    const bool fitting = r.fits(high, width);
    if (on_its_side + close + fitting != 2 || divides(r, high, width)) return;
    ++wrong[{r.rounded, !on_its_side ? "side" : !close ? "close" : "fits"}];
  });
  EXPECT_EQ(wrong.size(), 6u) << "each condition, either way";
}

constexpr Value word = 0xffff'ffff;

TEST(ReciprocalTest, FactorsAreFoundAndRightAtTheBorders) {
  std::mt19937_64 random(7);
  std::size_t found = 0;
  for (unsigned round = 0; round < 20'000; ++round) {
    const Value high = random() >> (1 + random() % 60);
    const Value divisor = 3 + (random() >> (random() % 60 + 4)) % (high + 1);
    const auto r = reciprocal_of(divisor, high, 64, word);
    if (!r) continue;
    ++found;
    const Value more = r->rounded == up ? 0 : 1;
    for (unsigned probe = 0; probe < 40; ++probe) {
      const Value some = Value{random()} % (high + 1);
      for (const Value x : {some, some / divisor * divisor, high / divisor * divisor, high}) {
        EXPECT_EQ((x + more) * r->factor >> r->shift, x / divisor);
        const Value before = x == 0 ? 0 : x - 1;
        EXPECT_EQ((before + more) * r->factor >> r->shift, before / divisor);
      }
    }
  }
  EXPECT_GT(found, 5'000u);
}

TEST(ReciprocalTest, WhatCompilersUseIsFound) {
  EXPECT_EQ(reciprocal_of(3, word, 64, word), (Reciprocal{0xaaaaaaab, 33, 3}));
  EXPECT_EQ(reciprocal_of(10, word, 64, word), (Reciprocal{0xcccccccd, 35, 10}));
  EXPECT_EQ(reciprocal_of(1000, word, 64, word), (Reciprocal{0x10624dd3, 38, 1000}));
  EXPECT_EQ(reciprocal_of(7, word >> 1, 64, word)->rounded, up);
  EXPECT_EQ(reciprocal_of(7, word, 64, word), (Reciprocal{0x49249249, 33, 7, down})) << "33 bits";
  EXPECT_EQ(reciprocal_of(3, ~std::uint64_t{0}, 64, word), std::nullopt);
  EXPECT_EQ(reciprocal_of(8, 0xffff, 64, word), std::nullopt) << "a shift";
}

/// A product and the division that it is.
struct Pair {
  Store store;
  Id product, quotient;
};

Id literal(Store& store, unsigned width, Value value) {
  return store.lit(width, value);
}

/// zext(x of `bits`) * factor >> shift, and x / divisor.
void make(Pair& pair, unsigned width, unsigned bits, const Reciprocal& r) {
  Store& s = pair.store;
  const Id x = s.zext(width, s.var(bits, "x"));
  const Id times = s.bin(Op::add, x, literal(s, width, r.rounded == up ? 0 : 1));
  const Id product = s.bin(Op::mul, times, literal(s, width, r.factor));
  pair.product = s.bin(Op::lshr, product, literal(s, width, r.shift));
  pair.quotient = s.bin(Op::udiv, x, literal(s, width, r.divisor));
}

TEST(ReciprocalRewriting, AProductIsItsDivisionAtEveryWidth) {
  std::map<Reciprocal::Rounded, std::size_t> seen;
  for (const unsigned width : {16u, 32u, 64u}) {
    for (const unsigned bits : {5u, 6u, 7u, 16u, 31u, 32u}) {
      for (const Value divisor : {3u, 5u, 6u, 7u, 10u, 14u, 11u, 100u, 1000u, 65535u, 430'000u}) {
        const Value high = mask<Value>(bits);
        const auto r = reciprocal_of(divisor, high, width, word);
        if (!r || divisor > high) continue;
        Pair pair;
        make(pair, width, bits, *r);
        EXPECT_EQ(pair.product, pair.quotient) << print(pair.store, pair.product);
        ++seen[r->rounded];
      }
    }
  }
  EXPECT_GT(seen[up], 40u);
  EXPECT_GT(seen[down], 4u);
}

TEST(ReciprocalRewriting, AWrongFactorShiftOrRangeStays) {
  const Reciprocal right = *reciprocal_of(3, 0xffff, 64, word);
  for (const Reciprocal& wrong :
       {Reciprocal{right.factor - 2, right.shift, 3}, Reciprocal{right.factor + 2, right.shift, 3},
        Reciprocal{right.factor, right.shift - 1, 3}, Reciprocal{right.factor, right.shift, 5}}) {
    Pair pair;
    make(pair, 64, 16, wrong);
    EXPECT_NE(pair.product, pair.quotient) << print(pair.store, pair.product);
  }
  const Reciprocal rounded_down = *reciprocal_of(7, word, 64, word);
  for (const Reciprocal& wrong : {Reciprocal{rounded_down.factor, 33, 7, up},
                                  Reciprocal{rounded_down.factor + 2, 33, 7, down},
                                  Reciprocal{rounded_down.factor - 2, 33, 7, down}}) {
    Pair pair;
    make(pair, 64, 32, wrong);
    EXPECT_NE(pair.product, pair.quotient) << print(pair.store, pair.product);
  }
  Pair range;
  make(range, 64, 17, right);
  EXPECT_NE(range.product, range.quotient) << "one bit more than the factor is good for";
  Pair wraps;
  make(wraps, 32, 16, {0xaaaaaaab, 31, 3});
  EXPECT_NE(wraps.product, wraps.quotient);
}

TEST(ReciprocalRewriting, ProductsOfSmallNumbersStay) {
  Pair pair;
  make(pair, 16, 4, {20, 8, 13});
  EXPECT_NE(pair.product, pair.quotient) << "right, but a length in bytes is no quotient";
}

TEST(ReciprocalRewriting, SumsMultiplesAndRemaindersAreSeenThrough) {
  const Value high = 4 * 0x1ffff + 1000;
  const Reciprocal r = *reciprocal_of(60, high, 64, word);
  Store s;
  const auto lit = [&](Value value) { return s.lit(64, value); };
  const Id a = s.zext(64, s.var(16, "a"));
  const Id b = s.zext(64, s.var(16, "b"));
  const Id four = s.bin(Op::shl, s.bin(Op::add, a, b), lit(2));
  for (const Id x : {a, s.bin(Op::add, a, b), s.bin(Op::add, a, lit(1000)), four,
                     s.bin(Op::add, four, lit(999)), s.bin(Op::sub, a, s.bin(Op::and_, a, b))}) {
    const Id product = s.bin(Op::mul, x, lit(r.factor));
    const Id quotient = s.bin(Op::lshr, product, lit(r.shift));
    const bool known = x != s.bin(Op::sub, a, s.bin(Op::and_, a, b));  // may wrap, as far as seen
    EXPECT_EQ(quotient == s.bin(Op::udiv, x, lit(60)), known) << print(s, quotient);
    if (!known) continue;
    const Id rest = s.bin(Op::sub, x, s.bin(Op::mul, quotient, lit(60)));
    EXPECT_EQ(rest, s.bin(Op::urem, x, lit(60))) << print(s, rest);
  }
}

constexpr RewriteOptions no_rules{
    .linear_sums = false, .difference_equality = false, .local = false};

/// Products, quotients and remainders of random sums by random and by meant factors.
class RandomDivisions {
 public:
  explicit RandomDivisions(unsigned seed) : random_(seed) {}

  /// The same term in both stores, from the same choices.
  std::pair<Id, Id> next(Store& rules, Store& exact) {
    const auto seed = random_();
    return {built(rules, seed), built(exact, seed)};
  }

 private:
  static Id built(Store& s, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const unsigned width = 16u << static_cast<unsigned>(random() % 3);
    const auto lit = [&](Value value) { return s.lit(width, value); };
    const auto up_to = [&](std::uint64_t most) { return static_cast<unsigned>(random() % most); };
    const unsigned bits = 3 + up_to(width / 2 - 2);
    const auto variable = [&](const char* name) {
      return s.zext(width, s.extract(0, bits, s.var(32, name)));
    };
    Id x = variable("a");
    for (unsigned i = up_to(3); i > 0; --i) {
      const std::array<Op, 5> ops{Op::add, Op::sub, Op::mul, Op::shl, Op::and_};
      const Op op = ops[random() % ops.size()];
      const bool by_variable = op != Op::mul && op != Op::shl && random() % 2 == 0;
      x = s.bin(op, x, by_variable ? variable("b") : lit(random() % 9));
    }
    const Value divisor = 3 + random() % (random() % 2 == 0 ? 60 : 5000);
    const Value high = mask<Value>(bits + up_to(3));
    const auto found = reciprocal_of(divisor, high, width, word);
    Reciprocal r = found.value_or(Reciprocal{random() >> random() % 64, 8, divisor});
    if (random() % 4 == 0) r.factor += random() % 5 - 2;
    if (random() % 8 == 0) r.shift += up_to(2);
    const Id times = s.bin(Op::add, x, lit(r.rounded == up ? 0 : 1));
    const Id product = s.bin(Op::mul, times, lit(r.factor));
    const Id quotient = s.bin(Op::lshr, product, lit(r.shift));
    const Id rest = s.bin(Op::sub, x, s.bin(Op::mul, quotient, lit(divisor)));
    const unsigned low = up_to(8);
    return random() % 2 == 0 ? rest : s.extract(low, width - low, quotient);
  }

  std::mt19937_64 random_;
};

bool divides_something(const Store& store, Id term) {
  if (store.kind(term) == Kind::udiv) return true;
  return std::ranges::any_of(store.args(term),
                             [&](Id operand) { return divides_something(store, operand); });
}

TEST(ReciprocalRewriting, RandomTermsKeepTheirValue) {
  RandomDivisions random(3);
  std::mt19937_64 numbers(5);
  std::size_t divisions = 0;
  for (unsigned round = 0; round < 4'000; ++round) {
    Store rules;
    Store exact(no_rules);
    const auto [left, right] = random.next(rules, exact);
    divisions += divides_something(rules, left);
    for (unsigned i = 0; i < 24; ++i) {
      Model with_rules, without;
      for (const char* name : {"a", "b"}) {
        const Value value = i < 8 ? mask<Value>(32) - i : numbers() >> numbers() % 64;
        with_rules.set(rules.var(32, name), value & word);
        without.set(exact.var(32, name), value & word);
      }
      ASSERT_EQ(Evaluator(rules, with_rules)(left), Evaluator(exact, without)(right))
          << print(rules, left) << " for " << print(exact, right);
    }
  }
  EXPECT_GT(divisions, 500u);
}

/// Both built without rules: is there a value for which they differ?
std::string question(unsigned width, unsigned bits, const Reciprocal& r) {
  Pair pair{Store{no_rules}, {}, {}};
  make(pair, width, bits, r);
  const Id differ = pair.store.not_(pair.store.eq(pair.product, pair.quotient));
  return print_smt2(pair.store, std::span(&differ, 1), WithModel::no) + "(reset)\n";
}

TEST(ReciprocalRewriting, Z3ProvesInstancesBitByBit) {
  if (!is_installed("z3")) GTEST_SKIP() << "z3 is not installed";
  std::string script;
  std::vector<std::string> expected;
  for (const auto& [width, bits] : {std::pair{16u, 5u}, {16u, 6u}, {32u, 8u}}) {
    for (const Value divisor : {3u, 5u, 7u, 11u, 25u}) {
      const auto r = reciprocal_of(divisor, mask<Value>(bits), width, word);
      if (!r) continue;
      script +=
          question(width, bits, *r) + question(width, bits, {r->factor, r->shift - 1, divisor});
      expected.insert(expected.end(), {"unsat", "sat"});
    }
  }
  EXPECT_GT(expected.size(), 20u);
  EXPECT_EQ(run_solver("z3 -t:60000 -smt2", script), expected);
}

}  // namespace
}  // namespace probity::term::test
