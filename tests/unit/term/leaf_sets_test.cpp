// SPDX-License-Identifier: Apache-2.0
// Leaf sets against a walk over the whole term.
#include <array>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "term/leaf_sets.hpp"

namespace probity::term {
namespace {

std::set<Id> walk(const Store& store, Id a) {
  std::set<Id> leaves;
  if (store.kind(a) == Kind::var || store.kind(a) == Kind::apply) leaves.insert(a);
  for (const Id operand : store.args(a)) leaves.merge(walk(store, operand));
  return leaves;
}

TEST(LeafSets, AreWhatAWalkFinds) {
  std::mt19937 random(3);
  Store store;
  const std::array<unsigned, 1> widths{4};
  const Function f = store.function("f", widths, 4);
  const Function g = store.function("g", widths, 4);
  std::vector<Id> terms{store.lit(4, 3), store.var(4, "a"), store.var(4, "b"), store.var(4, "c")};
  LeafSets sets(store);
  for (int i = 0; i < 400; ++i) {
    const Id x = terms[random() % terms.size()];
    const Id y = terms[random() % terms.size()];
    const std::array<Id, 1> argument{x};
    switch (random() % 5) {
      case 0: terms.push_back(store.apply(random() % 2 == 0 ? f : g, argument)); break;
      case 1: terms.push_back(store.bin(Op::add, x, y)); break;
      case 2: terms.push_back(store.bin(Op::udiv, x, y)); break;
      case 3: terms.push_back(store.ite(store.eq(x, y), x, store.lit(4, random()))); break;
      default: terms.push_back(store.lit(4, random())); break;
    }
    const Id a = terms[random() % terms.size()];
    const LeafSets::Set& set = sets.of(a);
    const std::set<Id> expected = walk(store, a);
    ASSERT_TRUE(std::ranges::equal(set.leaves, expected)) << print(store, a);
    std::set<Function> anywhere;
    for (const Id leaf : expected) {
      if (store.kind(leaf) != Kind::apply || store.literal(store.args(leaf)[0])) continue;
      anywhere.insert(store.function(leaf));
    }
    ASSERT_TRUE(std::ranges::equal(set.anywhere, anywhere)) << print(store, a);
    if (terms.size() > 60) terms.resize(20);
  }
}

}  // namespace
}  // namespace probity::term
