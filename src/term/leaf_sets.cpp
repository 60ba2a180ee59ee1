// SPDX-License-Identifier: Apache-2.0
// Unions of interned sets; a union that was made before is looked up by the pair of its parts.
#include "term/leaf_sets.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace probity::term {
namespace {

constexpr std::uint32_t empty_set = 1;

std::uint64_t hash_of(const LeafSets::Set& set) {
  std::uint64_t hash = set.leaves.size();
  const auto add = [&](std::uint32_t number) {
    hash = (hash ^ number) * 0xff51afd7ed558ccdull;
    hash ^= hash >> 32;
  };
  for (const Id leaf : set.leaves) add(leaf.index);
  for (const Function function : set.anywhere) add(function.index);
  return hash;
}

}  // namespace

std::uint32_t LeafSets::intern(Set set) {
  std::vector<std::uint32_t>& known = by_hash_[hash_of(set)];
  for (const std::uint32_t number : known) {
    if (sets_[number] == set) return number;
  }
  sets_.push_back(std::move(set));
  known.push_back(static_cast<std::uint32_t>(sets_.size() - 1));
  return known.back();
}

std::uint32_t LeafSets::merge(std::uint32_t a, std::uint32_t b) {
  if (a == b || b == empty_set) return a;
  if (a == empty_set) return b;
  if (a > b) std::swap(a, b);
  const auto [place, is_new] = merged_.try_emplace(std::uint64_t{a} << 32 | b);
  if (!is_new) return place->second;
  Set set;
  std::ranges::set_union(sets_[a].leaves, sets_[b].leaves, std::back_inserter(set.leaves));
  std::ranges::set_union(sets_[a].anywhere, sets_[b].anywhere, std::back_inserter(set.anywhere));
  return place->second = intern(std::move(set));
}

std::uint32_t LeafSets::compute(Id a) {
  std::uint32_t result = empty_set;
  bool constant = true;
  for (const Id operand : store_.args(a)) {
    result = merge(result, number_[operand.index]);
    constant = constant && store_.literal(operand).has_value();
  }
  if (store_.kind(a) == Kind::var) return intern({{a}, {}});
  if (store_.kind(a) != Kind::apply) return result;
  Set own{{a}, {}};
  if (!constant) own.anywhere.push_back(store_.function(a));
  return merge(result, intern(std::move(own)));
}

const LeafSets::Set& LeafSets::of(Id a) {
  if (number_.size() <= a.index)
    number_.resize(std::max(store_.size() + 1, number_.size() * 3 / 2));
  pending_.push_back(a);
  while (!pending_.empty()) {
    const Id top = pending_.back();
    const std::size_t before = pending_.size();
    if (number_[top.index] == 0) {
      for (const Id operand : store_.args(top)) {
        if (number_[operand.index] == 0) pending_.push_back(operand);
      }
      if (pending_.size() != before) continue;
      number_[top.index] = compute(top);
    }
    pending_.pop_back();
  }
  return sets_[number_[a.index]];
}

}  // namespace probity::term
