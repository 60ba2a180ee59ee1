// SPDX-License-Identifier: Apache-2.0
// See profile.hpp.
#include "opt/profile.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "runtime/trace_engine.hpp"

namespace probity::opt {

Expected<Weights> profiled_weights(const program::View& program,
                                   std::span<const GateInput> inputs) {
  Weights counts(program.slots.size(), 0.0);
  Weights run(program.slots.size(), 0.0);
  const auto count = [&](const runtime::TracedStep& step) {
    // A tail call's target is another program, with slots of its own.
    if (step.program->slots.data() == program.slots.data()) run[step.slot] += 1;
  };
  TRY(const auto engine, runtime::load_tracing_interpreter(program, {}, count));
  std::size_t taken = 0;
  for (const GateInput& input : inputs) {
    std::ranges::fill(run, 0.0);
    const auto output = engine->run(input.input);
    if (!output || output->fault.kind != runtime::FaultKind::none) continue;
    ++taken;
    std::ranges::transform(counts, run, counts.begin(), std::plus());
  }
  if (taken == 0) {
    return error(Fault::bad_input, fmt::format("{}: the program takes none of {} packets",
                                               program.name, inputs.size()));
  }
  for (double& weight : counts) weight /= static_cast<double>(taken);
  return counts;
}

}  // namespace probity::opt
