// SPDX-License-Identifier: Apache-2.0
// The nine benchmark programs (bench/programs/progs.c) as native functions of `clang -O2`, the
// input that all engines run them on, and the counts and results that an independent reference
// interpreter gave.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace probity::bench {

inline constexpr std::size_t input_bytes = 1408;
/// Pseudo-random bytes that open with an IPv4/TCP packet, so that pktparse goes its long way.
std::array<std::uint8_t, input_bytes> make_input();

struct Program {
  std::string_view name;
  std::uint64_t (*native)(std::uint8_t* memory, std::uint64_t length);
  std::uint64_t result;       ///< r0 for make_input()
  std::uint64_t executed_v3;  ///< insns executed by bench/programs/bin_v3
  std::uint64_t executed_v2;  ///< insns executed by bench/programs/bin_v2
};
std::span<const Program> programs();

}  // namespace probity::bench
