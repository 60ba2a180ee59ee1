// SPDX-License-Identifier: Apache-2.0
// Small functions in the machine code of each target, for tests of the emulator: an Enter that
// keeps to the ABI and ones that do not, and bodies that call, loop, trap.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "isa/riscv/codec.hpp"
#include "isa/riscv/encode.hpp"
#include "isa/x86/encode.hpp"
#include "jit/compile.hpp"

namespace probity {

/// Room for one function; further code may follow it in one buffer.
using Room = std::array<std::uint8_t, isa::max_sequence_bytes>;

class ToyX86 {
 public:
  static constexpr jit::Target target = jit::Target::x86_64;
  using Code = isa::Code<Concrete>;
  using Reg = x86::Reg;

  /// Keeps the context in a callee-saved register, calls the body.
  static void enter(Code& code) {
    x86::put<x86::Form::push_r64>(code, Reg::rbx);
    x86::put<x86::Form::mov_rm64_r64>(code, Reg::rbx, Reg::rdi);
    x86::put<x86::Form::sub_rm64_imm8>(code, Reg::rsp, imm<8>(8));
    x86::put<x86::Form::call_rm64>(code, Reg::rsi);
    x86::put<x86::Form::add_rm64_imm8>(code, Reg::rsp, imm<8>(8));
    x86::put<x86::Form::pop_r64>(code, Reg::rbx);
    ret(code);
  }
  static void enter_without_saving(Code& code) {
    x86::put<x86::Form::mov_rm64_r64>(code, Reg::rbx, Reg::rdi);
    x86::put<x86::Form::sub_rm64_imm8>(code, Reg::rsp, imm<8>(8));
    x86::put<x86::Form::call_rm64>(code, Reg::rsi);
    x86::put<x86::Form::add_rm64_imm8>(code, Reg::rsp, imm<8>(8));
    ret(code);
  }
  /// Returns with another stack pointer than it should.
  static void enter_unbalanced(Code& code) {
    x86::put<x86::Form::pop_r64>(code, Reg::rax);
    x86::put<x86::Form::add_rm64_imm8>(code, Reg::rsp, imm<8>(-16));
    x86::put<x86::Form::jmp_rm64>(code, Reg::rax);
  }
  static void ret(Code& code) { x86::put<x86::Form::ret>(code); }

  /// Calls helpers[id](1, 2, 3, 4, 5, context) from a body.
  static void call_helper(Code& code, unsigned id) { call(code, id, 8); }
  static void call_misaligned(Code& code, unsigned id) { call(code, id, 0); }
  /// The result becomes what the call left in an argument register.
  static void return_argument_register(Code& code) {
    x86::put<x86::Form::mov_rm64_r64>(code, Reg::rax, Reg::rcx);
  }
  /// The result becomes what stands below the stack pointer.
  static void write_below_stack(Code& code) {
    x86::put<x86::Form::mov_rm64_imm32>(code, below(), imm<32>(77));
  }
  static void return_below_stack(Code& code) {
    x86::put<x86::Form::mov_r64_rm64>(code, Reg::rax, below());
  }
  /// The result is the sum of 1 .. n.
  static void sum(Code& code, unsigned n) {
    x86::put<x86::Form::xor_rm32_r32>(code, Reg::rax, Reg::rax);
    x86::put<x86::Form::mov_r32_imm32>(code, Reg::rcx, imm<32>(n));
    x86::put<x86::Form::add_rm64_r64>(code, Reg::rax, Reg::rcx);
    x86::put<x86::Form::dec_rm64>(code, Reg::rcx);
    x86::put<x86::Form::jcc_rel8>(code, x86::Cond::ne, imm<8>(-8));
  }
  static constexpr std::uint64_t sum_steps(unsigned n) { return 2 + 3 * n; }
  static void loop(Code& code) { x86::put<x86::Form::jmp_rel8>(code, imm<8>(-2)); }
  static void trap(Code& code) { x86::put<x86::Form::ud2>(code); }
  static void divide_by_zero(Code& code) {
    x86::put<x86::Form::xor_rm32_r32>(code, Reg::rcx, Reg::rcx);
    x86::put<x86::Form::div_rm64>(code, Reg::rcx);
  }
  static void no_instruction(Code& code) { code.put(imm<8>(0x06)); }
  static void jump_to_address_two(Code& code) {
    x86::put<x86::Form::mov_r32_imm32>(code, Reg::rax, imm<32>(2));
    x86::put<x86::Form::jmp_rm64>(code, Reg::rax);
  }

 private:
  template <unsigned W>
  static Bv<Concrete, W> imm(int value) {
    return Bv<Concrete, W>::lit(static_cast<std::uint64_t>(std::int64_t{value}));
  }
  template <unsigned W>
  static Bv<Concrete, W> imm(unsigned value) {
    return Bv<Concrete, W>::lit(value);
  }
  static x86::Mem<Concrete> below() { return {Reg::rsp, imm<32>(-64), {}, 0}; }
  static x86::Mem<Concrete> at(Reg base, std::int32_t disp) { return {base, imm<32>(disp), {}, 0}; }
  static void call(Code& code, unsigned id, int adjustment) {
    constexpr std::array arguments = {Reg::rdi, Reg::rsi, Reg::rdx, Reg::rcx, Reg::r8};
    for (unsigned i = 0; i < 5; ++i)
      x86::put<x86::Form::mov_r32_imm32>(code, arguments[i], imm<32>(i + 1));
    x86::put<x86::Form::mov_rm64_r64>(code, Reg::r9, Reg::rbx);
    x86::put<x86::Form::mov_r64_rm64>(code, Reg::r11, at(Reg::rbx, jit::context_offset::helpers));
    x86::put<x86::Form::sub_rm64_imm8>(code, Reg::rsp, imm<8>(8 - adjustment));
    x86::put<x86::Form::call_rm64>(code, at(Reg::r11, static_cast<std::int32_t>(8 * id)));
    x86::put<x86::Form::add_rm64_imm8>(code, Reg::rsp, imm<8>(8 - adjustment));
  }
};

class ToyRiscv {
 public:
  static constexpr jit::Target target = jit::Target::rv64;
  using Code = isa::Code<Concrete>;
  using Reg = riscv::Reg;

  static void enter(Code& code) {
    addi(code, Reg::sp, Reg::sp, -32);
    riscv::put<riscv::Form::sd>(code, Reg::ra, imm(0), Reg::sp);
    riscv::put<riscv::Form::sd>(code, Reg::s6, imm(8), Reg::sp);
    riscv::put<riscv::Form::sd>(code, Reg::s7, imm(16), Reg::sp);
    addi(code, Reg::s6, Reg::a0, 0);
    riscv::put<riscv::Form::jalr>(code, Reg::s7, imm(0), Reg::a1);
    riscv::put<riscv::Form::ld>(code, Reg::ra, imm(0), Reg::sp);
    riscv::put<riscv::Form::ld>(code, Reg::s6, imm(8), Reg::sp);
    riscv::put<riscv::Form::ld>(code, Reg::s7, imm(16), Reg::sp);
    addi(code, Reg::sp, Reg::sp, 32);
    riscv::put<riscv::Form::jalr>(code, Reg::zero, imm(0), Reg::ra);
  }
  static void enter_without_saving(Code& code) {
    addi(code, Reg::s6, Reg::a0, 0);
    riscv::put<riscv::Form::jalr>(code, Reg::zero, imm(0), Reg::ra);
  }
  static void enter_unbalanced(Code& code) {
    addi(code, Reg::sp, Reg::sp, -16);
    riscv::put<riscv::Form::jalr>(code, Reg::zero, imm(0), Reg::ra);
  }
  static void ret(Code& code) { riscv::put<riscv::Form::jalr>(code, Reg::zero, imm(0), Reg::s7); }

  static void call_helper(Code& code, unsigned id) {
    constexpr std::array arguments = {Reg::a0, Reg::a1, Reg::a2, Reg::a3, Reg::a4};
    for (unsigned i = 0; i < 5; ++i)
      addi(code, arguments[i], Reg::zero, static_cast<std::int32_t>(i) + 1);
    addi(code, Reg::a5, Reg::s6, 0);
    riscv::put<riscv::Form::ld>(code, Reg::t0, imm(jit::context_offset::helpers), Reg::s6);
    riscv::put<riscv::Form::ld>(code, Reg::t0, imm(static_cast<std::int32_t>(8 * id)), Reg::t0);
    riscv::put<riscv::Form::jalr>(code, Reg::ra, imm(0), Reg::t0);
  }
  static void call_misaligned(Code& code, unsigned id) {
    addi(code, Reg::sp, Reg::sp, -8);
    call_helper(code, id);
  }
  static void return_argument_register(Code& code) { addi(code, Reg::a0, Reg::a3, 0); }
  static void write_below_stack(Code& code) {
    addi(code, Reg::t0, Reg::zero, 77);
    riscv::put<riscv::Form::sd>(code, Reg::t0, imm(-64), Reg::sp);
  }
  static void return_below_stack(Code& code) {
    riscv::put<riscv::Form::ld>(code, Reg::a0, imm(-64), Reg::sp);
  }
  static void sum(Code& code, unsigned n) {
    addi(code, Reg::a0, Reg::zero, 0);
    addi(code, Reg::t0, Reg::zero, static_cast<std::int32_t>(n));
    riscv::put<riscv::Form::add>(code, Reg::a0, Reg::a0, Reg::t0);
    addi(code, Reg::t0, Reg::t0, -1);
    const auto distance = Bv<Concrete, 13>::lit(static_cast<std::uint64_t>(std::int64_t{-8}));
    riscv::put<riscv::Form::bne>(code, Reg::t0, Reg::zero,
                                 riscv::immediate<riscv::Form::bne>(distance));
  }
  static constexpr std::uint64_t sum_steps(unsigned n) { return 2 + 3 * n; }
  static void loop(Code& code) {
    riscv::put<riscv::Form::jal>(code, Reg::zero, Bv<Concrete, 20>::lit(0));
  }
  static void trap(Code& code) { riscv::put<riscv::Form::ebreak, Concrete>(code); }
  static void no_instruction(Code& code) { code.put(Bv<Concrete, 32>::lit(0)); }
  static void jump_to_address_two(Code& code) {
    addi(code, Reg::t0, Reg::zero, 2);
    riscv::put<riscv::Form::jalr>(code, Reg::zero, imm(0), Reg::t0);
  }

 private:
  static Bv<Concrete, 12> imm(std::int32_t value) {
    return Bv<Concrete, 12>::lit(static_cast<std::uint64_t>(std::int64_t{value}));
  }
  static void addi(Code& code, Reg rd, Reg rs1, std::int32_t value) {
    riscv::put<riscv::Form::addi>(code, rd, rs1, imm(value));
  }
};

}  // namespace probity
