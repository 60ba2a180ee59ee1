// SPDX-License-Identifier: Apache-2.0
// Lanes: the concrete evaluator of candidates. Each register holds a value per test vector, and an
// insn is executed for all of them at once: the semantics text instantiated at Concrete with its
// form a compile-time constant, in a loop that compilers turn into vector code.
#pragma once

#include <array>
#include <cstdint>

#include "isa/bpf/insn.hpp"

namespace probity::opt::search {

constexpr std::size_t lane_count = 64;
using Lane = std::array<std::uint64_t, lane_count>;

/// Registers of all test vectors.
struct Lanes {
  std::array<Lane, bpf::reg_count> regs{};
};

/// Executes a pure insn (slice.hpp); PROBITY_CHECK on others.
void execute(const bpf::Insn& insn, Lanes& lanes);

}  // namespace probity::opt::search
