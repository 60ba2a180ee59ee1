// SPDX-License-Identifier: Apache-2.0
// Circuits against fold(): every operand pair at small widths, powers of two or not; and the
// abstraction's lemmas, which must admit the exact result for every operand, i.e. be valid.
#include "solver/circuits.hpp"

#include <gtest/gtest.h>

#include <random>

#include "solver/abstraction.hpp"
#include "solver/sat.hpp"

namespace probity::solver {
namespace {

constexpr std::uint32_t ten_minutes_ms = 600'000;

Deadline late() {
  return {ten_minutes_ms, ten_minutes_ms};
}
constexpr std::uint64_t no_conflicts = 1'000'000;

void assume_value(Sat& sat, BitsView bits, Number value) {
  for (std::size_t i = 0; i < bits.size(); ++i) {
    sat.assume(((value >> i) & 1) != 0 ? bits[i] : -bits[i]);
  }
}

Bits circuit(Op op, Gates& g, BitsView a, BitsView b) {
  switch (op) {
    case Op::add: return add(g, a, b, false_lit);
    case Op::sub: return subtract(g, a, b);
    case Op::mul: return multiply(g, a, b);
    case Op::udiv: return divide(g, a, b).quotient;
    case Op::urem: return divide(g, a, b).remainder;
    case Op::shl:
    case Op::lshr:
    case Op::ashr: return shift(g, op, a, b);
    case Op::eq: return {equal(g, a, b)};
    case Op::ult: return {less(g, a, b)};
    default: ADD_FAILURE() << "no circuit for " << smt_name(op); return {};
  }
}

constexpr Op all_circuits[] = {Op::add, Op::sub,  Op::mul,  Op::udiv, Op::urem,
                               Op::shl, Op::lshr, Op::ashr, Op::eq,   Op::ult};

/// Operand pairs on which the circuit differs from fold(); every pair up to width 4, else `samples`
/// random ones.
int count_wrong(Op op, unsigned width, Mutation mutation, int samples) {
  Sat sat(Profile::incremental);
  Gates gates(sat, 10'000'000, mutation);
  const Bits a = gates.fresh_bits(width), b = gates.fresh_bits(width);
  const Bits r = circuit(op, gates, a, b);
  int wrong = 0;
  const auto check = [&](Number x, Number y) {
    assume_value(sat, a, x);
    assume_value(sat, b, y);
    if (sat.solve(no_conflicts, late()) != SatResult::sat ||
        sat.value(r) != fold<Number>(op, width, x, y))
      ++wrong;
  };
  if (width <= 4) {
    for (Number x = 0; x <= mask<Number>(width); ++x) {
      for (Number y = 0; y <= mask<Number>(width); ++y) check(x, y);
    }
    return wrong;
  }
  std::mt19937_64 random(width);
  for (int i = 0; i < samples; ++i) {
    const auto any = [&] { return ((Number(random()) << 64) | random()) & mask<Number>(width); };
    const Number x = any();
    check(x, (random() & 1) != 0 ? any() : Number(random() % (width + 3)) & mask<Number>(width));
  }
  return wrong;
}

TEST(Circuits, MeanWhatFoldMeans) {
  for (const Op op : all_circuits) {
    for (const unsigned width : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 16U, 31U, 33U, 64U, 100U, 128U}) {
      EXPECT_EQ(count_wrong(op, width, Mutation::none, 12), 0)
          << smt_name(op) << " at width " << width;
    }
  }
}

TEST(Circuits, AWrongCircuitIsFound) {
  EXPECT_GT(count_wrong(Op::add, 4, Mutation::wrong_carry, 0), 0);
  EXPECT_GT(count_wrong(Op::mul, 4, Mutation::wrong_carry, 0), 0);
  EXPECT_GT(count_wrong(Op::shl, 8, Mutation::short_shift, 60), 0);
  EXPECT_GT(count_wrong(Op::ult, 4, Mutation::swapped_mux, 0) +
                count_wrong(Op::shl, 4, Mutation::swapped_mux, 0),
            0);
}

TEST(Circuits, ConstantFactorsAndDivisors) {
  for (const unsigned width : {3U, 5U, 8U}) {
    for (Number factor = 0; factor <= mask<Number>(width); ++factor) {
      Sat sat(Profile::incremental);
      Gates gates(sat, 1'000'000);
      const Bits a = gates.fresh_bits(width);
      const Bits product = multiply_constant(gates, a, factor);
      const Number divisor = factor == 0 ? 1 : factor;
      const QuotientRemainder quotient = divide_constant(gates, a, divisor);
      for (Number x = 0; x <= mask<Number>(width); x += width == 8 ? 5 : 1) {
        assume_value(sat, a, x);
        ASSERT_EQ(sat.solve(no_conflicts, late()), SatResult::sat);
        EXPECT_EQ(sat.value(product), (x * factor) & mask<Number>(width));
        EXPECT_EQ(sat.value(quotient.quotient), x / divisor);
        EXPECT_EQ(sat.value(quotient.remainder), x % divisor);
      }
    }
  }
  Sat sat(Profile::once);
  Gates gates(sat, 1'000'000);
  const Bits a = gates.fresh_bits(128);
  const Number factor = (Number(0xdeadbeefcafebabeULL) << 64) | 0xffffffffffffffffULL,
               x = ~Number{0} / 7;
  const Bits product = multiply_constant(gates, a, factor);
  assume_value(sat, a, x);
  ASSERT_EQ(sat.solve(no_conflicts, late()), SatResult::sat);
  EXPECT_EQ(sat.value(product), x * factor);
}

/// Lemmas next to the exact circuit: satisfiable for every operand pair means every lemma is valid.
void expect_lemmas_admit(unsigned width, unsigned zeros_a, unsigned zeros_b, unsigned step) {
  Sat sat(Profile::incremental);
  Gates gates(sat, 10'000'000);
  Bits a = gates.fresh_bits(width - zeros_a), b = gates.fresh_bits(width - zeros_b);
  const Bits free_a = a, free_b = b;
  a.resize(width, false_lit);
  b.resize(width, false_lit);
  add_product_lemmas(gates, a, b, multiply(gates, a, b));
  const QuotientRemainder exact = divide(gates, a, b);
  add_division_lemmas(gates, a, b, exact.quotient, multiply(gates, exact.quotient, b),
                      exact.remainder);
  for (Number x = 0; x <= mask<Number>(width - zeros_a); ++x) {
    for (Number y = x % step; y <= mask<Number>(width - zeros_b); y += step) {
      assume_value(sat, free_a, x);
      assume_value(sat, free_b, y);
      ASSERT_EQ(sat.solve(no_conflicts, late()), SatResult::sat)
          << "width " << width << ": " << unsigned(x) << ", " << unsigned(y);
    }
  }
}

TEST(Lemmas, AdmitEveryProductAndQuotient) {
  for (unsigned width = 1; width <= 6; ++width) {
    for (unsigned zeros_a = 0; zeros_a < width; ++zeros_a) {
      for (unsigned zeros_b = 0; zeros_b < width; ++zeros_b)
        expect_lemmas_admit(width, zeros_a, zeros_b, 1);
    }
  }
  expect_lemmas_admit(8, 0, 0, 3);
  expect_lemmas_admit(8, 4, 4, 1);
  expect_lemmas_admit(8, 3, 5, 1);
}

TEST(Lemmas, RefineEndsInTheExactProduct) {
  Sat sat(Profile::once);
  Gates gates(sat, 1'000'000);
  Abstraction abstraction(gates);
  const Bits a = gates.fresh_bits(16), b = gates.fresh_bits(16);
  const std::size_t product = abstraction.product(a, b), quotient = abstraction.division(a, b);
  EXPECT_EQ(abstraction.product(b, a), product);
  EXPECT_EQ(abstraction.division(a, b), quotient);
  const std::size_t calls[] = {product, quotient};
  for (int round = 0; round < 10; ++round) {
    assume_value(sat, a, 40'001);
    assume_value(sat, b, 1'003);
    ASSERT_EQ(sat.solve(no_conflicts, late()), SatResult::sat);
    if (abstraction.refine(sat, calls) == 0) break;
    ASSERT_LT(round, 9);
  }
  EXPECT_EQ(sat.value(abstraction.call(product).result), Number{40'001ULL * 1'003 % 65'536});
  EXPECT_EQ(sat.value(abstraction.call(quotient).result), Number{40'001 / 1'003});
  EXPECT_EQ(sat.value(abstraction.call(quotient).remainder), Number{40'001 % 1'003});
}

TEST(Lemmas, OneRoundRepairsSeveralPairs) {
  Sat sat(Profile::once);
  Gates gates(sat, 1'000'000);
  Abstraction abstraction(gates);
  std::vector<std::size_t> calls;
  for (std::uint32_t function = 0; function < 3; ++function) {
    for (Number i = 0; i < 16; ++i) {  // each value of the argument twice; only late pairs are lazy
      const Bits argument = gates.fresh_bits(4);
      imply_equal(gates, true_lit, argument, constant_bits(4, i / 2));
      calls.push_back(abstraction.function(function, {argument}, 2));
    }
  }
  // Assumed for one call only: twins differ.
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i] % 16 >= 8) assume_value(sat, abstraction.call(calls[i]).result, Number(i % 2));
  }
  ASSERT_EQ(sat.solve(no_conflicts, late()), SatResult::sat);
  EXPECT_GT(abstraction.refine(sat, calls), 3U);
  SatResult result = sat.solve(no_conflicts, late());
  while (result == SatResult::sat && abstraction.refine(sat, calls) != 0) {
    result = sat.solve(no_conflicts, late());
  }
  EXPECT_EQ(result, SatResult::sat);
}

TEST(Lemmas, FunctionsBecomeCongruent) {
  Sat sat(Profile::once);
  Gates gates(sat, 1'000'000);
  Abstraction abstraction(gates);
  std::vector<std::size_t> calls;
  std::vector<Bits> arguments;
  for (int i = 0; i < 12; ++i) {
    arguments.push_back(gates.fresh_bits(8));
    calls.push_back(abstraction.function(7, {arguments.back()}, 8));
  }
  // All arguments equal, the first and last value different: unsatisfiable once congruence is
  // complete.
  for (int i = 1; i < 12; ++i)
    imply_equal(gates, true_lit, arguments[0], arguments[std::size_t(i)]);
  const Lit same =
      equal(gates, abstraction.call(calls.front()).result, abstraction.call(calls.back()).result);
  gates.clause({-same});
  SatResult result = SatResult::sat;
  for (int round = 0; round < 100 && result == SatResult::sat; ++round) {
    result = sat.solve(no_conflicts, late());
    if (result == SatResult::sat) {
      ASSERT_GT(abstraction.refine(sat, calls), 0U);
    }
  }
  EXPECT_EQ(result, SatResult::unsat);
}

}  // namespace
}  // namespace probity::solver
