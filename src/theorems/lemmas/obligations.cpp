// SPDX-License-Identifier: Apache-2.0
// Why the lemmas hold. The product of a and b is the last of P(0) = 0, P(i+1) = P(i) + (bit i of b
// ? a << i : 0). A lemma about it that is not proved as it stands is an invariant of this sum: true
// at the start, kept by each step for any P(i) and any row, and enough at the end.
#include <algorithm>

#include <fmt/format.h>

#include "theorems/lemmas/lemmas.hpp"

namespace probity::theorems {
namespace {

using proof::Obligation;
using proof::Query;
using term::Id;
using term::Store;
using term::Value;

constexpr unsigned wide = 64;

Id bit(Store& s, Id a, unsigned i) {
  return s.extract(i, 1, a);
}

Id shifted_down(Store& s, Id a, unsigned count) {
  return s.bin(Op::lshr, a, s.lit(s.width(a), count));
}

/// Row i of the product: a << i where bit i of b is set.
Id row(Store& s, Id a, Id b, unsigned i) {
  const unsigned width = s.width(a);
  const Id shifted = i == 0 ? a : s.concat(s.extract(0, width - i, a), s.lit(i, 0));
  return s.ite(bit(s, b, i), shifted, s.lit(width, 0));
}

/// The product by its definition.
Id sum_of_rows(Store& s, Id a, Id b) {
  Id sum = s.lit(s.width(a), 0);
  for (unsigned i = 0; i < s.width(a); ++i) sum = s.bin(Op::add, sum, row(s, a, b, i));
  return sum;
}

Factor make_factor(Store& s, const char* name, unsigned width, unsigned above, unsigned below) {
  Id value = s.var(width - above - below, fmt::format("{} {} {}", name, above, below));
  if (below > 0) value = s.concat(value, s.lit(below, 0));
  return {s.zext(width, value), above, below};
}

void show(Query& query, std::vector<Lemma> lemmas, std::string_view where) {
  for (Lemma& lemma : lemmas) {
    query.show.push_back(lemma.holds);
    query.labels.push_back(fmt::format("{}{}", lemma.label, where));
  }
}

/// Every lemma of products as it stands, for every choice of known zeros.
Query product_at(Store& s, unsigned width) {
  Query query;
  for (unsigned above_a = 0; above_a < width; ++above_a) {
    for (unsigned below_a = 0; above_a + below_a < width; ++below_a) {
      for (unsigned above_b = 0; above_b < width; ++above_b) {
        for (unsigned below_b = 0; above_b + below_b < width; ++below_b) {
          const Factor a = make_factor(s, "a", width, above_a, below_a);
          const Factor b = make_factor(s, "b", width, above_b, below_b);
          show(query, product_lemmas(s, a, b, sum_of_rows(s, a.value, b.value)),
               fmt::format(", {}+{} and {}+{} zeros", above_a, below_a, above_b, below_b));
        }
      }
    }
  }
  return query;
}

/// The lemmas that ask for no known zeros, as they stand.
Query full_product_at(Store& s, unsigned width) {
  Query query;
  const Factor a = make_factor(s, "a", width, 0, 0), b = make_factor(s, "b", width, 0, 0);
  show(query, product_lemmas(s, a, b, sum_of_rows(s, a.value, b.value)), "");
  return query;
}

Query commuted_at(Store& s, unsigned width) {
  const Id a = s.var(width, "a"), b = s.var(width, "b");
  return {{}, {s.eq(sum_of_rows(s, a, b), sum_of_rows(s, b, a))}, {"a * b = b * a"}};
}

/// Commuted operands: row i consists of the bits a[j] & b[i] at places i + j, so both products are
/// the sum of the same bits at the same places.
Query rows_are_bits(Store& s) {
  const Id a = s.var(wide, "a"), b = s.var(wide, "b");
  Query query;
  for (unsigned i = 0; i < wide; ++i) {
    Id bits = s.and_(bit(s, a, wide - 1 - i), bit(s, b, i));
    for (unsigned j = wide - 1 - i; j-- > 0;) {
      bits = s.concat(bits, s.and_(bit(s, a, j), bit(s, b, i)));
    }
    if (i > 0) bits = s.concat(bits, s.lit(i, 0));
    query.show.push_back(s.eq(bits, row(s, a, b, i)));
    query.labels.push_back(fmt::format("row {}", i));
  }
  return query;
}

/// Low bits: a sum of multiples of 2^t is one, and every row after the first is even.
Query low_bits_step(Store& s) {
  const Id sum = s.var(wide, "sum"), addend = s.var(wide, "row");
  const Id next = s.bin(Op::add, sum, addend);
  Query query;
  for (unsigned t = 1; t <= wide; ++t) {
    const auto divisible = [&](Id a) { return s.eq(s.extract(0, t, a), s.lit(t, 0)); };
    query.show.push_back(s.implies(s.and_(divisible(sum), divisible(addend)), divisible(next)));
    query.labels.push_back(fmt::format("multiples of 2^{}", t));
  }
  query.show.push_back(s.implies(s.not_(bit(s, addend, 0)), s.eq(bit(s, next, 0), bit(s, sum, 0))));
  query.labels.emplace_back("an even row keeps the lowest bit");
  const Id a = s.var(wide, "a"), b = s.var(wide, "b");
  for (unsigned i = 1; i < wide; ++i) {
    query.show.push_back(s.not_(bit(s, row(s, a, b, i), 0)));
    query.labels.push_back(fmt::format("row {} is even", i));
  }
  query.show.push_back(s.eq(bit(s, row(s, a, b, 0), 0), s.and_(bit(s, a, 0), bit(s, b, 0))));
  query.labels.emplace_back("the lowest bit of row 0");
  return query;
}

/// Zeros below: with k of a and l of b, rows below l are zero and the others are multiples of
/// 2^(k+l).
Query zeros_below_rows(Store& s) {
  Query query;
  const Id a = s.var(wide, "a"), b = s.var(wide, "b");
  for (unsigned k = 0; k < wide; ++k) {
    const Id factor = k == 0 ? a : s.concat(s.extract(0, wide - k, a), s.lit(k, 0));
    for (unsigned i = 0; i < wide; ++i) {
      const unsigned zeros = std::min(wide, k + i);
      if (zeros == 0) continue;
      query.show.push_back(s.eq(s.extract(0, zeros, row(s, factor, b, i)), s.lit(zeros, 0)));
      query.labels.push_back(fmt::format("row {} of a factor with {} zeros below", i, k));
    }
  }
  return query;
}

/// Products that cannot overflow, in twice the width: with a < 2^m and n rows done, the invariant
/// is sum + a <= a << n, and sum >= a once a bit of b was set. `top` is a << n.
Query bounded_step(Store& s) {
  const unsigned width = 2 * wide;
  const Id a = s.zext(width, s.var(wide, "a")), sum = s.var(width, "sum"),
           top = s.var(width, "top");
  const Id set = s.var(1, "bit"), any = s.var(1, "an earlier bit");
  const Id half = s.lit(width, Value{1} << (width - 1));
  const auto at_most = [&](Id x, Id y) { return s.bin(Op::ule, x, y); };
  const auto plus = [&](Id x, Id y) { return s.bin(Op::add, x, y); };
  const Id next = plus(sum, s.ite(set, top, s.lit(width, 0)));
  const Id twice = plus(top, top);
  Query query;
  // top = a << n with n < 64 and a < 2^64, so below 2^127.
  query.assume = {
      s.bin(Op::ult, top, half),       at_most(a, top),
      at_most(plus(sum, a), top),      at_most(sum, plus(sum, a)),
      s.implies(any, at_most(a, sum)), s.implies(s.not_(any), s.eq(sum, s.lit(width, 0)))};
  query.show = {at_most(plus(next, a), twice), at_most(next, plus(next, a)), at_most(a, twice),
                s.implies(s.or_(any, set), at_most(a, next)),
                s.implies(s.not_(s.or_(any, set)), s.eq(next, s.lit(width, 0)))};
  query.labels = {"sum + a <= a << n", "without wrapping", "a <= a << n", "sum >= a", "sum = 0"};
  return query;
}

/// What the invariant gives when n rows are done and a < 2^(64 - n): the sum is below a << n, so it
/// fits, and its part above bit n is below a.
Query bounded_end(Store& s) {
  const unsigned width = 2 * wide;
  const Id sum = s.var(width, "sum"), zero = s.lit(width, 0);
  Query query;
  for (unsigned n = 1; n < wide; ++n) {
    const Id a = s.zext(width, s.var(wide - n, fmt::format("a of {} bits", wide - n)));
    const Id top = s.bin(Op::shl, a, s.lit(width, n)), more = s.bin(Op::add, sum, a);
    const Id invariant = s.and_(s.bin(Op::ule, more, top), s.bin(Op::ule, sum, more));
    const Id nothing = s.and_(s.eq(a, zero), s.eq(sum, zero));
    const Id below = s.and_(s.bin(Op::ult, sum, top), s.bin(Op::ult, shifted_down(s, sum, n), a));
    query.show.push_back(s.implies(invariant, s.or_(nothing, below)));
    query.labels.push_back(fmt::format("{} bits by {}", wide - n, n));
  }
  return query;
}

/// Zero, one and minus one as the operand whose bits choose the rows.
Query units(Store& s) {
  const Id a = s.var(wide, "a"), zero = s.lit(wide, 0);
  const Id minus_one = s.un(Op::not_, zero);
  return {{},
          {s.eq(sum_of_rows(s, a, zero), zero), s.eq(sum_of_rows(s, a, s.lit(wide, 1)), a),
           s.eq(sum_of_rows(s, a, minus_one), s.bin(Op::sub, zero, a))},
          {"times zero", "times one", "times minus one"}};
}

/// Divisions by anything but zero from their definition, with an exact product q * d.
Query division_at(Store& s, unsigned width) {
  const Id n = s.var(width, "n"), d = s.var(width, "d"), q = s.var(width, "q");
  const Id r = s.var(width, "r");
  const auto widened = [&](Id a) { return s.zext(2 * width, a); };
  const Id product = sum_of_rows(s, widened(q), widened(d));
  Query query;
  query.assume = {s.not_(s.eq(d, s.lit(width, 0))), s.bin(Op::ult, r, d),
                  s.eq(s.bin(Op::add, product, widened(r)), widened(n))};
  show(query, division_lemmas(s, {n, d, q, s.extract(0, width, product), r}), "");
  return query;
}

/// The same at 64 bits, where the exact product is any number that the lemmas of products allow.
Query division_from_products(Store& s) {
  const unsigned width = 2 * wide;
  const Id n = s.var(wide, "n"), d = s.var(wide, "d"), q = s.var(wide, "q"), r = s.var(wide, "r");
  const Id product = s.var(width, "q * d"), zero = s.lit(wide, 0);
  const auto widened = [&](Id a) { return s.zext(width, a); };
  Query query;
  query.assume = {s.not_(s.eq(d, zero)), s.bin(Op::ult, r, d),
                  s.eq(s.bin(Op::add, product, widened(r)), widened(n)),
                  s.eq(s.bin(Op::ult, s.bin(Op::add, product, widened(r)), product), s.false_())};
  for (const Lemma& lemma :
       product_lemmas(s, {widened(q), wide, 0}, {widened(d), wide, 0}, product)) {
    query.assume.push_back(lemma.holds);
  }
  show(query, division_lemmas(s, {n, d, q, s.extract(0, wide, product), r}), "");
  return query;
}

/// Divisions by zero give what SMT-LIB and RFC 9669 build on: all ones, and the dividend.
Query division_by_zero(Store& s) {
  const Id n = s.var(wide, "n"), d = s.lit(wide, 0);
  const Id q = s.bin(Op::udiv, n, d), product = s.bin(Op::mul, q, d);
  Query query;
  show(query, division_lemmas(s, {n, d, q, product, s.bin(Op::sub, n, product)}), "");
  query.show.push_back(s.eq(s.bin(Op::urem, n, d), n));
  query.labels.emplace_back("urem by zero");
  return query;
}

}  // namespace

std::vector<Obligation> lemma_obligations() {
  std::vector<Obligation> obligations;
  const auto add = [&](std::string name, proof::BuildQuery build) {
    obligations.push_back(
        {"lemma/" + std::move(name), "src/solver/abstraction.cpp", std::move(build), {}});
  };
  const auto at = [](Query (*query)(Store&, unsigned), unsigned width) {
    return [=](Store& s) { return query(s, width); };
  };
  add("product/every-shape/4-bits", at(product_at, 4));
  for (const unsigned width : {8u, 12u}) {
    add(fmt::format("product/{}-bits", width), at(full_product_at, width));
  }
  for (const unsigned width : {4u, 6u, 8u}) {
    add(fmt::format("product/commuted/{}-bits", width), at(commuted_at, width));
  }
  add("product/commuted/rows/64-bits", rows_are_bits);
  add("product/units/64-bits", units);
  add("product/low-bits/step/64-bits", low_bits_step);
  add("product/zeros-below/rows/64-bits", zeros_below_rows);
  add("product/bounded/step/64-bits", bounded_step);
  add("product/bounded/end/64-bits", bounded_end);
  for (const unsigned width : {4u, 8u}) {
    add(fmt::format("division/{}-bits", width), at(division_at, width));
  }
  add("division/from-products/64-bits", division_from_products);
  add("division/by-zero/64-bits", division_by_zero);
  return obligations;
}

}  // namespace probity::theorems
