// SPDX-License-Identifier: Apache-2.0
// Emulator: runs translated code of any target on this host, by the same machine semantics that the
// proofs are about. Addresses are host addresses, so an image, its Context and the runtime around
// it are what they are when the code runs natively; only Enter is replaced by enter(). A jump out
// of the code to a registered C++ function is performed as a call by the target's C ABI: arguments
// from its argument registers, the result into its result register, and every register (and the
// stack below) that the ABI lets a callee destroy is filled with a pattern. Enter's own promises
// are checked too: callee-saved registers, the stack pointer and its alignment.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/diagnostic.hpp"
#include "jit/compile.hpp"
#include "jit/context.hpp"

namespace probity::runtime {

/// Bytes of the emulated machine's stack; each of the nested enter() calls finds a part left.
constexpr std::size_t emulated_stack_bytes = std::size_t{1} << 20;
constexpr std::size_t stack_bytes_per_enter = std::size_t{1} << 14;
constexpr unsigned nested_enter_limit = 32;
/// Machine instructions of one enter(), those of nested ones not counted.
constexpr std::uint64_t default_step_limit = std::uint64_t{1} << 40;

class Emulator {
 public:
  explicit Emulator(jit::Target target);
  ~Emulator();
  Emulator(Emulator&&) noexcept;
  Emulator& operator=(Emulator&&) noexcept;

  /// Makes `code` executable; it must not move or change while it is. It need not be executable
  /// memory of the host. What was known about overlapping code is forgotten.
  void add_code(std::span<const std::uint8_t> code);
  /// Makes a C++ function callable from the code (null: nothing). A jump to any other address is an
  /// error.
  void add_function(jit::Helper function);
  void add_function(jit::Assist function);
  void set_step_limit(std::uint64_t steps);

  /// What `reinterpret_cast<jit::Enter>(enter)(&context, body)` does natively. A registered
  /// function may call enter() again. Errors: Fault::limit at one of the limits above; Fault::bug
  /// when the code breaks the ABI, leaves the code, traps or holds an undecodable instruction.
  Expected<std::uint64_t> enter(jit::Context& context, const std::uint8_t* enter,
                                const std::uint8_t* body);

  /// Machine instructions executed so far.
  std::uint64_t steps() const;

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace probity::runtime
