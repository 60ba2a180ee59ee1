// SPDX-License-Identifier: Apache-2.0
// Every quotient n / d with the coefficient -d is tried: taking n out of the sum must leave no atom
// of n behind.
#include "term/remainder_sums.hpp"

#include <algorithm>

#include "term/linear_sum.hpp"

namespace probity::term {
namespace {

/// Adds factor * a, sums and constant multiples taken apart.
void add_parts(LinearSum& sum, const Store& store, Id a, Value factor) {
  std::vector<std::pair<Id, Value>> pending{{a, factor}};
  while (!pending.empty() && !sum.overflowed()) {
    const auto [top, times] = pending.back();
    pending.pop_back();
    const auto args = store.args(top);
    if (const auto value = store.literal(top)) {
      sum.add_constant(*value * times);
    } else if (store.kind(top) == Kind::add) {
      pending.emplace_back(args[0], times);
      pending.emplace_back(args[1], times);
    } else if (store.kind(top) == Kind::mul && store.literal(args[1])) {
      pending.emplace_back(args[0], times * *store.literal(args[1]));
    } else {
      sum.add(top, times);
    }
  }
}

std::optional<RemainderSum> without(const Store& store, const LinearSum& sum, Id quotient) {
  const unsigned width = store.width(quotient);
  const Id dividend = store.args(quotient)[0];
  const Value divisor = *store.literal(store.args(quotient)[1]);
  LinearSum rest = sum;
  rest.remove(quotient);
  add_parts(rest, store, dividend, mask<Value>(width));
  if (rest.overflowed()) return std::nullopt;
  LinearSum inner(width);
  add_parts(inner, store, dividend, 1);
  for (const LinearSum::Monomial& part : inner.monomials()) {
    const auto left = rest.monomials();
    if (std::ranges::find(left, part.atom, &LinearSum::Monomial::atom) != left.end()) {
      return std::nullopt;
    }
  }
  RemainderSum result{quotient, divisor, rest.constant(), {}};
  for (const LinearSum::Monomial& part : rest.monomials()) {
    result.rest.emplace_back(part.atom, part.coefficient);
  }
  return result;
}

std::optional<RemainderSum> find(const Store& store, Id a) {
  if (store.kind(a) != Kind::add) return std::nullopt;
  const Value limit = mask<Value>(store.width(a));
  LinearSum sum(store.width(a));
  add_parts(sum, store, a, 1);
  if (sum.overflowed()) return std::nullopt;
  for (const LinearSum::Monomial& part : sum.monomials()) {
    if (store.kind(part.atom) != Kind::udiv) continue;
    const auto divisor = store.literal(store.args(part.atom)[1]);
    if (!divisor || *divisor == 0 || part.coefficient != ((0 - *divisor) & limit)) continue;
    if (auto found = without(store, sum, part.atom)) return found;
  }
  return std::nullopt;
}

}  // namespace

const RemainderSum* RemainderSums::of(Id a) {
  if (store_.kind(a) != Kind::add) return nullptr;
  const std::optional<RemainderSum>* known = known_.find(a);
  if (known == nullptr) {
    auto found = find(store_, a);
    known = &(known_[a] = std::move(found));
  }
  return known->has_value() ? &**known : nullptr;
}

}  // namespace probity::term
