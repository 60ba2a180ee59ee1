// SPDX-License-Identifier: Apache-2.0
// The generators that are no rows of rules.def, each in a file of its own name. What they propose
// is proved anew for each program (simulation.hpp).
#pragma once

#include "opt/generator.hpp"

namespace probity::opt {

/// All that need no search: rules.def, retiling, and those below.
std::vector<Generator> standard_generators();

/// Insns whose result nobody reads, stores to bytes of the frame that nobody reads, and insns that
/// no control reaches.
Generator dead_code_generator();

/// Jumps to jumps, to the next insn and to branches that are decided on the way there, conditions
/// that the facts decide, branches with one target both ways, branches around a jump, jumps to an
/// exit.
Generator branch_generator();

/// A way that has its answer at hand leaves where it is, not through a common return.
Generator early_exit_generator();

/// Packet pointers that are loaded from ctx anew while a register has them.
Generator available_load_generator();

/// A store of one of two constants becomes two stores of constants.
Generator choice_store_generator();

/// Divisions and remainders by constants become products and shifts, for speed.
Generator division_generator();

/// Copies: readers of the copy read the original, or the original is computed into the copy.
Generator copy_generator();

/// A number that a loader patches is computed with where it is, not from a register.
Generator patched_number_generator();

/// A register that is set alike on every way to a place is set there.
Generator sinking_generator();

/// Values get other registers, so that copies and saved registers become superfluous.
Generator register_generator();

}  // namespace probity::opt
