// SPDX-License-Identifier: Apache-2.0
// RV64 as the emulator sees it: decoder, meaning, and the calling convention (RISC-V ABIs
// Specification, chapter 2). gp and tp count as callee-saved: translated code leaves them alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "isa/riscv/codec.hpp"
#include "isa/riscv/semantics_impl.hpp"
#include "runtime/emulator/host_memory.hpp"

namespace probity::runtime {

struct TargetRiscv {
  using Insn = riscv::Insn<Concrete>;
  using State = riscv::State<Concrete>;
  using Reg = riscv::Reg;
  using Word = Bv<Concrete, 64>;

  static constexpr Reg stack_pointer = Reg::sp;
  static constexpr Reg result = Reg::a0;
  static constexpr std::array arguments = {Reg::a0, Reg::a1, Reg::a2, Reg::a3, Reg::a4, Reg::a5};
  static constexpr std::array caller_saved = {Reg::ra, Reg::t0, Reg::t1, Reg::t2, Reg::t3, Reg::t4,
                                              Reg::t5, Reg::t6, Reg::a0, Reg::a1, Reg::a2, Reg::a3,
                                              Reg::a4, Reg::a5, Reg::a6, Reg::a7};
  static constexpr std::array callee_saved = {Reg::gp, Reg::tp, Reg::s0,  Reg::s1, Reg::s2,
                                              Reg::s3, Reg::s4, Reg::s5,  Reg::s6, Reg::s7,
                                              Reg::s8, Reg::s9, Reg::s10, Reg::s11};
  static constexpr std::uint64_t stack_remainder = 0;

  /// Bytes that instruction addresses are multiples of: jalr clears bit 0, and host functions have
  /// odd addresses too.
  static constexpr std::uint64_t insn_alignment = 2;

  /// A compressed instruction comes out as what it stands for.
  static std::optional<Insn> decode(std::span<const std::uint8_t> bytes) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data(), std::min(bytes.size(), sizeof word));
    const std::optional<Insn> insn = riscv::decode(word);
    if (!insn || insn->length > bytes.size()) return std::nullopt;
    return riscv::expand(*insn);
  }
  static Word execute(const Insn& insn, State& state, Word pc, HostMemory& memory) {
    return riscv::execute(insn, state, pc, memory);
  }

  static void begin_call(State& state, std::uint64_t return_address, HostMemory&) {
    state.set_reg(Reg::ra, Word::lit(return_address));
  }
  static std::uint64_t end_call(State& state, HostMemory&) { return state.reg(Reg::ra).raw(); }
  static void destroy_flags(State&) {}
};

}  // namespace probity::runtime
