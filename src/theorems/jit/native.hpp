// SPDX-License-Identifier: Apache-2.0
// Native replay: a stretch of emitted x86-64 code run by the host's CPU from the state and memory
// of a counterexample, and compared with what the emulator's semantics made of it. A child process
// maps code and data at the counterexample's own addresses and is stepped by ptrace(), so that
// registers, the stack pointer too, may hold anything. Source: ptrace(2).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "isa/x86/state.hpp"
#include "theorems/jit/trace.hpp"

namespace probity::theorems {

using X86Stretch = Stretch<x86::State<Concrete>>;

struct NativeVerdict {
  enum class Outcome : std::uint8_t {
    agrees,   ///< registers, stores and the next address are the emulator's
    differs,  ///< `text` says where
    not_run,  ///< `text` says why: another host, no ptrace, addresses no process can have
  } outcome = Outcome::not_run;
  std::string text;
};

/// Runs each stretch. Flags are not compared: those the
/// manual leaves undefined are the CPU's choice, and what reads one shows in a register or in the
/// next address.
NativeVerdict run_natively(std::span<const X86Stretch> stretches);

}  // namespace probity::theorems
