// SPDX-License-Identifier: Apache-2.0
// Do two programs behave the same on every input? Both run on each path in one symbolic world
// (symex/stage.hpp); what their endings must agree in is stated by symex/compare.hpp. A difference
// is shown only after both programs ran on its input.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "equiv/seen.hpp"
#include "object/image.hpp"
#include "symex/explorer.hpp"
#include "symex/replay.hpp"

namespace probity::equiv {

/// One of the two programs.
struct Side {
  const object::Image* image = nullptr;
  bool specs = false;  ///< BPF_ASSERT and friends are switched on
};

struct Question {
  Side a;
  Side b;
  Ignored ignored;
  symex::Options options;
  symex::UseKernel use_kernel = symex::UseKernel::no;
  bool minimised = false;  ///< witnesses are made plain, which costs many runs
};

/// A finding with what the engines said of it.
struct Difference {
  symex::Finding finding;  ///< of stage 0, program A, or stage 1, program B
  std::vector<symex::Replayed> replays;
};

struct Comparison {
  symex::Exploration exploration;
  std::vector<Difference> differences;
  std::map<std::string, std::uint64_t> compared;  ///< on how many paths, by observable
  /// An engine did not show what was claimed: a bug of ours.
  bool contradicted() const;
  /// Did program `stage` break a rule on its own?
  bool is_unsafe(std::uint32_t stage) const;
};

/// Error: the programs cannot be compared, and why.
Expected<Comparison> compare(const Question& question);

/// Runs both programs on the witness of `finding`, on each engine of this process that can run
/// them and, if wanted, in the live kernel.
std::vector<symex::Replayed> replay_difference(const Question& question,
                                               const symex::Finding& finding);

/// What of these options is about the exploration, not about one program.
symex::Options bounds_of(symex::Options options);

/// The side's program, with its specifications as the side wants them; `maps` keeps definitions.
program::View view_of(const Side& side, std::vector<program::MapDef>& maps);

}  // namespace probity::equiv
