// SPDX-License-Identifier: Apache-2.0
// Answers that no program computes are named by the number of their call. Where paths merge that
// made different numbers of calls, an engine that follows one of them counts otherwise: the state
// knows under which condition each call is made, so that a valuation tells the engine's number.
#pragma once

#include <optional>

#include "symex/context.hpp"
#include "symex/state.hpp"

namespace probity::symex {

/// The next call gets a number that neither path has used. `condition` holds on the path that
/// `result` was and not on `b`.
void merge_call_counts(Context& context, PathState& result, const PathState& b, term::Id condition);

/// A run begins that counts from zero.
void restart_call_counts(PathState& state);

/// Which call of an engine's run has this number; `made` is false if the run does not make it.
struct EngineCall {
  bool made = true;
  std::uint32_t number = 0;
};
/// Nothing: stages disagree in it.
std::optional<EngineCall> engine_call(const PathState& state, Valuation& valuation,
                                      const std::string& counted, std::uint32_t call);

}  // namespace probity::symex
