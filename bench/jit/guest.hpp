// SPDX-License-Identifier: Apache-2.0
// Guest: one benchmark program compiled by our JIT and ready to run, with memory checked or not.
// Compiler: the same, compiled only, again and again.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "jit/compile.hpp"
#include "jit/context.hpp"
#include "native/programs.hpp"
#include "runtime/code_memory.hpp"
#include "runtime/memory.hpp"

namespace probity::bench {

using Memory = std::array<std::uint8_t, input_bytes>;

/// The bytecode in bench/programs.
std::vector<bpf::Slot> slots_of(std::string_view program);

/// Features of this machine.
std::uint32_t host_features();

/// Options of the two measured modes; fuel as the claim has it: off.
jit::Options options_of(jit::Memory memory);

/// Compiles again and again into memory that is never executed.
class Compiler {
 public:
  Compiler(std::vector<bpf::Slot> slots, const jit::Options& options);
  /// Gives the size of the code.
  std::uint32_t compile();
  std::size_t slot_count() const { return slots_.size(); }

 private:
  std::vector<bpf::Slot> slots_;
  jit::Request request_;
  std::vector<std::byte> workspace_;
  std::vector<std::uint8_t> code_;
};

class Guest {
 public:
  Guest(std::string_view program, const jit::Options& options);

  std::uint64_t run();
  Memory memory{};

 private:
  runtime::CodeMemory code_;
  jit::Enter enter_ = nullptr;
  const std::uint8_t* body_ = nullptr;
  jit::Memory mode_;
  std::vector<runtime::Region> regions_ = std::vector<runtime::Region>(runtime::region::first_free);
  alignas(16) std::array<std::uint8_t, runtime::stack_bytes_per_frame> stack_{};
  jit::Context context_;
};

}  // namespace probity::bench
