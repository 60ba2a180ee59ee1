// SPDX-License-Identifier: Apache-2.0
// One program optimized, with the gates that need no file: the proofs of its changes, the live
// kernel on each version, the proof of the whole, runs on every engine; and what the program costs
// before and after.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "object/object.hpp"
#include "opt/cost.hpp"
#include "opt/gate.hpp"
#include "opt/optimize.hpp"

namespace probity::opt {

/// A proof that takes long is one to do without: thousands of changes wait for theirs.
constexpr solver::Options quick_solver{{10'000, 2'000'000, 3'000}, solver::External::none};

/// Is the live kernel asked?
enum class KernelCheck : std::uint8_t { no, yes };

/// May subprograms go into their callers?
enum class Inline : std::uint8_t { no, yes };

struct Request {
  Goal goal = Goal::size;
  Inline inlining = Inline::no;
  std::optional<bpf::Cpu> cpu;            ///< nothing: the highest level that the program uses
  std::optional<program::ProgType> type;  ///< of programs whose section does not say it
  std::vector<Generator> generators;
  KernelCheck kernel = KernelCheck::no;
  CostTable costs = CostTable::built_in();
  std::vector<GateInput> profile;  ///< packets that weight blocks; empty: by structure
  solver::Options solver = quick_solver;
  EquivalenceLimits equivalence;
  std::uint32_t timing_rounds = 9;  ///< 0: nothing is timed
  std::function<bool()> is_over = [] { return false; };
};

/// What a version of a program costs.
struct Measure {
  std::uint32_t slots = 0;
  std::uint32_t jit_bytes = 0;  ///< of the kernel's JIT, else of ours; 0: neither takes it
  std::uint32_t processed = 0;  ///< by the kernel's verifier; 0: not asked
  double table_ns = 0;          ///< by the cost table and the weights of blocks
  double run_ns = 0;            ///< measured; 0: not measured
};

struct ProgramResult {
  const object::Program* program = nullptr;
  bpf::Cpu cpu = bpf::Cpu::v1;  ///< up to which insns were allowed
  std::optional<Code> before;   ///< nothing: the program cannot be linked or decoded
  std::optional<Code> after;
  std::vector<Applied> applied;
  std::vector<Undone> undone;
  std::uint64_t proofs = 0;
  std::uint64_t obligations = 0;
  std::uint64_t solved = 0;
  std::vector<GateAnswer> gates;
  std::string kept;                ///< why it has the code that it had; empty when it was optimized
  std::vector<std::string> notes;  ///< what else a person should know
  Measure old_cost;
  Measure new_cost;
  bool jit_of_kernel = false;  ///< whose bytes Measure::jit_bytes are
  std::string weights_from;    ///< "structure", "profile"
  std::string timed_on;        ///< the inputs of Measure::run_ns
  double empty_ns = 0;         ///< a program that returns at once, measured likewise
  std::chrono::nanoseconds spent{0};

  bool is_changed() const { return after && before && !(*after == *before); }
  /// Back to the old code, by name.
  void keep_old(std::string why);
};

/// `frozen`: subprograms (by index) whose code stays.
ProgramResult optimize_program(const object::Object& object, const object::Program& program,
                               const Request& request, const std::vector<std::uint32_t>& frozen);

/// The program with other code.
Expected<object::Image> image_of(const object::Object& object, const object::Program& program,
                                 const Code& code, const Request& request);

/// The highest level among the insns of a program.
bpf::Cpu cpu_of(const Code& code);

}  // namespace probity::opt
