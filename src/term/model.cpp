// SPDX-License-Identifier: Apache-2.0
// Models as sorted lists, and the evaluator that remembers every term of a store under one of them.
// What an operation means is value_of_operation() (evaluation.hpp).
#include <algorithm>
#include <array>

#include "term/evaluation.hpp"
#include "term/term.hpp"

namespace probity::term {
namespace {

bool before(const Model::Entry& entry, Function function, std::span<const Value> arguments) {
  if (entry.function != function) return entry.function < function;
  return std::lexicographical_compare(entry.arguments.begin(), entry.arguments.end(),
                                      arguments.begin(), arguments.end());
}

bool matches(const Model::Entry& entry, Function function, std::span<const Value> arguments) {
  return entry.function == function && std::ranges::equal(entry.arguments, arguments);
}

}  // namespace

void Model::set(Id variable, Value value) {
  const auto place =
      std::lower_bound(variables_.begin(), variables_.end(), variable,
                       [](const auto& known, Id wanted) { return known.first < wanted; });
  if (place != variables_.end() && place->first == variable) {
    place->second = value;
  } else {
    variables_.insert(place, {variable, value});
  }
}

Value Model::get(Id variable) const {
  const auto place =
      std::lower_bound(variables_.begin(), variables_.end(), variable,
                       [](const auto& known, Id wanted) { return known.first < wanted; });
  return place != variables_.end() && place->first == variable ? place->second : 0;
}

bool Model::has(Id variable) const {
  return std::binary_search(
      variables_.begin(), variables_.end(), std::pair{variable, Value{0}},
      [](const auto& left, const auto& right) { return left.first < right.first; });
}

void Model::set_apply(Function function, std::span<const Value> arguments, Value value) {
  const auto place =
      std::partition_point(entries_.begin(), entries_.end(),
                           [&](const Entry& entry) { return before(entry, function, arguments); });
  if (place != entries_.end() && matches(*place, function, arguments)) {
    place->value = value;
  } else {
    entries_.insert(place, Entry{function, {arguments.begin(), arguments.end()}, value});
  }
}

Value Model::get_apply(Function function, std::span<const Value> arguments) const {
  const auto place =
      std::partition_point(entries_.begin(), entries_.end(),
                           [&](const Entry& entry) { return before(entry, function, arguments); });
  const bool found = place != entries_.end() && matches(*place, function, arguments);
  return found ? place->value : 0;
}

Evaluator::Evaluator(const Store& store, const Model& model) : store_(store), model_(model) {}

Value Evaluator::compute(Id a) const {
  const std::span<const Id> args = store_.args(a);
  const Value limit = mask<Value>(store_.width(a));
  if (store_.kind(a) == Kind::var) return model_.get(a) & limit;
  if (store_.kind(a) == Kind::apply) {
    std::vector<Value> arguments;
    for (const Id argument : args) arguments.push_back(values_[argument.index]);
    return model_.get_apply(store_.function(a), arguments) & limit;
  }
  std::array<Value, 3> operands{};
  for (std::size_t i = 0; i < args.size(); ++i) operands[i] = values_[args[i].index];
  return value_of_operation(store_, a, std::span(operands).first(args.size()));
}

Value Evaluator::operator()(Id a) {
  if (known_.size() <= a.index) {
    known_.resize(store_.size() + 1);
    values_.resize(store_.size() + 1);
  }
  if (known_[a.index]) return values_[a.index];
  std::vector<Id> pending{a};
  while (!pending.empty()) {
    const Id top = pending.back();
    const std::size_t before_operands = pending.size();
    for (const Id operand : store_.args(top)) {
      if (!known_[operand.index]) pending.push_back(operand);
    }
    if (pending.size() != before_operands) continue;
    if (!known_[top.index]) values_[top.index] = compute(top);
    known_[top.index] = true;
    pending.pop_back();
  }
  return values_[a.index];
}

}  // namespace probity::term
