// SPDX-License-Identifier: Apache-2.0
// See cut_points.hpp. Depth counts operations that mix bits; moving bytes about costs nothing,
// since what a byte is must stay visible to the proofs of loads and stores.
#include "opt/cut_points.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace probity::opt {
namespace {

using term::Id;
using TermKind = term::Kind;

/// Mixing operations on top of each other from which on a value is cut.
constexpr unsigned deep = 3;
/// Of one question whether two values are the same.
constexpr solver::Options part_limits{{2'000, 200'000, 500}, solver::External::none};
/// Questions without a yes after which none is asked any more.
constexpr unsigned most_failures = 8;

bool mixes(TermKind kind) {
  switch (kind) {
    case TermKind::xor_:
    case TermKind::add:
    case TermKind::mul:
    case TermKind::udiv:
    case TermKind::urem:
    case TermKind::shl:
    case TermKind::lshr:
    case TermKind::ashr:
    case TermKind::ite: return true;
    case TermKind::lit:
    case TermKind::var:
    case TermKind::apply:
    case TermKind::not_:
    case TermKind::and_:
    case TermKind::eq:
    case TermKind::ult:
    case TermKind::concat:
    case TermKind::extract: return false;
  }
  return false;
}

}  // namespace

/// Operands are older than what is made of them, so an explicit stack of unknown ones suffices.
unsigned CutPoints::depth(Id term) {
  if (depths_.size() <= store_.size()) depths_.resize(store_.size() + 1, 0);
  std::vector<Id> pending{term};
  while (!pending.empty()) {
    const Id top = pending.back();
    unsigned deepest = 0;
    bool ready = true;
    for (const Id operand : store_.args(top)) {
      if (depths_[operand.index] == 0) {
        pending.push_back(operand);
        ready = false;
      } else {
        deepest = std::max<unsigned>(deepest, depths_[operand.index] - 1u);
      }
    }
    if (!ready) continue;
    constexpr unsigned most = 1'000;
    const unsigned own = deepest + (mixes(store_.kind(top)) ? 1 : 0);
    depths_[top.index] = static_cast<std::uint16_t>(std::min(own, most) + 1);
    pending.pop_back();
  }
  return depths_[term.index] - 1u;
}

Id CutPoints::stand_in(Id value) {
  if (const auto known = cuts_.find(value); known != cuts_.end()) return known->second.stand_in;
  Id part = value;
  if (store_.kind(value) == TermKind::concat &&
      store_.literal(store_.args(value)[0]) == term::Value{0})
    part = store_.args(value)[1];
  const Id variable = store_.var(store_.width(part), fmt::format("cut {}", cuts_.size()));
  const Cut cut{value, store_.zext(store_.width(value), variable)};
  cuts_.emplace(value, cut);
  by_variable_.emplace(variable, cut);
  return cut.stand_in;
}

Id CutPoints::cut_old(Id value, std::uint32_t slot) {
  if (depth(value) < deep || pointers_.resolve(value)) return value;
  auto& values = by_slot_[slot];
  if (std::ranges::find(values, value) == values.end()) values.push_back(value);
  return stand_in(value);
}

Id CutPoints::cut_new(Id value, std::uint32_t slot, std::span<const Id> assumed) {
  if (const auto known = cuts_.find(value); known != cuts_.end()) return known->second.stand_in;
  const auto there = by_slot_.find(slot);
  if (there == by_slot_.end() || store_.literal(value)) return value;
  for (const Id old : there->second) {
    if (failures_ >= most_failures) return value;
    const Id differ = store_.not_(store_.eq(old, value));
    std::vector<Id> query(assumed.begin(), assumed.end());
    query.push_back(differ);
    if (store_.is_false(differ) ||
        solver::solve(store_, query, part_limits).status == solver::Status::unsat) {
      return cuts_.at(old).stand_in;
    }
    ++failures_;
  }
  return value;
}

std::vector<Id> CutPoints::definitions(std::span<const Id> terms) const {
  std::vector<Id> found;
  std::vector<bool> seen(store_.size() + 1, false);
  std::vector<Id> pending(terms.begin(), terms.end());
  while (!pending.empty()) {
    const Id top = pending.back();
    pending.pop_back();
    if (seen[top.index]) continue;
    seen[top.index] = true;
    const auto operands = store_.args(top);
    pending.insert(pending.end(), operands.begin(), operands.end());
    const auto cut = by_variable_.find(top);
    if (cut == by_variable_.end()) continue;
    pending.push_back(cut->second.value);
    found.push_back(cut->first);
  }
  for (Id& variable : found) {
    const Cut& cut = by_variable_.at(variable);
    variable = store_.eq(cut.stand_in, cut.value);
  }
  return found;
}

}  // namespace probity::opt
