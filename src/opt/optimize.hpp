// SPDX-License-Identifier: Apache-2.0
// The optimizer's loop: generators propose, each new version is proved equal to the one before it,
// and what is not proved is undone and named. Proposals are tried together and, when the whole is
// not proved, in halves. Ends when nobody proposes anything that helps.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "opt/code.hpp"
#include "opt/generator.hpp"
#include "opt/simulation.hpp"
#include "program/program.hpp"
#include "solver/solver.hpp"

namespace probity::opt {

struct Options {
  Aim aim;
  solver::Options solver;
  std::vector<Generator> generators;
  unsigned max_passes = 200;
  /// Checked between proposals: has the time ended?
  std::function<bool()> is_over = [] { return false; };
  /// Asked of each version that was proved, e.g. whether the kernel takes it: why it is undone, or
  /// nothing. Empty: nobody is asked.
  std::function<std::string(const Code&)> objection;
  /// Subprograms, by index in the linked program, whose code stays as it is.
  std::vector<std::uint32_t> frozen;
};

/// A change that stayed.
struct Applied {
  std::string rule;
  std::uint32_t old_slot = 0;  ///< of the first version: where it begins
  std::string was;             ///< kernel text of the insns, by '; '
  std::string is;
};

/// A change that was not proved, or that something else objects to.
struct Undone {
  std::string rule;
  std::uint32_t old_slot = 0;
  std::string why;
};

struct Outcome {
  Code code;
  std::vector<Applied> applied;
  std::vector<Undone> undone;
  std::vector<Code> versions;     ///< the first, and what each step made; the last one is `code`
  std::uint64_t proofs = 0;       ///< versions proved equal to the one before
  std::uint64_t obligations = 0;  ///< that their proofs had
  std::uint64_t solved = 0;       ///< of these by the solver
};

/// Never fails: what cannot be improved stays. The result was proved equal, step by step.
Outcome optimize(const Code& code, const program::View& program, const Options& options);

}  // namespace probity::opt
