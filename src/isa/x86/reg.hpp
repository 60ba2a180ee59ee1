// SPDX-License-Identifier: Apache-2.0
// x86-64 registers and conditions, numbered as the encoding numbers them. A Reg stands for all its
// widths (rax, eax, ax, al): the instruction form says which; ah, ch, dh and bh are not modelled.
#pragma once

#include <cstddef>
#include <cstdint>

namespace probity::x86 {

enum class Reg : std::uint8_t {
  rax,
  rcx,
  rdx,
  rbx,
  rsp,
  rbp,
  rsi,
  rdi,
  r8,
  r9,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15
};
constexpr std::size_t reg_count = 16;

/// Conditions of jcc, setcc and cmovcc; each odd one is the opposite of the one before.
enum class Cond : std::uint8_t { o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g };
constexpr std::size_t cond_count = 16;
constexpr Cond opposite(Cond cond) {
  return static_cast<Cond>(static_cast<std::uint8_t>(cond) ^ 1u);
}

}  // namespace probity::x86
