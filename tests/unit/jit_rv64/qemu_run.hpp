// SPDX-License-Identifier: Apache-2.0
// What qemu_test.cpp (on this machine) and qemu_runner.cpp (on the RISC-V one) tell each other, as
// bytes in this order: for a run its RunHeader, the image, the memory and the stacks; for its
// result a RunResult, the memory and the stacks.
#pragma once

#include <cstdint>

#include "jit/context.hpp"

namespace probity::jit::rv64 {

constexpr std::uint64_t memory_bytes = 1024;
constexpr std::uint64_t frame_count = 8;
constexpr std::uint64_t stack_bytes = frame_bytes * frame_count;

/// With memory checked: the memory, the same for reading only, and the frames from 3 on, upwards.
constexpr std::uint64_t memory_region = 1, constant_region = 2, first_frame_region = 3;
constexpr std::uint64_t region_count = first_frame_region + frame_count;

struct RunHeader {
  std::uint64_t image_bytes = 0;
  std::uint64_t body = 0, leave = 0;  ///< offsets in the image; enter is at 0
  std::uint64_t checked = 0;
  std::uint64_t fuel = 0;
};

struct RunResult {
  std::uint64_t r0 = 0;
  std::uint64_t assists = 0, assist_insn = 0;  ///< an assist ends the run
  std::uint64_t fuel = 0;
  std::uint64_t registers[11] = {};  ///< at the assist
};

/// Helper 1 mixes its arguments and the number of its call; helper 2 ends the run with 42.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d,
                            std::uint64_t e, std::uint64_t insn) {
  return a * 3 + b * 5 + c * 7 + d * 11 + e * 13 + insn;
}
constexpr std::uint64_t stop_result = 42;

}  // namespace probity::jit::rv64
