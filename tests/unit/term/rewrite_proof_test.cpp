// SPDX-License-Identifier: Apache-2.0
// Every row of rewrite_rules.def: the rule fires (what is built is the expected term), and z3
// proves for 8, 16, 32 and 64 bits that it is right: left side built with all rules off, right side
// as rewritten. The mutants at the end are wrong rules; z3 and evaluation must refute each, else
// these checks would prove nothing.
#include <gtest/gtest.h>

#include "solver_process.hpp"
#include "term/term.hpp"

namespace probity::term::test {
namespace {

constexpr RewriteOptions plain{};
constexpr RewriteOptions moving{.difference_equality = false};
constexpr RewriteOptions spread{.distribute = true};
constexpr RewriteOptions split{.split_products = true};
constexpr RewriteOptions rules_off{.linear_sums = false,
                                   .split_products = false,
                                   .distribute = false,
                                   .difference_equality = false,
                                   .local = false};

/// A term with operators, so that the table reads like formulas.
struct T {
  Store* store;
  Id id;
};
T un(Op op, T a) {
  return {a.store, a.store->un(op, a.id)};
}
T bin(Op op, T a, T b) {
  return {a.store, a.store->bin(op, a.id, b.id)};
}
T inv(T a) {
  return un(Op::not_, a);
}
T neg(T a) {
  return un(Op::neg, a);
}
T operator&(T a, T b) {
  return bin(Op::and_, a, b);
}
T operator|(T a, T b) {
  return bin(Op::or_, a, b);
}
T operator^(T a, T b) {
  return bin(Op::xor_, a, b);
}
T operator+(T a, T b) {
  return bin(Op::add, a, b);
}
T operator-(T a, T b) {
  return bin(Op::sub, a, b);
}
T operator*(T a, T b) {
  return bin(Op::mul, a, b);
}
T operator==(T a, T b) {
  return bin(Op::eq, a, b);
}
T operator<(T a, T b) {
  return bin(Op::ult, a, b);
}
T udiv(T a, T b) {
  return bin(Op::udiv, a, b);
}
T urem(T a, T b) {
  return bin(Op::urem, a, b);
}
T sdiv(T a, T b) {
  return bin(Op::sdiv, a, b);
}
T srem(T a, T b) {
  return bin(Op::srem, a, b);
}
T shl(T a, T b) {
  return bin(Op::shl, a, b);
}
T lshr(T a, T b) {
  return bin(Op::lshr, a, b);
}
T ashr(T a, T b) {
  return bin(Op::ashr, a, b);
}
T slt(T a, T b) {
  return bin(Op::slt, a, b);
}
T ite(T c, T a, T b) {
  return {c.store, c.store->ite(c.id, a.id, b.id)};
}
T cat(T a, T b) {
  return {a.store, a.store->concat(a.id, b.id)};
}
T part(unsigned low, unsigned width, T a) {
  return {a.store, a.store->extract(low, width, a.id)};
}
T low(unsigned width, T a) {
  return part(0, width, a);
}
T zext(unsigned to, T a) {
  return {a.store, a.store->zext(to, a.id)};
}
T sext(unsigned to, T a) {
  return {a.store, a.store->sext(to, a.id)};
}
T magnitude(T a) {
  return ite(part(a.store->width(a.id) - 1, 1, a), neg(a), a);
}

/// x * low half of y from half-width products.
T halves(T x, T y) {
  const unsigned width = x.store->width(x.id);
  const unsigned half = width / 2;
  const T full = zext(width, low(half, x)) * zext(width, low(half, y));
  return cat(part(half, half, full) + part(half, half, x) * low(half, y), low(half, full));
}

/// The variables and literals of one rule at one width.
struct Names {
  Store& store;
  unsigned W;
  T x = var(W, "x");
  T y = var(W, "y");
  T z = var(W, "z");
  T c = var(1, "c");
  T d = var(1, "d");

  T var(unsigned width, const char* name) { return {&store, store.var(width, name)}; }
  T lit(unsigned width, std::uint64_t value) const { return {&store, store.lit(width, value)}; }
  /// The literal `value`, sign-extended to W bits.
  T k(long value) const { return {&store, store.lit(W, static_cast<Value>(value))}; }
  T zero(unsigned width) const { return lit(width, 0); }
  T truth(bool value) const { return lit(1, value ? 1 : 0); }
};

struct Rule {
  const char* name;
  unsigned widest;
  RewriteOptions options;
  Id (*built)(Store&, unsigned);
  Id (*expected)(Store&, unsigned);
};

#define NAMES(store, width)                                                     \
  Names names{store, width};                                                    \
  [[maybe_unused]] const auto [s, W, x, y, z, c, d] = names;                    \
  [[maybe_unused]] const auto k = [&](long n) { return names.k(n); };           \
  [[maybe_unused]] const auto zero = [&](unsigned w) { return names.zero(w); }; \
  [[maybe_unused]] const auto truth = [&](bool v) { return names.truth(v); };   \
  [[maybe_unused]] const auto lit = [&](unsigned w, std::uint64_t v) { return names.lit(w, v); }
#define SIDE(term)                         \
  [](Store& store, unsigned width) -> Id { \
    NAMES(store, width);                   \
    return (term).id;                      \
  }

const Rule rules[] = {
#define RULE(name, widest, options, built, expected) \
  {#name, widest, options, SIDE(built), SIDE(expected)},
#include "rewrite_rules.def"
};

constexpr unsigned widths[] = {8, 16, 32, 64};

TEST(RewriteRules, EachFiresAtEveryWidth) {
  for (const Rule& rule : rules) {
    for (const unsigned width : widths) {
      Store store(rule.options);
      const Id built = rule.built(store, width);
      const Id expected = rule.expected(store, width);
      EXPECT_EQ(built, expected) << rule.name << " at " << width << " bits gives "
                                 << print(store, built) << " instead of " << print(store, expected);
    }
  }
}

/// "left differs from right somewhere", both built without rules; right as `rewritten` has it.
std::string difference(Id (*left)(Store&, unsigned), const Store& rewritten, Id right,
                       unsigned width) {
  Store exact(rules_off);
  std::vector<Id> memo;
  const Id plain_left = left(exact, width);
  const Id plain_right = exact.import(rewritten, right, memo);
  const Id differs = exact.not_(exact.eq(plain_left, plain_right));
  return print_smt2(exact, std::span(&differs, 1), WithModel::no);
}

class RewriteProof : public testing::TestWithParam<unsigned> {};

TEST_P(RewriteProof, Z3ProvesEveryRule) {
  if (!is_installed("z3")) GTEST_SKIP() << "z3 is not installed";
  std::string script;
  std::vector<const char*> names;
  for (const Rule& rule : rules) {
    if (rule.widest != 0 && GetParam() > rule.widest) continue;
    Store store(rule.options);
    const Id built = rule.built(store, GetParam());
    script += difference(rule.built, store, built, GetParam()) + "(reset)\n";
    names.push_back(rule.name);
  }
  const std::vector<std::string> answers = run_solver("z3 -t:60000 -smt2", script);
  ASSERT_EQ(answers.size(), names.size()) << (answers.empty() ? "" : answers[0]);
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(answers[i], "unsat") << names[i] << " at " << GetParam() << " bits";
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, RewriteProof, testing::ValuesIn(widths));

/// Wrong rules: each was a plausible slip.
const Rule mutants[] = {
#define MUTANT(name, built, wrong) {#name, 0, plain, SIDE(built), SIDE(wrong)}
    MUTANT(add_as_or, x + y, x | y),
    MUTANT(not_minus_one, inv(x), neg(x) + k(1)),
    MUTANT(ult_offset_despite_wrap, (x + k(14)) < k(20), x < k(6)),
    MUTANT(ult_common_despite_wrap, (x + y) < (x + z), y < z),
    MUTANT(ult_zext_as_signed, zext(W + 8, x) < zext(W + 8, y), slt(x, y)),
    MUTANT(udiv_narrow_without_zero, udiv(zext(W, low(4, x)), zext(W, low(4, y))),
           zext(W, udiv(low(4, x), low(4, y)))),
    MUTANT(udiv_same_without_zero, udiv(x, x), k(1)),
    MUTANT(urem_mask_for_any_literal, urem(x, k(6)), x& k(5)),
    MUTANT(sdiv_power_as_ashr, sdiv(x, k(4)), ashr(x, k(2))),
    MUTANT(srem_sign_of_divisor, srem(x, y),
           ite(part(W - 1, 1, y), neg(urem(magnitude(x), magnitude(y))),
               urem(magnitude(x), magnitude(y)))),
    MUTANT(shl_count_modulo_width, shl(x, y), shl(x, urem(y, k(W)))),
    MUTANT(concat_swapped, cat(low(4, x), low(4, y)), cat(low(4, y), low(4, x))),
    MUTANT(extract_high_of_sum, part(1, 3, x + y), part(1, 3, x) + part(1, 3, y)),
    MUTANT(sext_as_zext, sext(W + 1, x), zext(W + 1, x)),
    MUTANT(eq_even_factor_cancelled, (x * k(2)) == (y * k(2)), x == y),
    MUTANT(ite_or_swapped, ite(c, x, ite(d, y, x)), ite(c | d, x, y)),
    MUTANT(
        split_forgets_cross_product, x* y,
        cat(part(W / 2, W / 2, zext(W, low(W / 2, x)) * zext(W, low(W / 2, y))), low(W / 2, x* y))),
};

TEST_P(RewriteProof, Z3RefutesEveryMutant) {
  if (!is_installed("z3")) GTEST_SKIP() << "z3 is not installed";
  std::string script;
  for (const Rule& mutant : mutants) {
    Store store(mutant.options);
    const Id wrong = mutant.expected(store, GetParam());
    script += difference(mutant.built, store, wrong, GetParam()) + "(reset)\n";
  }
  const std::vector<std::string> answers = run_solver("z3 -t:60000 -smt2", script);
  ASSERT_EQ(answers.size(), std::size(mutants));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i], "sat") << mutants[i].name << " at " << GetParam() << " bits";
  }
}

TEST(RewriteMutants, EvaluationRefutesEachAtEightBits) {
  for (const Rule& mutant : mutants) {
    Store store;
    const Id right = mutant.built(store, 8);
    const Id wrong = mutant.expected(store, 8);
    bool refuted = false;
    for (unsigned assignment = 0; assignment < 1u << 18 && !refuted; assignment += 3) {
      Model model;
      model.set(store.var(8, "x"), assignment & 0xff);
      model.set(store.var(8, "y"), assignment >> 8 & 0xff);
      model.set(store.var(1, "c"), assignment >> 16 & 1);
      model.set(store.var(1, "d"), assignment >> 17 & 1);
      Evaluator evaluate(store, model);
      refuted = evaluate(right) != evaluate(wrong);
    }
    EXPECT_TRUE(refuted) << mutant.name;
  }
}

}  // namespace
}  // namespace probity::term::test
