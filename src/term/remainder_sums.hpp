// SPDX-License-Identifier: Apache-2.0
// RemainderSums: finds n % d in a sum. The rewriter lowers n % d to n - (n / d) * d and merges that
// into the sum around it, where its bound is no longer to be seen: `ring * size + hash % size`
// is how programs index tables.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "term/id_table.hpp"
#include "term/knowledge.hpp"
#include "term/term.hpp"

namespace probity::term {

/// A sum as n % divisor + constant + coefficients * atoms.
struct RemainderSum {
  Id quotient;  ///< n / divisor
  Value divisor = 0;
  Value constant = 0;
  std::vector<std::pair<Id, Value>> rest;
};

class RemainderSums {
 public:
  explicit RemainderSums(const Store& store) : store_(store) {}
  /// Null: `a` is no such sum. Valid until the next call.
  const RemainderSum* of(Id a);

 private:
  const Store& store_;
  IdTable<std::optional<RemainderSum>> known_;
};

/// What is known of such a sum when `knowledge(atom)` is known of its atoms.
template <typename KnowledgeOf>
Knowledge knowledge_of(const RemainderSum& sum, unsigned width, KnowledgeOf knowledge) {
  const Value limit = mask<Value>(width);
  Value low = sum.constant;
  Value high = sum.divisor - 1;
  if (high > limit - sum.constant) return Knowledge::anything(width);
  high += sum.constant;
  for (const auto& [atom, coefficient] : sum.rest) {
    const Knowledge known = knowledge(atom);
    if (known.high > (limit - high) / coefficient) return Knowledge::anything(width);
    low += coefficient * known.low;
    high += coefficient * known.high;
  }
  return Knowledge::between(width, low, high);
}

}  // namespace probity::term
