// SPDX-License-Identifier: Apache-2.0
// Answers that no program computes are named by the number of their call. Where paths merge that
// made different numbers of calls, an engine that follows one of them counts otherwise: such
// answers are remembered, because no engine can be told them by number.
#pragma once

#include "symex/state.hpp"

namespace probity::symex {

/// The next call of a helper gets a number that neither path has used.
void merge_call_counts(PathState& result, const PathState& b);

}  // namespace probity::symex
