// SPDX-License-Identifier: Apache-2.0
// solve() with an end that the caller sets: no part of the work (rewriting, encoding, search, other
// solvers) goes on when the deadline has passed, and the answer then is unknown, by name.
#pragma once

#include <span>

#include "solver/solver.hpp"
#include "solver/stopwatch.hpp"

namespace probity::solver {

/// What parts of one question cost, together.
void add(Stats& total, const Stats& part);

/// How much CPU time a whole query may take: the guards of several stages.
std::uint32_t query_milliseconds(const Limits& limits);

/// Is the conjunction of `assertions` satisfiable?
Answer solve_until(term::Store& store, std::span<const term::Id> assertions, const Options& options,
                   const Deadline& deadline);

}  // namespace probity::solver
