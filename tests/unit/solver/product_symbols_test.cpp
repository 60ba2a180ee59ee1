// SPDX-License-Identifier: Apache-2.0
// Products as symbols: what the weaker query keeps, and that it is weaker, never stronger.
#include <gtest/gtest.h>

#include "solver/product_symbols.hpp"
#include "solver/solver.hpp"

namespace probity::solver {
namespace {

using term::Id;

Status status_of(WeakerQuery& query) {
  return solve(query.store, query.assertions, {.limits = {}, .external = External::none}).status;
}

class Products : public testing::Test {
 protected:
  term::Store store;
  Id a = store.var(64, "a"), b = store.var(64, "b"), c = store.var(64, "c");

  Id product(Id x, Id y) { return store.bin(Op::mul, x, y); }
  Id sum(Id x, Id y) { return store.bin(Op::add, x, y); }

  Status weaker(const std::vector<Id>& assertions) {
    std::optional<WeakerQuery> query = products_as_symbols(store, assertions);
    EXPECT_TRUE(query.has_value());
    return query ? status_of(*query) : Status::unknown;
  }
};

TEST_F(Products, EqualFactorsGiveEqualProducts) {
  const Id equal = store.eq(a, b);
  const Id differ = store.not_(store.eq(product(a, c), product(c, b)));
  EXPECT_EQ(weaker({equal, differ}), Status::unsat);
}

TEST_F(Products, InnerProductsAreSymbolsToo) {
  const Id equal = store.eq(a, b);
  const Id left = product(sum(product(a, c), c), c);
  const Id right = product(c, sum(c, product(c, b)));
  EXPECT_EQ(weaker({equal, store.not_(store.eq(left, right))}), Status::unsat);
}

TEST_F(Products, WhatNeedsMultiplicationIsNotShown) {
  // An odd square is never 2, but a symbol may say so.
  const Id odd = store.extract(0, 1, a);
  const Id two = store.eq(product(a, a), store.lit(64, 2));
  EXPECT_EQ(weaker({odd, two}), Status::sat);
}

TEST_F(Products, NothingWithoutProducts) {
  const std::vector<Id> sums = {store.eq(sum(a, b), c)};
  EXPECT_FALSE(products_as_symbols(store, sums).has_value());
}

}  // namespace
}  // namespace probity::solver
