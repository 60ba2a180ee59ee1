// SPDX-License-Identifier: Apache-2.0
// Valuation: an assignment of every variable together with its memoised evaluator, shared by the
// paths that it satisfies. A fork keeps the parent's valuation for the side it satisfies; for the
// other side a new one says only what differs from it, so that thousands can live at once.
#pragma once

#include <memory>

#include "term/evaluation.hpp"
#include "term/term.hpp"

namespace probity::symex {

/// Values of leaves, as differences from other ones; whatever nobody mentions is zero.
class LeafValues final : public term::Assignment {
 public:
  LeafValues(std::shared_ptr<const LeafValues> base, term::Model changes);
  term::Value variable(term::Id a) const override;
  term::Value application(term::Function function,
                          std::span<const term::Value> arguments) const override;

 private:
  const term::Model::Entry* entry(term::Function function,
                                  std::span<const term::Value> arguments) const;
  void flatten();

  std::shared_ptr<const LeafValues> base_;
  term::Model model_;  ///< what differs from base_
  unsigned depth_ = 0;
};

class Valuation {
 public:
  /// Whatever the model does not mention is zero.
  Valuation(const term::Store& store, term::Model model)
      : leaves_(std::make_shared<LeafValues>(nullptr, std::move(model))),
        evaluator_(store, *leaves_) {}
  /// `base`, but for what `changes` mentions.
  Valuation(const term::Store& store, const Valuation& base, term::Model changes)
      : leaves_(std::make_shared<LeafValues>(base.leaves_, std::move(changes))),
        evaluator_(store, *leaves_) {}
  Valuation(const Valuation&) = delete;
  Valuation& operator=(const Valuation&) = delete;

  term::Value operator()(term::Id a) { return evaluator_(a); }
  bool holds(term::Id a) { return evaluator_(a) != 0; }

 private:
  std::shared_ptr<const LeafValues> leaves_;
  term::SparseEvaluator evaluator_;
};

}  // namespace probity::symex
