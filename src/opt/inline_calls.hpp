// SPDX-License-Identifier: Apache-2.0
// Which subprograms go into their callers, and the proof that they may. A static function that is
// called once is never needed apart; a short one that is called from several places costs less in
// each of them than its calls do (-Ospeed). Functions that a loader may replace (freplace) stay.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "opt/cost.hpp"
#include "opt/generator.hpp"
#include "opt/optimize.hpp"

namespace probity::opt {

/// What the object says of a subprogram.
struct FunctionTraits {
  bool may_go = false;        ///< nobody refers to it but by calls of this program
  std::uint32_t section = 0;  ///< code that names functions cannot leave it
};

struct InlineOptions {
  Goal goal = Goal::size;
  std::vector<FunctionTraits> functions;  ///< by subprogram of the linked program
  std::vector<std::uint32_t> frozen;      ///< such subprograms whose code stays
  /// Why a version may not stay, though it is proved; empty when it may.
  std::function<std::string(const Code&)> objection = [](const Code&) { return std::string(); };
};

struct InlineOutcome {
  Code code;                      ///< the version given, when nothing was inlined
  std::vector<Applied> applied;   ///< a call each
  std::vector<Undone> undone;     ///< proved wrong or refused
  std::uint64_t places = 0;       ///< at which versions were compared
  std::uint64_t obligations = 0;  ///< terms found equal
  Weights weights;                ///< those given, of the new code's slots
};

/// `weights` are of `code`.
InlineOutcome inline_calls(const Code& code, const program::View& program,
                           const InlineOptions& options, const Weights& weights);

}  // namespace probity::opt
