// SPDX-License-Identifier: Apache-2.0
// A profile: how often the interpreter is at each slot of a program when it is given packets, one
// after the other, on the same maps. What a program does with traffic decides which of its blocks
// are worth time.
#pragma once

#include <span>

#include "base/diagnostic.hpp"
#include "opt/cost.hpp"
#include "opt/gate_inputs.hpp"
#include "program/program.hpp"

namespace probity::opt {

/// Times a run is at each slot, on the average of the inputs. The diagnostic says why the
/// interpreter cannot run the program, or that it takes none of the inputs.
Expected<Weights> profiled_weights(const program::View& program, std::span<const GateInput> inputs);

}  // namespace probity::opt
