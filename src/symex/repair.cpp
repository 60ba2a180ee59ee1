// SPDX-License-Identifier: Apache-2.0
// Where there is a choice (which operand to change, which side of a bound), the attempts take
// different ones. A conjunct that an attempt breaks becomes its next goal.
#include "symex/repair.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace probity::symex {
namespace {

using term::Id;
using term::Kind;
using term::Value;

constexpr unsigned attempts = 3;
constexpr int rounds = 6;
constexpr unsigned max_aims = 400;

/// One attempt to give a term a value.
class Aim {
 public:
  Aim(const term::Store& store, Valuation& now, unsigned attempt)
      : store_(store), now_(now), attempt_(attempt) {}

  /// False: no way was seen.
  bool at(Id a, Value target);
  term::Model changes() && { return std::move(changes_); }

 private:
  bool relation(Id a, bool target);
  bool bitwise(Id a, Value target);
  bool arithmetic(Id a, Value target);
  bool shift(Id a, Value target);
  bool choice(Id a, Value target);
  bool product(Id a, Value target);
  /// The operand to change: the one that is no literal, else by attempt.
  unsigned changeable(Id a) const {
    const auto args = store_.args(a);
    if (store_.literal(args[0])) return 1;
    if (store_.literal(args[1])) return 0;
    return attempt_ % 2;
  }

  const term::Store& store_;
  Valuation& now_;
  unsigned attempt_;
  unsigned aims_ = 0;
  term::Model changes_;
};

bool Aim::relation(Id a, bool target) {
  const auto args = store_.args(a);
  const unsigned own = changeable(a);
  const Value limit = mask<Value>(store_.width(args[0]));
  const Value other = now_(args[1 - own]);
  if (store_.kind(a) == Kind::eq) {
    if (target) return at(args[own], other);
    return at(args[own], attempt_ == 0 ? other ^ 1 : (other + 1) & limit);
  }
  // The bound itself first, since other bounds are likely near it; then the far end.
  const bool wants_less = target == (own == 0);
  if (wants_less) {
    if (target && other == 0) return false;
    const Value bound = target ? other - 1 : other;
    return at(args[own], attempt_ == 1 ? 0 : bound);
  }
  if (target && other == limit) return false;
  const Value bound = target ? other + 1 : other;
  return at(args[own], attempt_ == 1 ? limit : bound);
}

bool Aim::bitwise(Id a, Value target) {
  const auto args = store_.args(a);
  const unsigned own = changeable(a);
  const Value other = now_(args[1 - own]);
  const Value mine = now_(args[own]);
  if (store_.kind(a) == Kind::xor_) return at(args[own], target ^ other);
  if (store_.width(a) == 1 && target == 1) return at(args[0], 1) && at(args[1], 1);
  if (store_.width(a) == 1) {
    return at(args[own], 0);
  }
  if ((target & ~other) != 0) {
    if (store_.literal(args[1 - own])) return false;
    return at(args[1 - own], target | other) && at(args[own], target | (mine & ~other));
  }
  return at(args[own], target | (mine & ~other));
}

bool Aim::product(Id a, Value target) {
  const auto args = store_.args(a);
  const unsigned own = changeable(a);
  const Value factor = now_(args[1 - own]);
  const Value limit = mask<Value>(store_.width(a));
  if (factor == limit) return at(args[own], (0 - target) & limit);
  if (factor == 0 || target % factor != 0) return false;
  return at(args[own], target / factor);
}

bool Aim::arithmetic(Id a, Value target) {
  const auto args = store_.args(a);
  const Value limit = mask<Value>(store_.width(a));
  if (store_.kind(a) == Kind::add) {
    const unsigned own = changeable(a);
    return at(args[own], (target - now_(args[1 - own])) & limit);
  }
  if (store_.kind(a) == Kind::mul) return product(a, target);
  const Value divisor = now_(args[1]);
  if (divisor == 0) return false;
  if (store_.kind(a) == Kind::udiv) {
    if (target > limit / divisor) return false;
    return at(args[0], target * divisor);
  }
  const Value dividend = now_(args[0]);
  if (target >= divisor) return false;
  return at(args[0], dividend - dividend % divisor + target);
}

bool Aim::shift(Id a, Value target) {
  const auto args = store_.args(a);
  const Value amount = now_(args[1]);
  const unsigned width = store_.width(a);
  if (amount >= width) return target == now_(a);
  const auto count = static_cast<unsigned>(amount);
  const Value limit = mask<Value>(width);
  const Value mine = now_(args[0]);
  if (store_.kind(a) == Kind::shl) {
    const Value kept = count == 0 ? 0 : mine & ~(limit >> count);
    return (target & mask<Value>(count)) == 0 && at(args[0], (target >> count) | kept);
  }
  return at(args[0], ((target << count) & limit) | (mine & mask<Value>(count)));
}

bool Aim::choice(Id a, Value target) {
  const auto args = store_.args(a);
  const bool taken = now_(args[0]) != 0;
  const std::size_t here = taken ? 1 : 2;
  const std::size_t there = taken ? 2 : 1;
  // The side in force, unless the other one has the value already or this one cannot change.
  const bool other_fits = now_(args[there]) == target;
  if (other_fits || store_.literal(args[here])) {
    return at(args[0], taken ? 0 : 1) && at(args[there], target);
  }
  return at(args[here], target);
}

bool Aim::at(Id a, Value target) {
  if (now_(a) == target) return true;
  if (++aims_ > max_aims) return false;
  const auto args = store_.args(a);
  const unsigned width = store_.width(a);
  switch (store_.kind(a)) {
    case Kind::lit: return false;
    case Kind::var: changes_.set(a, target); return true;
    case Kind::apply: {
      std::vector<Value> arguments;
      for (const Id argument : args) arguments.push_back(now_(argument));
      changes_.set_apply(store_.function(a), arguments, target);
      return true;
    }
    case Kind::not_: return at(args[0], ~target & mask<Value>(width));
    case Kind::eq:
    case Kind::ult: return relation(a, target != 0);
    case Kind::and_:
    case Kind::xor_: return bitwise(a, target);
    case Kind::add:
    case Kind::mul:
    case Kind::udiv:
    case Kind::urem: return arithmetic(a, target);
    case Kind::shl:
    case Kind::lshr:
    case Kind::ashr: return shift(a, target);
    case Kind::ite: return choice(a, target);
    case Kind::concat: {
      const unsigned below = store_.width(args[1]);
      return at(args[0], target >> below) && at(args[1], target & mask<Value>(below));
    }
    case Kind::extract: {
      const Value field = mask<Value>(width) << store_.low(a);
      return at(args[0], (now_(args[0]) & ~field) | (target << store_.low(a)));
    }
  }
  return false;
}

void add(term::Model& all, const term::Model& changes) {
  for (const auto& [variable, value] : changes.variables()) all.set(variable, value);
  for (const term::Model::Entry& entry : changes.entries()) {
    all.set_apply(entry.function, entry.arguments, entry.value);
  }
}

std::shared_ptr<Valuation> attempt(Context& context, const std::shared_ptr<Valuation>& from,
                                   std::span<const Id> conjuncts, Id condition, unsigned number) {
  term::Model changes;
  std::shared_ptr<Valuation> now = from;
  Id goal = condition;
  for (int round = 0; round < rounds; ++round) {
    Aim aim(context.store, *now, number);
    if (!aim.at(goal, 1)) return nullptr;
    add(changes, std::move(aim).changes());
    now = std::make_shared<Valuation>(context.store, *from, changes);
    goal = condition;
    if (!now->holds(condition)) continue;
    const auto broken = std::ranges::find_if(conjuncts, [&](Id a) { return !now->holds(a); });
    if (broken == conjuncts.end()) return now;
    goal = *broken;
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<Valuation> repaired(Context& context, const std::shared_ptr<Valuation>& from,
                                    std::span<const Id> conjuncts, Id condition) {
  for (unsigned i = 0; i < attempts; ++i) {
    if (auto found = attempt(context, from, conjuncts, condition, i)) return found;
  }
  return nullptr;
}

}  // namespace probity::symex
