// SPDX-License-Identifier: Apache-2.0
// Random eBPF programs that use every form the translator does not leave to the runtime (tail calls
// and addresses of objects aside), and a reference run of them by bpf::meaning.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "isa/bpf/insn.hpp"
#include "jit/translator.hpp"
#include "qemu_run.hpp"

namespace probity::jit::rv64 {

struct Program {
  std::vector<bpf::Insn> insns;           ///< displacements in slots
  std::vector<std::uint32_t> first_slot;  ///< by insn, and of the end
  std::vector<bpf::Slot> slots;
};

/// r1 is the memory. A loop around random instructions, a helper call, local calls; with memory
/// checked an access is now and then not allowed.
Program random_program(std::mt19937_64& random, Memory memory);

/// What the program works on; the addresses are those of the memory model in `RunHeader::checked`.
struct Surroundings {
  std::array<std::uint8_t, memory_bytes> memory{};
  std::array<std::uint8_t, stack_bytes> stacks{};
};

/// Executes the program. The registers at an assist are compared where they hold no address.
RunResult run_reference(const Program& program, const Options& options, std::uint64_t fuel,
                        Surroundings& surroundings);

}  // namespace probity::jit::rv64
