// SPDX-License-Identifier: Apache-2.0
// Which instructions of a program are left to the runtime when it is translated: helpers that call
// back into the program, helper numbers beyond the table of the context, and helper calls after
// which an argument register is read before it is written. A call destroys r1 to r5; the kernel's
// verifier refuses to read them, the interpreter keeps them, and what a C++ function leaves in them
// is nobody's business. So such a call, if a program has one, is executed by the interpreter's
// text.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/diagnostic.hpp"
#include "runtime/linked_code.hpp"

namespace probity::runtime {

/// For each program, by slot: 1 where the runtime executes the instruction. Errors: a slot that
/// does not decode.
Expected<std::vector<std::vector<std::uint8_t>>> plan_assists(
    std::span<const LinkedProgram> programs);

}  // namespace probity::runtime
