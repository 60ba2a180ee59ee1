// SPDX-License-Identifier: Apache-2.0
// Valuation: a model together with its memoised evaluator, shared by the paths that it satisfies. A
// fork keeps the parent's valuation for the side it satisfies, so that at most one query is asked
// per branch.
#pragma once

#include <memory>

#include "term/term.hpp"

namespace probity::symex {

class Valuation {
 public:
  Valuation(const term::Store& store, term::Model model)
      : model_(std::move(model)), evaluator_(store, model_) {}
  Valuation(const Valuation&) = delete;
  Valuation& operator=(const Valuation&) = delete;

  term::Value operator()(term::Id a) { return evaluator_(a); }
  bool holds(term::Id a) { return evaluator_(a) != 0; }
  const term::Model& model() const { return model_; }

 private:
  term::Model model_;
  term::Evaluator evaluator_;
};

}  // namespace probity::symex
