// SPDX-License-Identifier: Apache-2.0
// The terms are rebuilt in a new store, operands first; Store::import does all but products.
#include "solver/product_symbols.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace probity::solver {
namespace {

using term::Id;
using term::Kind;
using term::Store;

/// The products below `roots`, inner ones first.
std::vector<Id> products(const Store& store, std::span<const Id> roots) {
  std::vector<bool> seen(store.size() + 1);
  std::vector<Id> found, pending(roots.begin(), roots.end());
  while (!pending.empty()) {
    const Id a = pending.back();
    pending.pop_back();
    if (seen[a.index]) continue;
    seen[a.index] = true;
    if (store.kind(a) == Kind::mul) found.push_back(a);
    const std::span<const Id> operands = store.args(a);
    pending.insert(pending.end(), operands.begin(), operands.end());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

std::optional<WeakerQuery> products_as_symbols(const Store& store, std::span<const Id> assertions) {
  const std::vector<Id> found = products(store, assertions);
  if (found.empty()) return std::nullopt;
  WeakerQuery query;
  std::vector<Id> memo(store.size() + 1);
  for (const Id product : found) {
    const unsigned width = store.width(product);
    const std::array<unsigned, 2> widths = {width, width};
    const term::Function symbol =
        query.store.function("product of " + std::to_string(width) + " bits", widths, width);
    const Id a = query.store.import(store, store.args(product)[0], memo);
    const Id b = query.store.import(store, store.args(product)[1], memo);
    memo[product.index] = query.store.apply(symbol, std::array{a, b});
    query.assertions.push_back(
        query.store.eq(memo[product.index], query.store.apply(symbol, std::array{b, a})));
  }
  for (const Id assertion : assertions) {
    query.assertions.push_back(query.store.import(store, assertion, memo));
  }
  return query;
}

}  // namespace probity::solver
