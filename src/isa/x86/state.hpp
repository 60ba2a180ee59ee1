// SPDX-License-Identifier: Apache-2.0
// The part of an x86-64 core that the rows of insn.def read and write: sixteen general registers
// and five status flags. The auxiliary carry is left out because no row reads it; the direction
// flag because no row writes it. The instruction pointer is execute()'s argument and result.
#pragma once

#include <array>
#include <cstddef>

#include "domain/bv.hpp"
#include "isa/x86/reg.hpp"

namespace probity::x86 {

template <Domain D>
struct State {
  std::array<Bv<D, 64>, 16> gpr{};
  Bool<D> cf{}, pf{}, zf{}, sf{}, of{};

  constexpr Bv<D, 64> reg(Reg r) const { return gpr[static_cast<std::size_t>(r)]; }
  constexpr void set_reg(Reg r, Bv<D, 64> value) { gpr[static_cast<std::size_t>(r)] = value; }
};

}  // namespace probity::x86
