// SPDX-License-Identifier: Apache-2.0
// Gates: what a program that the optimizer changed must pass before anyone gets it. The proofs of
// its changes come first (optimize.hpp); here are the proof of the whole, and runs of both versions
// on the same inputs in every engine that this machine has. A gate that cannot be asked says so by
// name; it never counts as passed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "object/image.hpp"
#include "opt/code.hpp"
#include "opt/gate_inputs.hpp"
#include "runtime/engine.hpp"
#include "solver/solver.hpp"

namespace probity::opt {

enum class GateVerdict : std::uint8_t {
  passed,
  failed,          ///< the new version is not handed out
  unknown,         ///< no answer within the limits
  not_applicable,  ///< cannot be asked here; the text says why
};
std::string_view name(GateVerdict verdict);

struct GateAnswer {
  std::string gate;  ///< "equivalence", "runs on interp"
  GateVerdict verdict = GateVerdict::unknown;
  std::string text;  ///< one line
};

/// The two versions of a program.
struct Versions {
  const object::Image& before;
  const object::Image& after;
};

/// Budgets of the exhaustive engine, which is asked when simulation gives no answer.
struct EquivalenceLimits {
  std::uint32_t seconds = 20;
};

/// Is the last version, which changes made of the first by way of those between, the same program
/// for all inputs? By simulation of the first and the last. When that does not say: what is known
/// of a version between may be needed, so each is proved equal to the one before it, once more. At
/// last by exploring all paths of both.
GateAnswer check_equivalence(const Versions& images, std::span<const Code> versions,
                             const solver::Options& solver, const EquivalenceLimits& limits);

/// Runs both versions on the inputs, first on empty maps and then on filled ones, in a row each,
/// and compares what each run shows and what the maps hold at the end. On the kernel, what two runs
/// of the old version do not agree on is not compared.
GateAnswer compare_runs(const Versions& images, runtime::EngineKind engine,
                        std::span<const GateInput> inputs,
                        std::span<const runtime::MapContents> filled);

/// Inputs to measure with, at most `most`: those on which the interpreter executes most insns, and
/// each another number of them, so that they lead to different places. On filled maps, and each
/// input again on what a run left of its packet, which is what the kernel's repeated runs do. The
/// first input alone when the interpreter cannot say.
std::vector<std::size_t> longest_runs(const object::Image& image, std::span<const GateInput> inputs,
                                      std::span<const runtime::MapContents> filled,
                                      std::size_t most);

}  // namespace probity::opt
