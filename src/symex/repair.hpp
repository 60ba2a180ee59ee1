// SPDX-License-Identifier: Apache-2.0
// Repair: most branches of packet programs compare fields with constants, so that an assignment for
// the side which the path's own one does not take can be written down: the wanted value is passed
// down to the leaves, the rest stays as it is. What comes out is evaluated before it is believed.
#pragma once

#include <memory>
#include <span>

#include "symex/context.hpp"
#include "symex/valuation.hpp"

namespace probity::symex {

/// An assignment that differs from `from` in a few leaves, makes `condition` true and keeps
/// `conjuncts`; null if the search finds none, which says nothing.
std::shared_ptr<Valuation> repaired(Context& context, const std::shared_ptr<Valuation>& from,
                                    std::span<const term::Id> conjuncts, term::Id condition);

}  // namespace probity::symex
