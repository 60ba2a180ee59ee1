// SPDX-License-Identifier: Apache-2.0
// Which mutants of which programs of a folder of objects are compared. Each program has a stream of
// random numbers of its own, seeded with its name, so that what is said of one program does not
// depend on any other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "isa/bpf/insn.hpp"
#include "object/object.hpp"
#include "symex/options.hpp"

namespace probity::equiv {

/// One slot of one program of one object, changed.
struct Mutant {
  std::string file;
  std::size_t program = 0;  ///< index into Object::programs
  std::string name;         ///< the program's
  std::size_t slot = 0;
  bpf::Slot now;
  std::string change;  ///< what mutate() said
};

/// Limits of every comparison. Counts decide, time is a guard.
symex::Options mutant_bounds();

/// At most `count` mutants of programs that are proved on their own, from all over the folder.
std::vector<Mutant> choose_mutants(const std::string& folder, std::size_t count);

}  // namespace probity::equiv
