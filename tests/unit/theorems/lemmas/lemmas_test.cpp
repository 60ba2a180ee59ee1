// SPDX-License-Identifier: Apache-2.0
// The lemma obligations are proved, wrong ones are refuted, and what they state is exactly what the
// solver's abstraction adds as clauses: on every operand, with every claimed result, at small
// widths.
#include "theorems/lemmas/lemmas.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "solver/abstraction.hpp"
#include "solver/sat.hpp"
#include "solver/stopwatch.hpp"

namespace probity::theorems {
namespace {

using solver::Bits;
using solver::Gates;
using solver::Number;
using solver::Sat;
using solver::SatResult;
using term::Id;
using term::Store;

constexpr std::uint64_t no_conflicts = 100'000;
const solver::Deadline no_wall(600'000, 600'000);

void assume_value(Sat& sat, const Bits& bits, unsigned value) {
  for (std::size_t i = 0; i < bits.size(); ++i) {
    sat.assume(((value >> i) & 1) != 0 ? bits[i] : -bits[i]);
  }
}

bool all_hold(const Store& store, const std::vector<Lemma>& lemmas) {
  return std::ranges::all_of(lemmas,
                             [&](const Lemma& lemma) { return store.is_true(lemma.holds); });
}

/// Bits of a factor whose free part is `part`.
Bits shaped(const Bits& part, unsigned width, unsigned below) {
  Bits bits(below, solver::false_lit);
  bits.insert(bits.end(), part.begin(), part.end());
  bits.resize(width, solver::false_lit);
  return bits;
}

struct Shape {
  unsigned above, below;
};

void compare_products(unsigned width, Shape of_a, Shape of_b) {
  Sat sat(solver::Profile::incremental);
  Gates gates(sat, 1'000'000);
  const unsigned bits_a = width - of_a.above - of_a.below, bits_b = width - of_b.above - of_b.below;
  const Bits a = gates.fresh_bits(bits_a), b = gates.fresh_bits(bits_b);
  const Bits r = gates.fresh_bits(width);
  solver::add_product_lemmas(gates, shaped(a, width, of_a.below), shaped(b, width, of_b.below), r);
  Store store;
  for (unsigned x = 0; x < 1u << bits_a; ++x) {
    for (unsigned y = 0; y < 1u << bits_b; ++y) {
      for (unsigned z = 0; z < 1u << width; ++z) {
        assume_value(sat, a, x);
        assume_value(sat, b, y);
        assume_value(sat, r, z);
        const bool admitted = sat.solve(no_conflicts, no_wall) == SatResult::sat;
        const Factor fa{store.lit(width, x << of_a.below), of_a.above, of_a.below};
        const Factor fb{store.lit(width, y << of_b.below), of_b.above, of_b.below};
        ASSERT_EQ(admitted, all_hold(store, product_lemmas(store, fa, fb, store.lit(width, z))))
            << width << " bits: " << x << " * " << y << " = " << z;
      }
    }
  }
}

TEST(Lemmas, OfProductsSayWhatTheAbstractionAssumes) {
  for (const unsigned width : {2u, 3u, 4u}) {
    for (unsigned above = 0; above < width; ++above) {
      for (unsigned below = 0; above + below < width; ++below) {
        for (unsigned above_b = 0; above_b < width; ++above_b) {
          compare_products(width, {above, below}, {above_b, 0});
        }
      }
    }
  }
}

TEST(Lemmas, OfDivisionsSayWhatTheAbstractionAssumes) {
  for (const unsigned width : {2u, 3u}) {
    Sat sat(solver::Profile::incremental);
    Gates gates(sat, 1'000'000);
    std::vector<Bits> words;
    for (int i = 0; i < 5; ++i) words.push_back(gates.fresh_bits(width));
    solver::add_division_lemmas(gates, words[0], words[1], words[2], words[3], words[4]);
    Store store;
    for (unsigned values = 0; values < 1u << (5 * width); ++values) {
      Id ids[5];
      for (unsigned i = 0; i < 5; ++i) {
        const unsigned value = (values >> (i * width)) & ((1u << width) - 1);
        assume_value(sat, words[i], value);
        ids[i] = store.lit(width, value);
      }
      const bool admitted = sat.solve(no_conflicts, no_wall) == SatResult::sat;
      ASSERT_EQ(admitted,
                all_hold(store, division_lemmas(store, {ids[0], ids[1], ids[2], ids[3], ids[4]})))
          << width << " bits, values " << values;
    }
  }
}

TEST(Lemmas, AreProvedWithoutAnotherSolver) {
  proof::Options options;
  options.solver.external = solver::External::none;
  for (const proof::Result& result : proof::discharge(lemma_obligations(), options)) {
    EXPECT_TRUE(proof::is_proved(result)) << result.name;
    EXPECT_GT(result.effort.conclusions, 0U) << result.name;
  }
}

/// A lemma that is wrong for one operand is refuted: the definitions leave room for nothing else.
TEST(Lemmas, WrongOnesAreRefuted) {
  const auto wrong = [](const char* label) {
    return proof::Obligation{label,
                             "lemmas_test.cpp",
                             [](Store& s) {
                               const Id a = s.var(8, "a");
                               Id sum = s.lit(8, 0);
                               for (unsigned i = 0; i < 8; ++i) {  // a * 85 by rows
                                 if (i % 2 == 0) {
                                   sum = s.bin(Op::add, sum, s.bin(Op::shl, a, s.lit(8, i)));
                                 }
                               }
                               const auto lemmas =
                                   product_lemmas(s, {a, 0, 0}, {s.lit(8, 86), 0, 0}, sum);
                               proof::Query query;
                               for (const Lemma& lemma : lemmas) query.show.push_back(lemma.holds);
                               return query;
                             },
                             {}};
  };
  const proof::Obligation obligation = wrong("85 is not 86");
  const auto results = proof::discharge(std::span(&obligation, 1), {});
  EXPECT_TRUE(std::holds_alternative<proof::Refuted>(results[0].verdict));
}

}  // namespace
}  // namespace probity::theorems
