// SPDX-License-Identifier: Apache-2.0
// What an insn's row tells of control and of the register it writes: for who plans, validates or
// analyses programs without executing them.
#pragma once

#include <cstdint>
#include <optional>

#include "isa/bpf/insn.hpp"

namespace probity::bpf {

/// Slots from the next insn to where a jump, branch, may_goto or local call leads; nothing of other
/// insns.
constexpr std::optional<std::int32_t> displacement(const Insn& insn) {
  switch (row(insn.form).meaning) {
    case Meaning::jump: return insn.form == Form::ja32 ? insn.imm : insn.off;
    case Meaning::branch:
    case Meaning::may_goto: return insn.off;
    case Meaning::call:
      if (insn.form == Form::call_local) return insn.imm;
      return std::nullopt;
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::exit:
    case Meaning::load_imm64:
    case Meaning::load_packet:
    case Meaning::load:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::atomic:
    case Meaning::load_acquire:
    case Meaning::store_release: return std::nullopt;
  }
  return std::nullopt;
}

/// Which of its register fields an insn of this form writes; r0 to r5 of a call do not count, nor
/// does r0 of a cmpxchg.
enum class Written : std::uint8_t { none, dst, src };
constexpr Written written_field(Form form) {
  const Row& r = row(form);
  switch (r.meaning) {
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::load_imm64:
    case Meaning::load:
    case Meaning::load_acquire: return Written::dst;
    case Meaning::atomic: {
      const auto op = static_cast<AtomicOp>(r.operation);
      return op >= AtomicOp::fetch_add && op != AtomicOp::cmpxchg ? Written::src : Written::none;
    }
    case Meaning::jump:
    case Meaning::may_goto:
    case Meaning::branch:
    case Meaning::call:
    case Meaning::exit:
    case Meaning::load_packet:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::store_release: return Written::none;
  }
  return Written::none;
}
constexpr std::optional<Reg> written_register(const Insn& insn) {
  switch (written_field(insn.form)) {
    case Written::none: return std::nullopt;
    case Written::dst: return insn.dst;
    case Written::src: return insn.src;
  }
  return std::nullopt;
}

}  // namespace probity::bpf
