// SPDX-License-Identifier: Apache-2.0
// Two versions of a program side by side: the insns that stayed are found by where each new insn is
// from, longest order kept; what lies between them is what was changed, with the rules that did it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "opt/program_run.hpp"
#include "program/program.hpp"

namespace probity::cli {

struct DiffSide {
  std::uint32_t slot = 0;
  std::string text;
};

/// A line: an insn of the old version, one of the new, or both.
struct DiffRow {
  std::optional<DiffSide> was;
  std::optional<DiffSide> is;
  bool same = false;               ///< the same insn, but for its displacement
  std::vector<std::string> rules;  ///< in the first line of a change
};

/// Every insn of both; `was` and `is` are the programs that the codes are of.
std::vector<DiffRow> diff_programs(const opt::ProgramResult& result, const program::View& was,
                                   const program::View& is);

/// For people: changes with a few insns around them; empty when there is none.
std::string print(const std::vector<DiffRow>& rows);

}  // namespace probity::cli
