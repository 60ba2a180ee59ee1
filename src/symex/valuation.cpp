// SPDX-License-Identifier: Apache-2.0
// Leaves are looked up once per valuation (the evaluator remembers them), so a short chain of
// differences costs little; a long one is made flat.
#include "symex/valuation.hpp"

#include <algorithm>
#include <vector>

namespace probity::symex {
namespace {

constexpr unsigned max_depth = 12;

}  // namespace

LeafValues::LeafValues(std::shared_ptr<const LeafValues> base, term::Model changes)
    : base_(std::move(base)), model_(std::move(changes)), depth_(base_ ? base_->depth_ + 1 : 0) {
  if (depth_ > max_depth) flatten();
}

void LeafValues::flatten() {
  std::vector<const LeafValues*> chain;
  for (const LeafValues* at = this; at != nullptr; at = at->base_.get()) chain.push_back(at);
  term::Model all;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    for (const auto& [variable, value] : (*at)->model_.variables()) all.set(variable, value);
    for (const term::Model::Entry& entry : (*at)->model_.entries()) {
      all.set_apply(entry.function, entry.arguments, entry.value);
    }
  }
  model_ = std::move(all);
  base_.reset();
  depth_ = 0;
}

term::Value LeafValues::variable(term::Id a) const {
  for (const LeafValues* at = this; at != nullptr; at = at->base_.get()) {
    if (at->model_.has(a)) return at->model_.get(a);
  }
  return 0;
}

const term::Model::Entry* LeafValues::entry(term::Function function,
                                            std::span<const term::Value> arguments) const {
  const auto entries = model_.entries();
  const auto place =
      std::partition_point(entries.begin(), entries.end(), [&](const term::Model::Entry& known) {
        if (known.function != function) return known.function < function;
        return std::ranges::lexicographical_compare(known.arguments, arguments);
      });
  if (place == entries.end() || place->function != function) return nullptr;
  return std::ranges::equal(place->arguments, arguments) ? &*place : nullptr;
}

term::Value LeafValues::application(term::Function function,
                                    std::span<const term::Value> arguments) const {
  for (const LeafValues* at = this; at != nullptr; at = at->base_.get()) {
    if (const term::Model::Entry* const found = at->entry(function, arguments)) {
      return found->value;
    }
  }
  return 0;
}

}  // namespace probity::symex
