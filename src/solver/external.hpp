// SPDX-License-Identifier: Apache-2.0
// External solvers as subprocesses that read SMT-LIB 2: cvc5, cvc5 translating bit vectors to
// integers (it proves arithmetic on which every bit-blaster times out), and z3. All optional, found
// on PATH, limited, and believed only for `unsat`; a `sat` model is evaluated.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "solver/query.hpp"
#include "solver/solver.hpp"

namespace probity::solver {

bool is_known(std::string_view engine);
bool is_available(std::string_view engine);
/// What tells one build from another without starting it: path, size and time of change.
std::string external_version(std::string_view engine);

/// Asks a known, available engine.
Answer ask(std::string_view engine, const term::Store& store, std::span<const term::Id> assertions,
           const Leaves& leaves, std::uint32_t wall_ms);

}  // namespace probity::solver
