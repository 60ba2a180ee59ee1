// SPDX-License-Identifier: Apache-2.0
// The interpreter, watched: an observer is called after each insn with the registers before and
// after it. The ops are the interpreter's own, with one handler in front of each that looks at the
// registers and goes on to the handler that was there, so what is watched is what runs.
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "runtime/engine.hpp"

namespace probity::runtime {

/// An insn that was executed.
struct TracedStep {
  const program::View* program = nullptr;  ///< the main one, or the target of a tail call
  std::uint32_t slot = 0;
  std::uint32_t depth = 0;  ///< frames above the first
  std::array<std::uint64_t, bpf::reg_count> before{};
  std::array<std::uint64_t, bpf::reg_count> after{};
};
using StepObserver = std::function<void(const TracedStep&)>;

/// As load_interpreter(); each run calls `observer` for every insn, callbacks' included.
Expected<std::unique_ptr<Engine>> load_tracing_interpreter(const program::View& program,
                                                           const InterpLimits& limits,
                                                           StepObserver observer);

}  // namespace probity::runtime
