// SPDX-License-Identifier: Apache-2.0
// The integer registers of RISC-V under their ABI names (RISC-V ABIs Specification, table 1), in
// the order of their numbers. `zero` reads as 0 and ignores writes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace probity::riscv {

// clang-format off
enum class Reg : std::uint8_t {
  zero, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5,
  a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6,
};
inline constexpr std::array<std::string_view, 32> reg_names = {
  "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
  "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};
// clang-format on
constexpr unsigned reg_count = 32;

constexpr unsigned number(Reg reg) {
  return static_cast<unsigned>(reg);
}
constexpr std::string_view name(Reg reg) {
  return reg_names[number(reg)];
}

/// By ABI name (`fp` is s0), or `x0` to `x31`.
std::optional<Reg> find_reg(std::string_view text);

}  // namespace probity::riscv
