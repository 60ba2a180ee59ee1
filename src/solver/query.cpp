// SPDX-License-Identifier: Apache-2.0
// Leaves, models and guesses. Guessing refutes most wrong statements before any SAT solver starts.
// Pseudo-random numbers are splitmix64 (Steele, Lea, Flood 2014) from a fixed seed.
#include "solver/query.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace probity::solver {
namespace {

using term::Id;
using term::Kind;
using term::Model;
using term::Value;

constexpr unsigned random_points = 5;

class Random {
 public:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// Mostly whole words, but every fourth value is small: bounds and counts are.
  Value value() {
    const Value word = (Value(next()) << 64) | next();
    return (next() & 3) == 0 ? word & 0xff : word;
  }

 private:
  std::uint64_t state_ = 0x70726f62697479ULL;
};

}  // namespace

std::vector<Id> conjuncts(const term::Store& store, std::span<const Id> assertions) {
  std::vector<Id> result;
  std::unordered_set<std::uint32_t> seen;
  std::vector<Id> stack(assertions.rbegin(), assertions.rend());
  while (!stack.empty()) {
    const Id top = stack.back();
    stack.pop_back();
    if (!seen.insert(top.index).second || store.is_true(top)) continue;
    if (store.kind(top) != Kind::and_) {
      result.push_back(top);
      continue;
    }
    stack.push_back(store.args(top)[1]);
    stack.push_back(store.args(top)[0]);
  }
  return result;
}

std::vector<Id> cone_of(const term::Store& store, std::span<const Id> assertions) {
  std::vector<Id> cone;
  std::vector<bool> seen(store.size() + 1, false);
  std::vector<Id> stack(assertions.begin(), assertions.end());
  while (!stack.empty()) {
    const Id top = stack.back();
    stack.pop_back();
    if (seen[top.index]) continue;
    seen[top.index] = true;
    cone.push_back(top);
    for (const Id argument : store.args(top)) stack.push_back(argument);
  }
  std::ranges::sort(cone);  // operands have smaller ids
  return cone;
}

Leaves leaves_of(const term::Store& store, std::span<const Id> assertions) {
  Leaves leaves;
  for (const Id a : cone_of(store, assertions)) {
    if (store.kind(a) == Kind::var) leaves.variables.push_back(a);
    if (store.kind(a) == Kind::apply) leaves.applications.push_back(a);
  }
  return leaves;
}

bool satisfies(const term::Store& store, const Model& model, std::span<const Id> assertions) {
  term::Evaluator evaluate(store, model);
  return std::ranges::all_of(assertions, [&](Id a) { return evaluate(a) == 1; });
}

Model completed(const Model& model, std::span<const Id> variables) {
  Model result = model;
  for (const Id variable : variables) {
    if (!result.has(variable)) result.set(variable, 0);
  }
  return result;
}

Model carried_back(const term::Store& store, const Leaves& leaves, term::Store& copy,
                   const std::vector<Id>& copy_of, const Model& model) {
  Model result;
  for (const Id variable : leaves.variables) {
    const bool copied = variable.index < copy_of.size() && copy_of[variable.index];
    result.set(variable, copied ? model.get(copy_of[variable.index]) : 0);
  }
  std::vector<term::Function> seen;
  for (const Id application : leaves.applications) {
    const term::Function function = store.function(application);
    if (std::ranges::find(seen, function) != seen.end()) continue;
    seen.push_back(function);
    const term::Function twin =
        copy.function(store.function_name(function), store.function_argument_widths(function),
                      store.function_result_width(function));
    for (const Model::Entry& entry : model.entries()) {
      if (entry.function == twin) result.set_apply(function, entry.arguments, entry.value);
    }
  }
  return result;
}

std::optional<Model> guess_model(const term::Store& store, std::span<const Id> assertions,
                                 const Leaves& leaves) {
  Random random;
  const auto attempt = [&](auto&& value) -> std::optional<Model> {
    Model model;
    for (const Id variable : leaves.variables) {
      model.set(variable, value() & mask<Value>(store.width(variable)));
    }
    if (!satisfies(store, model, assertions)) return std::nullopt;
    return model;
  };
  for (const Value fixed : {Value{0}, Value{1}, ~Value{0}}) {
    if (auto model = attempt([&] { return fixed; })) return model;
  }
  for (unsigned i = 0; i < random_points; ++i) {
    if (auto model = attempt([&] { return random.value(); })) return model;
  }
  return std::nullopt;
}

}  // namespace probity::solver
