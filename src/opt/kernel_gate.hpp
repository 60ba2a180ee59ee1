// SPDX-License-Identifier: Apache-2.0
// KernelGate: one program's maps in the live kernel, and versions of its code loaded over them:
// does the verifier take a version, how much work was it, how many bytes did the kernel's JIT make
// of it, how long does a run take? Only programs that a person wrote come here, and what the
// optimizer made of them. Source: linux/bpf.h (struct bpf_prog_info).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/diagnostic.hpp"
#include "program/program.hpp"
#include "runtime/engine.hpp"
#include "runtime/kernel_map.hpp"
#include "runtime/kernel_network.hpp"

namespace probity::opt {

/// A version that the kernel took.
struct KernelProgram {
  runtime::Fd fd;
  std::uint32_t jited_bytes = 0;  ///< 0: the kernel's JIT is off
  std::uint32_t processed = 0;    ///< insns that the verifier looked at
};

/// Nanoseconds of one run of each, as BPF_PROG_TEST_RUN has it: with what that itself takes for a
/// run, which is the time of a program that returns at once.
struct TimedPair {
  double before_ns = 0;
  double after_ns = 0;
  double empty_ns = 0;
};

using Packet = std::span<const std::uint8_t>;

class KernelGate {
 public:
  /// Makes the maps; `program` must outlive the gate. The diagnostic says why this kernel cannot be
  /// asked.
  static Expected<KernelGate> create(const program::View& program);

  /// Loads the program with these slots in place of its own; the diagnostic is the verifier's.
  Expected<KernelProgram> load(std::span<const bpf::Slot> slots) const;

  /// Writes entries into those of the program's maps that it names.
  Expected<void> fill(std::span<const runtime::MapContents> contents) const;

  /// Runs both by turns, so that what disturbs the machine disturbs both, and takes the least of
  /// `rounds`; the mean over the packets. By the CPU time of this thread: the kernel's own answer
  /// is in whole nanoseconds, and counts what other programs of the machine took. What a system
  /// call takes beside its runs is measured, too, and taken off.
  Expected<TimedPair> time(const KernelProgram& before, const KernelProgram& after,
                           std::span<const Packet> packets, std::uint32_t rounds) const;

 private:
  KernelGate(const program::View& program, runtime::NetworkSandbox network)
      : program_(program), network_(std::move(network)) {}

  program::View program_;
  runtime::NetworkSandbox network_;
  std::vector<runtime::KernelMap> maps_;
  std::vector<int> map_fds_;  // like program_.maps; -1: not named
};

}  // namespace probity::opt
