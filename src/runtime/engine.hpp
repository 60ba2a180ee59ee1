// SPDX-License-Identifier: Apache-2.0
// Engine: one loaded program with its maps, which can be run again and again. The interpreter and
// the live kernel implement it, so that tests and counterexamples run the same input on both and
// compare the outputs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "program/program.hpp"
#include "runtime/fault.hpp"

namespace probity::runtime {

using Bytes = std::vector<std::uint8_t>;

struct MapEntry {
  Bytes key;
  Bytes value;  ///< of per-CPU maps: the value of the CPU that runs the program
  friend bool operator==(const MapEntry&, const MapEntry&) = default;
};

struct MapContents {
  std::string map;                ///< name
  std::vector<MapEntry> entries;  ///< sorted by key when read back
  friend bool operator==(const MapContents&, const MapContents&) = default;
};

/// What the program is given. Fields beyond the packet follow struct xdp_md / __sk_buff.
struct RunInput {
  Bytes packet;                       ///< from the Ethernet header on
  std::uint32_t metadata_size = 0;    ///< leading bytes of `packet` that are data_meta..data
  std::uint32_t ingress_ifindex = 1;  ///< 1 is lo
  std::uint32_t rx_queue_index = 0;
  std::uint32_t egress_ifindex = 0;
  std::uint32_t mark = 0;    ///< __sk_buff only
  std::uint32_t repeat = 1;  ///< runs; the output is the last run's
  std::uint64_t clock_ns =
      1'000'000'000;              ///< what ktime_get_ns gives first; each reading adds 1000
  std::uint64_t random_seed = 1;  ///< of get_prandom_u32 on the interpreter
  /// Bare programs (no ctx): r1 is the memory's address, r2 its length.
  bool raw_memory = false;
};

struct FaultReport {
  FaultKind kind = FaultKind::none;
  std::uint32_t slot = 0;        ///< where
  std::uint64_t address = 0;     ///< guest address, or the bad value
  std::uint32_t size_bytes = 0;  ///< of the access
  std::string text;              ///< one line for a person
};

/// One recorded output of a helper (redirect, perf event, trace message, tail call …), in order.
struct OutputEvent {
  std::string helper;
  std::vector<std::uint64_t> values;
  Bytes data;
  friend bool operator==(const OutputEvent&, const OutputEvent&) = default;
};

struct RunOutput {
  std::uint64_t return_value = 0;  ///< r0; the kernel engine knows only the low 32 bits
  Bytes packet;       ///< data..data_end afterwards (metadata included if there was any)
  FaultReport fault;  ///< kind none when the program returned
  std::uint64_t insns_executed = 0;
  double nanoseconds_per_run = 0;
  std::vector<OutputEvent> events;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view engine_name() const = 0;  ///< "interp", "kernel"
  /// Errors: what the engine cannot run or the kernel refuses. A fault of the program is not an
  /// error.
  virtual Expected<RunOutput> run(const RunInput& input) = 0;
  virtual Expected<MapContents> read_map(std::string_view map) = 0;
  virtual Expected<void> write_map(const MapContents& contents) = 0;
};

/// Budgets of the interpreter.
struct InterpLimits {
  std::uint64_t fuel_insns = 100'000'000;
};

/// Loads `program` (which must outlive the engine) into the interpreter. Refuses by name what is
/// not modelled.
Expected<std::unique_ptr<Engine>> load_interpreter(const program::View& program,
                                                   const InterpLimits& limits);

/// Loads `program` (and its tail-call free maps) into the live kernel through bpf(); needs root.
/// Fault::system with the kernel's reason when it says no; Fault::unsupported when this machine has
/// no bpf().
Expected<std::unique_ptr<Engine>> load_kernel(const program::View& program);

/// Empty when this machine's kernel can be used, else the reason (for tests that skip by name).
std::string kernel_unavailable_reason();

}  // namespace probity::runtime
