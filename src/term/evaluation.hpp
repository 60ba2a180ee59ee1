// SPDX-License-Identifier: Apache-2.0
// SparseEvaluator: values of terms under an assignment of their leaves. It remembers what it was
// asked for and what lies below, so its memory follows the cones it has seen, not the store; the
// Evaluator of term.hpp is faster for one assignment and all terms.
#pragma once

#include <span>
#include <vector>

#include "term/id_table.hpp"
#include "term/term.hpp"

namespace probity::term {

/// What gives leaves their values.
class Assignment {
 public:
  virtual ~Assignment() = default;
  virtual Value variable(Id a) const = 0;
  virtual Value application(Function function, std::span<const Value> arguments) const = 0;
};

/// A model as an assignment.
class ModelAssignment final : public Assignment {
 public:
  explicit ModelAssignment(const Model& model) : model_(model) {}
  Value variable(Id a) const override { return model_.get(a); }
  Value application(Function function, std::span<const Value> arguments) const override {
    return model_.get_apply(function, arguments);
  }

 private:
  const Model& model_;
};

/// The value of an operation; `a` is neither a variable nor an application.
Value value_of_operation(const Store& store, Id a, std::span<const Value> operands);

class SparseEvaluator {
 public:
  SparseEvaluator(const Store& store, const Assignment& leaves) : store_(store), leaves_(leaves) {}
  Value operator()(Id a);

 private:
  Value compute(Id a);

  const Store& store_;
  const Assignment& leaves_;
  IdTable<Value> values_;
  std::vector<Id> pending_;
  std::vector<Value> operands_;
};

}  // namespace probity::term
