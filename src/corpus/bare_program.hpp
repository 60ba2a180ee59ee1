// SPDX-License-Identifier: Apache-2.0
// Bare bytecode (r1 = address of a memory, r2 = its length) on every engine. The interpreter has a
// mode for it. The live kernel has not: there the program becomes a subprogram of an XDP program
// that takes the memory from the packet, checks its length for the verifier, and stores the 64-bit
// r0 in an array map (the test run reports 32 bits).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"
#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace probity::corpus {

enum class EngineKind : std::uint8_t { interp, kernel };

class BareProgram {
 public:
  /// `memory_bytes` is the length that r2 will have; the kernel checks the program for just that
  /// length.
  static Expected<std::unique_ptr<BareProgram>> load(EngineKind kind,
                                                     std::span<const bpf::Slot> slots,
                                                     std::size_t memory_bytes);
  BareProgram(const BareProgram&) = delete;
  BareProgram& operator=(const BareProgram&) = delete;

  /// One run. The return value is 64 bits wide on both engines; `memory` has the length given to
  /// load().
  Expected<runtime::RunOutput> run(std::span<const std::uint8_t> memory);

 private:
  BareProgram() = default;
  Expected<void> load_interp();
  Expected<void> load_kernel(std::size_t memory_bytes);

  EngineKind kind_ = EngineKind::interp;
  std::vector<bpf::Slot> slots_;
  std::vector<program::Subprog> subprogs_;
  std::vector<program::MapDef> maps_;
  program::View view_;
  std::unique_ptr<runtime::Engine> engine_;
};

/// The insns that turn an XDP context in r1 into r1 = data, r2 = `memory_bytes`, or end with
/// XDP_ABORTED.
Expected<std::vector<bpf::Slot>> xdp_prologue(std::size_t memory_bytes);
/// The local functions of bare bytecode: slot 0 and every target of a local call or function
/// address.
Expected<std::vector<program::Subprog>> find_subprogs(std::span<const bpf::Slot> slots);

}  // namespace probity::corpus
