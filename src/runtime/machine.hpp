// SPDX-License-Identifier: Apache-2.0
// Machine: the whole state of one run of the interpreter core, in one fixed-size object that needs
// no heap, and Environment: what surrounds the core (ctx fields, helpers, maps, packet). A
// microcontroller supplies a small Environment; the hosted engine supplies the kernel's.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "isa/bpf/insn.hpp"
#include "runtime/fault.hpp"
#include "runtime/memory.hpp"
#include "runtime/predecode.hpp"

namespace probity::runtime {

struct Machine;

/// How an access that the region table does not decide ended.
enum class Outcome : std::uint8_t {
  done,
  pointer,  ///< a 32-bit ctx load that yields a 64-bit packet pointer, as the kernel rewrites it
  fault,    ///< machine.fault says why
};

/// The value is meaningful unless the outcome is fault.
struct SlowAccess {
  std::uint64_t value = 0;
  Outcome outcome = Outcome::done;
};

struct PacketBytes {
  std::uint64_t value = 0;
  bool ok = false;
};

/// What a helper call did beyond setting r0.
enum class HelperFlow : std::uint8_t { next, fault, tail_call };

class Environment {
 public:
  /// Loads and stores in the ctx region. A refusal sets machine.fault.
  virtual SlowAccess ctx_load(Machine& machine, std::uint32_t offset, unsigned size_bytes) = 0;
  virtual SlowAccess ctx_store(Machine& machine, std::uint32_t offset, unsigned size_bytes,
                               std::uint64_t value) = 0;
  /// Arguments in machine.regs[1..5], result into regs[0]. For tail_call, machine.code is the new
  /// program.
  virtual HelperFlow call_helper(Machine& machine, std::uint32_t helper) = 0;
  /// The address that a lddw of a map, map value, variable or function gives.
  virtual std::uint64_t address_of(Machine& machine, bpf::ImmOp op, std::uint32_t imm,
                                   std::uint32_t next_imm) = 0;
  /// Big-endian bytes of the packet for ld_abs and ld_ind.
  virtual PacketBytes load_packet(Machine& machine, std::uint32_t offset, unsigned size_bytes) = 0;

 protected:
  ~Environment() = default;
};

/// Runs a function of the program for a helper that calls back; the interpreter does it where a
/// machine has none. The frame is open, arguments are in machine.regs; r0 goes there.
class FunctionRunner {
 public:
  virtual RunResult run_function(Machine& machine, std::uint32_t slot) = 0;

 protected:
  ~FunctionRunner() = default;
};

/// What a call keeps for its return.
struct Frame {
  const Op* return_op = nullptr;
  std::span<const Op> code;              ///< of the caller
  std::array<std::uint64_t, 4> saved{};  ///< r6..r9
};

constexpr std::uint32_t may_goto_limit = 8u << 20;  ///< BPF_MAX_LOOPS

/// Fault::slot until the interpreter fills in where it stood.
constexpr std::uint32_t unlocated = 0xffff'ffff;

struct Machine {
  std::array<std::uint64_t, bpf::reg_count> regs{};
  std::span<Region> regions;
  std::span<const Op> code;
  Environment* environment = nullptr;
  FunctionRunner* functions = nullptr;
  std::int64_t fuel_insns = 0;  ///< what is left; below 0 when the budget ended
  FaultPoint fault;
  std::uint32_t depth = 0;       ///< frames in use, less one
  std::uint32_t stop_depth = 0;  ///< the frame whose exit ends this run: above 0 in a callback
  std::uint32_t environment_slot = 0;  ///< of the helper call or address lookup in progress
  const Op* resume_op = nullptr;       ///< of builds without tail calls
  const Op* resume_anchor = nullptr;   ///< of builds without tail calls
  std::array<Frame, max_frames> frames{};
  std::array<std::uint32_t, max_frames> may_goto_left{};
  alignas(16) std::array<std::array<std::uint8_t, stack_bytes_per_frame>, max_frames> stacks{};

  /// Records the first fault of a run.
  void raise(FaultKind kind, std::uint64_t address, std::uint64_t size_bytes) {
    if (fault.kind != FaultKind::none) return;
    fault = {kind, unlocated, address, static_cast<std::uint32_t>(size_bytes)};
  }
};

/// Zeroes registers and stack, sets the stack regions, r1, r2, r10 and the budget (at most 2^62
/// insns). `machine.regions` has at least region::first_free entries.
void prepare(Machine& machine, std::uint64_t r1, std::uint64_t r2, std::uint64_t fuel_insns);

/// Records why `translate` refused an access.
void raise_access_fault(Machine& machine, Address address, std::uint64_t size, Access access);

/// Runs machine.code from its first op until the program returns or faults; r0 is in regs[0].
RunResult interpret(Machine& machine);

/// Calls the subprogram at `slot` from within a helper (a callback): a new frame, arguments in
/// regs[1..5].
RunResult call_back(Machine& machine, std::uint32_t slot);

/// How one instruction that an engine has the core execute ended.
enum class StepEnd : std::uint8_t {
  slot,       ///< go on at Step::slot
  tail_call,  ///< go on at slot 0 of machine.code
  returned,   ///< the run is over; r0 is in machine.regs
  fault,
};
struct Step {
  StepEnd end = StepEnd::fault;
  std::uint32_t slot = 0;
};

/// Executes the instruction at `slot` of machine.code alone, by the interpreter's text, for engines
/// that leave the rare ones to it. Frames are such an engine's own: exit ends the run, and a local
/// call is asked for only when there is no frame left.
Step execute_one(Machine& machine, const bpf::Insn& insn, std::uint32_t slot);

}  // namespace probity::runtime
