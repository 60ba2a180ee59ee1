// SPDX-License-Identifier: Apache-2.0
// Engine: one loaded program with its maps, which can be run again and again. The interpreter,
// translated code and the live kernel implement it, so that tests and counterexamples run the same
// input on several and compare the outputs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
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

/// A ctx field's value, by the field's name in ctx.cpp, e.g. "mark", "cb[0]".
struct CtxValue {
  std::string name;
  std::uint64_t value = 0;
  friend bool operator==(const CtxValue&, const CtxValue&) = default;
};

/// Whom and what a program finds when it asks: the answers of get_current_pid_tgid and its kin. The
/// engines of this process give them; the kernel has its own.
struct Surroundings {
  std::uint32_t cpu = 0;
  std::uint32_t numa_node = 0;
  std::uint32_t process_id = 1;  ///< tgid
  std::uint32_t thread_id = 1;   ///< pid
  std::uint32_t user_id = 0;
  std::uint32_t group_id = 0;
  std::string command = "probity";  ///< comm, at most 15 bytes
  std::uint64_t cgroup_id = 1;      ///< 1: the root of the hierarchy
  std::uint64_t socket_cookie = 1;
  std::uint64_t netns_cookie = 1;
};

/// What a helper is to answer in a run, whatever the engine would say of its own accord: a time, a
/// random number, a failure. What else the helper does stays as it is.
struct GivenAnswer {
  std::string helper;      ///< its name, with "bpf_" in front
  std::uint32_t call = 0;  ///< which of its calls in the run, counted from 0
  std::uint64_t value = 0;
  friend bool operator==(const GivenAnswer&, const GivenAnswer&) = default;
};

/// What bpf_fib_lookup is to answer to one question, each time it is asked.
struct GivenRoute {
  Bytes question;            ///< struct bpf_fib_lookup as the program hands it over, 64 bytes
  std::uint32_t flags = 0;   ///< of the call
  std::uint32_t answer = 0;  ///< BPF_FIB_LKUP_RET_…; beyond the last one: no such device
  Bytes after;               ///< the struct afterwards, if the answer is one that writes it
  friend bool operator==(const GivenRoute&, const GivenRoute&) = default;
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
  Surroundings surroundings;
  std::vector<GivenAnswer> answers;  ///< for engines of this process
  std::vector<GivenRoute> routes;    ///< the same
  /// Further ctx fields; they win over the members above (see ctx_input.hpp).
  std::vector<CtxValue> fields;
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
  std::uint64_t insns_executed = 0;  ///< 0: not counted
  double nanoseconds_per_run = 0;
  std::vector<OutputEvent> events;
  /// The ctx fields that the program may write, afterwards; the kernel does not tell.
  std::vector<CtxValue> ctx;
};

/// The engines by name. Those of this process run any program that the helper models know.
enum class EngineKind : std::uint8_t {
  interp,
  jit,            ///< translated for this host, every access guarded
  jit_unchecked,  ///< bare programs on plain memory, nothing guarded
  jit_blinded,    ///< as jit, with constants hidden
  emu_x86_64,     ///< translated for x86-64, on the emulator
  emu_rv64,       ///< translated for RV64, on the emulator
  kernel,
};
/// E.g. "jit:unchecked".
std::string_view name(EngineKind kind);
/// All of them.
std::span<const EngineKind> engine_kinds();
constexpr bool is_emulated(EngineKind kind) {
  return kind == EngineKind::emu_x86_64 || kind == EngineKind::emu_rv64;
}
/// The engine of that name. A refusal lists the names; `place` is in front of it.
Expected<EngineKind> engine_named(std::string_view name, std::string_view place);

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view engine_name() const = 0;  ///< "interp", "kernel"
  /// Errors: what the engine cannot run or the kernel refuses. A fault of the program is not an
  /// error.
  virtual Expected<RunOutput> run(const RunInput& input) = 0;
  virtual Expected<MapContents> read_map(std::string_view map) = 0;
  virtual Expected<void> write_map(const MapContents& contents) = 0;
  /// The contents as bytes, key and value of one entry after the other, in an order that stays as
  /// long as no entry comes or goes: for callers that compare often.
  virtual Expected<Bytes> read_records(std::string_view map);
};

/// Budgets of the engines of this process. Translated code is charged for jumps backward and what
/// it leaves to the runtime, so it never runs out of fuel where the interpreter does not.
struct InterpLimits {
  std::uint64_t fuel_insns = 100'000'000;
};

/// Loads `program` (which must outlive the engine) into the interpreter. Refuses by name what is
/// not modelled.
Expected<std::unique_ptr<Engine>> load_interpreter(const program::View& program,
                                                   const InterpLimits& limits);

/// Translates `program` (which must outlive the engine) for one of the jit and emu engines. Refuses
/// by name what is not modelled, a write to r10, functions that call each other too often, and the
/// jit engines on a host without a translator.
Expected<std::unique_ptr<Engine>> load_translated(EngineKind kind, const program::View& program,
                                                  const InterpLimits& limits);

/// Loads `program` into the engine of this process that is asked for, which is any but the kernel.
Expected<std::unique_ptr<Engine>> load_engine(EngineKind kind, const program::View& program,
                                              const InterpLimits& limits);

/// Loads `program` (and its tail-call free maps) into the live kernel through bpf(); needs root.
/// Fault::system with the kernel's reason when it says no; Fault::unsupported when this machine has
/// no bpf().
Expected<std::unique_ptr<Engine>> load_kernel(const program::View& program);

/// Empty when the jit engines run on this host, else the reason (for tests that skip by name).
std::string jit_unavailable_reason();

/// Empty when this machine's kernel can be used, else the reason (for tests that skip by name).
std::string kernel_unavailable_reason();

}  // namespace probity::runtime
