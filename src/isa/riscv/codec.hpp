// SPDX-License-Identifier: Apache-2.0
// Encoder and decoder for forms that are known only at run time: the templates of encode.hpp and
// decode.hpp instantiated once for Concrete. Emulators, texts and dumps use these.
#pragma once

#include <cstdint>
#include <optional>

#include "base/diagnostic.hpp"
#include "isa/riscv/insn.hpp"

namespace probity::riscv {

/// The instruction in the low bits of `word`; none when no row admits it.
std::optional<Insn<Concrete>> decode(std::uint32_t word);

/// The bits of an instruction (its row's width says how many), or which operand does not fit.
Expected<std::uint32_t> encode(const Insn<Concrete>& insn);

}  // namespace probity::riscv
