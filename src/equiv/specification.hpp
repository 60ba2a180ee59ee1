// SPDX-License-Identifier: Apache-2.0
// Does a program do what a specification outside it says? On each path the specification, a
// function of the same signature (include/probity/external_spec.h), runs first, then the program on
// the same input; what the specification leaves open is not compared. Coverage tells of how many
// paths it says anything at all. When the program runs first, its run is that of `check` without a
// specification, so one exploration proves both; which order is the faster one is chance, but a
// program of too many paths is better explored once.
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

/// Which of the two runs first, and what the exploration proves besides.
enum class Order : std::uint8_t {
  specification_first,
  program_first  ///< all that `check` asks of the program alone is asked on the way
};

struct SpecQuestion {
  const object::Image* specification = nullptr;
  const object::Image* program = nullptr;
  symex::Options options;
  symex::UseKernel use_kernel = symex::UseKernel::no;
  Order order = Order::specification_first;
};

/// Of how many paths the specification says something.
struct Coverage {
  struct Count {
    std::uint64_t said = 0;    ///< of every input of the path
    std::uint64_t partly = 0;  ///< of some inputs
  };
  std::uint64_t paths = 0;        ///< of program and specification together
  std::uint64_t first_paths = 0;  ///< of the one that runs first, alone
  std::uint64_t silent = 0;       ///< paths of both of which it says nothing
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
  std::uint32_t specification_stage = 0;
  std::uint32_t program_stage = 1;
  std::vector<Deviation> deviations;
  Coverage coverage;
  bool contradicted() const;
};

/// Rules that the program breaks on its own are in the exploration's findings, but no deviations.
/// Error: they cannot be compared, and why.
Expected<SpecResult> check_specification(const SpecQuestion& question);

/// What an exploration with Order::program_first found about the program alone; its paths are those
/// of both.
symex::Exploration of_program_alone(const SpecResult& result);

/// Runs the specification on the interpreter and the program on each engine that can run it.
std::vector<symex::Replayed> replay_deviation(const SpecQuestion& question,
                                              const symex::Finding& finding);

}  // namespace probity::equiv
