// SPDX-License-Identifier: Apache-2.0
// The decoder: bytes of any PathDomain to an Insn. It is exact: legacy prefixes in any order but
// each at most once, REX right before the opcode, REX bits only where the form has a field for
// them, LOCK only with memory; ah..bh, rip-relative and absolute addresses are not in the table's
// range and decode to nothing. Opcode, prefix, ModRM and SIB bytes are picked with decide(), so
// literal ones do not fork.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "domain/concrete.hpp"
#include "isa/x86/decode_impl.hpp"
#include "isa/x86/insn.hpp"

namespace probity::x86 {

/// The instruction that `bytes` start with; nothing when there is none in the table, or when it is
/// cut off.
template <PathDomain D>
std::optional<Insn<D>> decode(std::span<const Bv<D, 8>> bytes);

/// The same of bytes in memory.
std::optional<Insn<Concrete>> decode(std::span<const std::uint8_t> bytes);

}  // namespace probity::x86
