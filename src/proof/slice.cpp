// SPDX-License-Identifier: Apache-2.0
// Leaves are collected once per assumption; a goal's set grows until no assumption touches it.
#include "proof/slice.hpp"

#include <algorithm>

namespace probity::proof {
namespace {

using term::Id;
using term::Kind;

bool intersect(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  for (std::size_t i = 0, n = 0; i < a.size() && n < b.size();) {
    if (a[i] == b[n]) return true;
    a[i] < b[n] ? ++i : ++n;
  }
  return false;
}

}  // namespace

Slicer::Slicer(const term::Store& store, std::span<const Id> assumptions) : store_(store) {
  for (const Id assumption : assumptions) add(assumption);
}

void Slicer::replace_from(std::size_t kept, std::span<const Id> others) {
  assumptions_.resize(kept);
  assumption_leaves_.resize(kept);
  for (const Id assumption : others) add(assumption);
}

void Slicer::add(Id assumption) {
  auto [found, fresh] = leaves_of_.try_emplace(assumption);
  if (fresh) found->second = leaves(assumption);
  assumptions_.push_back(assumption);
  assumption_leaves_.push_back(found->second);
}

std::vector<Slicer::Leaf> Slicer::leaves(Id root) {
  constexpr Leaf functions = Leaf{1} << 32;
  visited_.resize(store_.size() + 1);
  ++traversals_;
  std::vector<Leaf> found;
  std::vector<Id> stack{root};
  while (!stack.empty()) {
    const Id top = stack.back();
    stack.pop_back();
    if (visited_[top.index] == traversals_) continue;
    visited_[top.index] = traversals_;
    if (store_.kind(top) == Kind::var) found.push_back(top.index);
    if (store_.kind(top) == Kind::apply) found.push_back(functions + store_.function(top).index);
    for (const Id argument : store_.args(top)) stack.push_back(argument);
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::vector<Id> Slicer::relevant(Id goal) {
  std::vector<Leaf> reached = leaves(goal);
  std::vector<bool> taken(assumptions_.size());
  for (bool grew = true; grew;) {
    grew = false;
    for (std::size_t i = 0; i < assumptions_.size(); ++i) {
      if (taken[i] || !intersect(reached, assumption_leaves_[i])) continue;
      taken[i] = grew = true;
      std::vector<Leaf> both;
      std::ranges::set_union(reached, assumption_leaves_[i], std::back_inserter(both));
      reached = std::move(both);
    }
  }
  std::vector<Id> result;
  for (std::size_t i = 0; i < assumptions_.size(); ++i) {
    if (taken[i]) result.push_back(assumptions_[i]);
  }
  return result;
}

}  // namespace probity::proof
