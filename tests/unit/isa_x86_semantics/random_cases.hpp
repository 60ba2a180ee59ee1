// SPDX-License-Identifier: Apache-2.0
// Random instructions of a row and random states to execute them in: corner values among the
// registers, memory operands inside a given window, dividends that often do not trap.
#pragma once

#include <cstdint>
#include <random>

#include "domain/concrete.hpp"
#include "isa/x86/operation.hpp"
#include "isa/x86/state.hpp"

namespace probity {

/// Where memory operands and the stack may lie; below 2^31.
struct Window {
  std::uint64_t start;
  std::uint64_t size_bytes;
};

class RandomCases {
 public:
  RandomCases(std::uint64_t seed, Window window) : engine_(seed), window_(window) {}

  /// Any operands of the row; length still 0.
  x86::Insn<Concrete> insn(x86::Form form);
  /// A state for `insn` in which its memory operand and the stack lie in the window. May change
  /// the displacement of `insn`.
  x86::State<Concrete> state(x86::Insn<Concrete>& insn);

  std::uint64_t word();
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

 private:
  /// Often the one before: operands that are the same register.
  x86::Reg reg() {
    if (below(4) != 0) latest_ = static_cast<x86::Reg>(below(16));
    return latest_;
  }
  std::uint64_t place();
  void aim(x86::Insn<Concrete>& insn, x86::State<Concrete>& state);
  void suit_division(const x86::Insn<Concrete>& insn, x86::State<Concrete>& state);

  std::mt19937_64 engine_;
  x86::Reg latest_ = x86::Reg::rax;
  Window window_;
};

}  // namespace probity
