// SPDX-License-Identifier: Apache-2.0
// One child process: text in on its standard input, text out, with limits on CPU time, memory,
// output and wall time. Linux: posix_spawn, a memfd for the input, prlimit on the child.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/diagnostic.hpp"

namespace probity::solver {

struct ProcessLimits {
  std::uint32_t wall_ms = 0;
  std::uint64_t memory_bytes = std::uint64_t{2} << 30;
  std::size_t output_bytes = std::size_t{64} << 20;
};

struct ProcessResult {
  enum class End : std::uint8_t { exited, signalled, wall_limit, output_limit };
  End end = End::exited;
  int status = 0;  ///< exit status or signal
  std::string output;
  double cpu_seconds = 0;
};

Expected<ProcessResult> run_process(const std::string& path, std::span<const std::string> arguments,
                                    std::string_view input, const ProcessLimits& limits);

/// The first executable of that name on PATH, or an empty string.
std::string find_on_path(std::string_view name);

}  // namespace probity::solver
