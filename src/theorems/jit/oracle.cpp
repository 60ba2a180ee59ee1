// SPDX-License-Identifier: Apache-2.0
// Bodies of oracle.hpp. Distances and sums are read off terms in the store's linear normal form.
#include "theorems/jit/oracle.hpp"

#include <algorithm>
#include <array>

namespace probity::theorems {
namespace {

using term::Id;
using term::Kind;
using term::Store;

std::optional<std::int64_t> small(std::uint64_t difference) {
  const auto value = static_cast<std::int64_t>(difference);
  if (value <= -object_reach || value >= object_reach) return std::nullopt;
  return value;
}

bool sum_has(const Store& store, Id sum, Id base) {
  if (sum == base) return true;
  if (store.kind(sum) != Kind::add) return false;
  return std::ranges::any_of(store.args(sum), [&](Id a) { return sum_has(store, a, base); });
}

/// Address arithmetic is shallow, so plain recursion will do.
bool mentions(const Store& store, Id a, Id part) {
  if (a == part) return true;
  return std::ranges::any_of(store.args(a), [&](Id b) { return mentions(store, b, part); });
}

}  // namespace

std::string_view name(Object object) {
  switch (object) {
    case Object::stack: return "stack";
    case Object::context: return "context";
    case Object::regions: return "regions";
    case Object::helpers: return "helpers";
    case Object::addresses: return "addresses";
    case Object::tail_tables: return "tail_tables";
    case Object::code: return "code";
  }
  return {};
}

term::Id Oracle<SymbolicPath>::variable(unsigned width, std::string_view named) {
  return term::current_store().var(width, named);
}

Bv<SymbolicPath, 64> Oracle<SymbolicPath>::entry(std::string_view table, B64 offset) {
  constexpr std::array<unsigned, 1> widths = {64};
  Store& store = term::current_store();
  const std::array<Id, 1> arguments = {offset.raw()};
  return B64::of(store.apply(store.function(table, widths, 64), arguments));
}

std::optional<std::int64_t> Oracle<SymbolicPath>::distance(B64 from, B64 address) const {
  const auto difference = term::current_store().literal((address - from).raw());
  if (!difference) return std::nullopt;
  return small(static_cast<std::uint64_t>(*difference));
}

bool Oracle<SymbolicPath>::is_within(B64 base, B64 address) const {
  return sum_has(term::current_store(), address.raw(), base.raw());
}

bool Oracle<SymbolicPath>::leads_to(B64 pc, Bv<D, 32> label) const {
  const Store& store = term::current_store();
  Id variable = label.raw();
  while (store.kind(variable) != Kind::var) variable = store.args(variable).front();
  return mentions(store, pc.raw(), variable);
}

Bv<SymbolicPath, 64> Oracle<SymbolicPath>::split(B64 value) const {
  const Store& store = term::current_store();
  Id id = value.raw();
  while (store.kind(id) == Kind::ite) {
    const Id condition = store.args(id)[0];
    id = store.args(id)[SymbolicPath::decide(condition) ? 1 : 2];
  }
  return B64::of(id);
}

bool Oracle<SymbolicPath>::is_arbitrary(B64 value) const {
  const Store& store = term::current_store();
  const Id id = value.raw();
  return store.kind(id) == Kind::var && store.name(id).ends_with(of_a_retry);
}

Oracle<Concrete>::Oracle(const term::Store& store, const term::Model& model) {
  for (const auto& [variable, value] : model.variables()) {
    values_[std::string(store.name(variable))] = static_cast<std::uint64_t>(value);
  }
  for (const term::Model::Entry& entry : model.entries()) {
    entries_[{std::string(store.function_name(entry.function)),
              static_cast<std::uint64_t>(entry.arguments.front())}] =
        static_cast<std::uint64_t>(entry.value);
  }
}

Bv<Concrete, 64> Oracle<Concrete>::entry(std::string_view table, B64 offset) const {
  const auto found = entries_.find({std::string(table), offset.raw()});
  return B64::lit(found == entries_.end() ? 0 : found->second);
}

std::optional<std::int64_t> Oracle<Concrete>::distance(B64 from, B64 address) const {
  return small(address.raw() - from.raw());
}

bool Oracle<Concrete>::is_within(B64 base, B64 address) const {
  return address.raw() - base.raw() < concrete_base(Object::context) - concrete_base(Object::stack);
}

std::uint64_t Oracle<Concrete>::lookup(std::string_view named) const {
  const auto found = values_.find(named);
  return found == values_.end() ? 0 : found->second;
}

}  // namespace probity::theorems
