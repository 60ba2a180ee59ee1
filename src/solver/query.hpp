// SPDX-License-Identifier: Apache-2.0
// A query's leaves, and the model checks every stage shares: completing a model, carrying it from
// one store to another, evaluating it, guessing it.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "term/term.hpp"

namespace probity::solver {

/// The parts of a conjunction, without repetition, in first-seen order; `true` is dropped.
std::vector<term::Id> conjuncts(const term::Store& store, std::span<const term::Id> assertions);

/// What the assertions are made of, each sorted by id.
struct Leaves {
  std::vector<term::Id> variables;
  std::vector<term::Id> applications;
};
Leaves leaves_of(const term::Store& store, std::span<const term::Id> assertions);

/// Every term below the assertions, operands first.
std::vector<term::Id> cone_of(const term::Store& store, std::span<const term::Id> assertions);

/// Does every assertion evaluate to true?
bool satisfies(const term::Store& store, const term::Model& model,
               std::span<const term::Id> assertions);

/// The same model with an explicit zero for every variable it lacks.
term::Model completed(const term::Model& model, std::span<const term::Id> variables);

/// A model of another store's copy of a query. `copy_of` maps ids as Store::import fills it.
term::Model carried_back(const term::Store& store, const Leaves& leaves, term::Store& copy,
                         const std::vector<term::Id>& copy_of, const term::Model& model);

/// Evaluates a few fixed and pseudo-random assignments; one that satisfies the query, if any.
/// Deterministic.
std::optional<term::Model> guess_model(const term::Store& store,
                                       std::span<const term::Id> assertions, const Leaves& leaves);

}  // namespace probity::solver
