// SPDX-License-Identifier: Apache-2.0
// Does a program do what a specification outside it says? On each path the program runs first, then
// the specification, a function of the same signature (include/probity/external_spec.h), on the
// same input; what the specification leaves open is not compared. Coverage tells of how many paths
// it says anything at all. The program's first run is that of `check` without a specification, so
// one exploration can prove both.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "equiv/seen.hpp"
#include "object/image.hpp"
#include "symex/explorer.hpp"
#include "symex/replay.hpp"

namespace probity::equiv {

/// What the exploration proves besides.
enum class Alone : std::uint8_t {
  no,  ///< safety on the way, as everywhere
  yes  ///< all that `check` asks of the program alone: allowed return values too
};

struct SpecQuestion {
  const object::Image* specification = nullptr;
  const object::Image* program = nullptr;
  symex::Options options;
  symex::UseKernel use_kernel = symex::UseKernel::no;
  Alone alone = Alone::no;
};

/// Of how many paths the specification says something.
struct Coverage {
  struct Count {
    std::uint64_t said = 0;    ///< of every input of the path
    std::uint64_t partly = 0;  ///< of some inputs
  };
  std::uint64_t paths = 0;          ///< of program and specification together
  std::uint64_t program_paths = 0;  ///< of the program alone
  std::uint64_t silent = 0;         ///< paths of both of which it says nothing
  std::map<std::string, Count> by_observable;
  bool says_nothing() const { return silent == paths; }
};

/// A path on which the program does not do what the specification says.
struct Deviation {
  symex::Finding finding;
  std::vector<symex::Replayed> replays;
};

struct SpecResult {
  symex::Exploration exploration;
  std::vector<Deviation> deviations;
  Coverage coverage;
  bool contradicted() const;
};

/// The stages of the exploration.
constexpr std::uint32_t program_stage = 0;
constexpr std::uint32_t specification_stage = 1;

/// Rules that the program breaks on its own are in the exploration's findings, but no deviations.
/// Error: they cannot be compared, and why.
Expected<SpecResult> check_specification(const SpecQuestion& question);

/// What an exploration found about the program alone.
symex::Exploration of_program_alone(const symex::Exploration& exploration);

/// Runs the specification on the interpreter and the program on each engine that can run it.
std::vector<symex::Replayed> replay_deviation(const SpecQuestion& question,
                                              const symex::Finding& finding);

}  // namespace probity::equiv
