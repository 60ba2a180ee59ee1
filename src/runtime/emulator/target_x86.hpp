// SPDX-License-Identifier: Apache-2.0
// x86-64 as the emulator sees it: decoder, meaning, and the calling convention of the System V ABI
// (AMD64 supplement, section 3.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "isa/x86/decode.hpp"
#include "isa/x86/semantics_impl.hpp"
#include "runtime/emulator/host_memory.hpp"

namespace probity::runtime {

struct TargetX86 {
  using Insn = x86::Insn<Concrete>;
  using State = x86::State<Concrete>;
  using Reg = x86::Reg;
  using Word = Bv<Concrete, 64>;

  static constexpr Reg stack_pointer = Reg::rsp;
  static constexpr Reg result = Reg::rax;
  static constexpr std::array arguments = {Reg::rdi, Reg::rsi, Reg::rdx,
                                           Reg::rcx, Reg::r8,  Reg::r9};
  static constexpr std::array caller_saved = {Reg::rax, Reg::rcx, Reg::rdx, Reg::rsi, Reg::rdi,
                                              Reg::r8,  Reg::r9,  Reg::r10, Reg::r11};
  static constexpr std::array callee_saved = {Reg::rbx, Reg::rbp, Reg::r12,
                                              Reg::r13, Reg::r14, Reg::r15};
  /// At a function's first instruction the stack pointer is this modulo 16.
  static constexpr std::uint64_t stack_remainder = 8;

  /// Bytes that instruction addresses are multiples of.
  static constexpr std::uint64_t insn_alignment = 1;

  static std::optional<Insn> decode(std::span<const std::uint8_t> bytes) {
    return x86::decode(bytes);
  }
  static Word execute(const Insn& insn, State& state, Word pc, HostMemory& memory) {
    return x86::execute(insn, state, pc, memory);
  }

  /// What `call` does, with a return address of the emulator's.
  static void begin_call(State& state, std::uint64_t return_address, HostMemory& memory) {
    const Word top = state.reg(Reg::rsp) - Word::lit(8);
    memory.store<64>(top, Word::lit(return_address), isa::Order::release);
    state.set_reg(Reg::rsp, top);
  }
  /// What `ret` does; gives the return address.
  static std::uint64_t end_call(State& state, HostMemory& memory) {
    const Word top = state.reg(Reg::rsp);
    state.set_reg(Reg::rsp, top + Word::lit(8));
    return memory.load<64>(top, isa::Order::acquire).raw();
  }
  /// Flags do not survive a call.
  static void destroy_flags(State& state) {
    state.cf = state.zf = state.of = Bool<Concrete>::lit(1);
    state.sf = state.pf = Bool<Concrete>::lit(0);
  }
};

}  // namespace probity::runtime
