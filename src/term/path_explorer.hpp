// SPDX-License-Identifier: Apache-2.0
// The path explorer behind SymbolicPath::decide(). It re-runs a function once per feasible path:
// each run replays a prefix of decisions and takes the true side of the first new one; the false
// side is queued. A decision whose condition is constant, or implied by the path condition
// according to `feasible`, does not fork.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "term/term.hpp"

namespace probity::term {

struct PathLimits {
  std::size_t paths = 4096;      ///< runs of the body
  std::size_t decisions = 1024;  ///< forks on one path
};

enum class Exploration { complete, limit_reached };

/// Answers whether the conjunction may be satisfiable; "don't know" must be true. The default
/// accepts everything.
using Feasible = std::function<bool(std::span<const Id> path_condition)>;

/// Runs `body` once per feasible path; `body` gets the path condition only after its run, through
/// `on_path`. The current store (StoreScope) must be set.
Exploration explore_paths(const std::function<void()>& body,
                          const std::function<void(std::span<const Id> path_condition)>& on_path,
                          const Feasible& feasible, PathLimits limits);

/// What the run in progress has decided so far; empty outside of explore_paths().
std::span<const Id> current_path_condition();

}  // namespace probity::term
