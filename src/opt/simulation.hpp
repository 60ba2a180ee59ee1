// SPDX-License-Identifier: Apache-2.0
// Simulation: the proof that one version of a program behaves as another, for all inputs, in pieces
// that need no exploration of whole paths. Both are executed symbolically from pairs of places at
// which they agree (on the registers and stack bytes that the new one may still read, and on all
// other memory) until they are at such a pair again; what must agree there becomes an obligation.
// Calls and other barriers happen in both, in the same order, with the same arguments. The
// semantics is the one text over terms. Assumed: the old version is safe (a kernel accepted it), so
// that different kinds of memory do not overlap. See docs/adr/0007-simulation.md.
#pragma once

#include <cstdint>
#include <string>

#include "opt/code.hpp"
#include "opt/equal_values.hpp"
#include "opt/facts.hpp"
#include "opt/known_orders.hpp"
#include "program/program.hpp"
#include "solver/solver.hpp"

namespace probity::opt {

struct Simulated {
  enum class Verdict : std::uint8_t {
    proved,
    different,  ///< an obligation has a counterexample: the versions may differ
    unknown,    ///< the solver gave up, or the code is not of a shape that can be paired
  };
  Verdict verdict = Verdict::unknown;
  std::string reason;          ///< for a person; empty when proved
  std::uint32_t old_node = 0;  ///< where in the old version, when not proved
  std::uint32_t new_node = 0;
  std::uint64_t pairs = 0;  ///< places at which the versions were compared
  std::uint64_t obligations = 0;
  std::uint64_t solved = 0;  ///< obligations that rewriting did not settle
};

/// What is known of a version, for who compares several others with it.
struct Known {
  Facts facts;
  EqualValues equals;
  KnownOrders orders;
  static Known of(const Code& code, const program::View& program);
};

/// Does `after` behave as `before`? `after` was made of it by changes, so that places correspond
/// (Code::place_of).
Simulated simulate(const Code& before, const Code& after, const program::View& program,
                   const solver::Options& options);
/// `known` is what Known::of says of `before`.
Simulated simulate(const Code& before, const Known& known, const Code& after,
                   const program::View& program, const solver::Options& options);

}  // namespace probity::opt
