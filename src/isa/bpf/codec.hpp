// SPDX-License-Identifier: Apache-2.0
// Slots to insns and back, from the rows of insn.def (RFC 9669 section 3). Decoding is strict: a
// field that the row does not name must be zero, registers end at r10, and lddw needs its second
// slot. One leniency: compilers before LLVM 20 put callx's register into imm; such a slot decodes
// to the same insn as today's encoding (register in dst).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/arena.hpp"
#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"

namespace probity::bpf {

/// The row that a slot's opcode byte and selector field name, or nothing.
std::optional<Form> find_form(const Slot& slot);

/// The insn at slot `at`; the diagnostic names the slot, the value and the limit.
Expected<Insn> decode(std::span<const Slot> slots, std::size_t at);

/// Its slots; only the first `insn.slot_count()` count. Fields that the row does not name are
/// ignored.
std::array<Slot, 2> encode(const Insn& insn);

/// `insn` with every field that its row does not name set to zero: what decode(encode(insn))
/// yields.
Insn canonical(const Insn& insn);

/// Slot `index` of little-endian bytes; the caller owns the bounds.
Slot slot_at(std::span<const std::uint8_t> bytes, std::size_t index);
/// A slot as in memory.
std::array<std::uint8_t, 8> bytes_of(const Slot& slot);
/// All slots of a byte string, whose length must be a multiple of 8.
Expected<std::span<Slot>> slots_from_bytes(std::span<const std::uint8_t> bytes, Arena& arena);

}  // namespace probity::bpf
