// SPDX-License-Identifier: Apache-2.0
// Memory operands: base + disp, or base + index * scale + disp; always with a base register, so
// neither rip-relative nor absolute. How an address is encoded is the encoder's business alone.
#pragma once

#include <optional>

#include "domain/bv.hpp"
#include "isa/x86/reg.hpp"

namespace probity::x86 {

template <Domain D>
struct Mem {
  Reg base = Reg::rax;
  Bv<D, 32> disp = Bv<D, 32>::lit(0);  ///< sign-extended to 64 bits
  std::optional<Reg> index = {};       ///< any register but rsp
  std::uint8_t scale_log2 = 0;         ///< 0..3; the index is shifted left by it
};

/// ModRM.mod of a memory operand: how many bytes of displacement follow.
enum class Mod : std::uint8_t { no_disp, disp8, disp32, reg };
/// In ModRM.rm: a SIB byte follows. In SIB.index: no index.
constexpr unsigned sib_follows = 4, no_index = 4;
/// In ModRM.rm and SIB.base with Mod::no_disp: not rbp or r13 but something else.
constexpr unsigned no_base = 5;

/// `value` is its own low `To` bits sign-extended: it fits an imm8, disp8, rel32 ...
template <unsigned To, Domain D, unsigned W>
constexpr Bool<D> fits(Bv<D, W> value) {
  static_assert(To < W);
  const Bv<D, W> half = Bv<D, W>::lit(std::uint64_t{1} << (To - 1));
  return ult(value + half, half + half);
}

}  // namespace probity::x86
