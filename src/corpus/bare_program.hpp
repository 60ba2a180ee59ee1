// SPDX-License-Identifier: Apache-2.0
// Bare bytecode (r1 = address of a memory, r2 = its length) on every engine: an owner of slots and
// subprograms with the engine that runs them. Also the prologue that makes such a program an XDP
// one.
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

using runtime::EngineKind;

class BareProgram {
 public:
  static Expected<std::unique_ptr<BareProgram>> load(EngineKind kind,
                                                     std::span<const bpf::Slot> slots);
  BareProgram(const BareProgram&) = delete;
  BareProgram& operator=(const BareProgram&) = delete;

  /// One run; the return value is 64 bits wide on both engines. The kernel refuses a program here,
  /// not in load().
  Expected<runtime::RunOutput> run(std::span<const std::uint8_t> memory);

 private:
  BareProgram() = default;
  std::vector<bpf::Slot> slots_;
  std::vector<program::Subprog> subprogs_;
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
