// SPDX-License-Identifier: Apache-2.0
// Products taken for symbols: a weaker query in which each product is an application of an
// uninterpreted function of which only "factors may be swapped" is known. If nothing satisfies the
// weaker query, nothing satisfies the query. It lets solvers that would multiply 64 bits confirm
// what only needs equal factors to give equal products.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "term/term.hpp"

namespace probity::solver {

struct WeakerQuery {
  term::Store store;
  std::vector<term::Id> assertions;  ///< of that store
};

/// Nothing when the query has no product.
std::optional<WeakerQuery> products_as_symbols(const term::Store& store,
                                               std::span<const term::Id> assertions);

}  // namespace probity::solver
