// SPDX-License-Identifier: Apache-2.0
// The x86-64 translator, over a PathDomain: Concrete is the JIT that ships, SymbolicPath the one
// being proved. Registers as Linux maps them, so that a helper call moves nothing: r1..r5 are the
// first five arguments of the System V ABI, r0 its result, r6..r10 are callee-saved. No value and
// no flag lives in r9, r10, r11 or RFLAGS between two eBPF instructions. Bodies: *_impl.hpp.
#pragma once

#include <array>

#include "isa/bpf/insn.hpp"
#include "isa/code.hpp"
#include "isa/x86/encode.hpp"
#include "jit/access.hpp"
#include "jit/context.hpp"
#include "jit/dispatch.hpp"
#include "jit/translator.hpp"

namespace probity::jit::x86_64 {

using x86::Cond;
using x86::Mem;
using x86::Reg;
using enum x86::Reg;

/// By eBPF register; see context.hpp for the frame around them.
inline constexpr std::array<Reg, bpf::reg_count> register_map = {rax, rdi, rsi, rdx, rcx, r8,
                                                                 rbx, r13, r14, r15, rbp};
inline constexpr Reg context_reg = r12;

template <PathDomain D>
class Translator {
 public:
  using Input = Inputs<D>;

  Translator(isa::Code<D>& code, const Options& options) : code_(code), options_(options) {}

  static constexpr Reg machine_reg(bpf::Reg reg) {
    return register_map[static_cast<unsigned>(reg)];
  }
  /// Whether Inputs::upper_dead makes a difference: here 32-bit operations zero the upper half.
  static constexpr bool uses_upper_dead = false;
  /// A loop whose head crosses a line of the instruction cache can take twice as long.
  static constexpr std::uint32_t loop_alignment = 32;
  /// What is rare lies behind all instructions: see has_cold().
  static constexpr bool uses_cold = true;

  /// Emits one instruction; always true, since an image is smaller than the reach of rel32.
  bool insn(bpf::Form form, bpf::Reg dst, bpf::Reg src, const Input& in);
  /// Whether it may go to its cold part, and that part. prologue_impl.hpp
  bool has_cold() const { return has_cold_; }
  void cold(bpf::Form form, bpf::Reg dst, bpf::Reg src, const Input& in);

  // The four stubs of an image: see translator.hpp. prologue_impl.hpp
  void enter(const Labels<D>& labels);
  void leave(const Labels<D>& labels);
  void assist(const Labels<D>& labels);
  void end(const Input& in);
  void pad(unsigned count);

  // What dispatch() calls.
  bool is_checked() const { return options_.memory == Memory::checked; }

  // alu_impl.hpp
  template <bpf::AluOp op, unsigned W>
  void alu_imm(Reg dst, const Input& in);
  template <bpf::AluOp op, unsigned W>
  void alu_reg(Reg dst, Reg src, const Input& in);
  template <unsigned W>
  void negate(Reg dst, const Input& in);
  template <unsigned From, unsigned W>
  void movsx(Reg dst, Reg src, const Input& in);
  template <bpf::SwapOp op, unsigned W>
  void byte_swap(Reg dst, const Input& in);
  void load_imm64(Reg dst, const Input& in);

  // jump_impl.hpp
  void jump(const Input& in);
  template <bpf::JmpOp op, unsigned W>
  void branch_imm(Reg dst, const Input& in);
  template <bpf::JmpOp op, unsigned W>
  void branch_reg(Reg dst, Reg src, const Input& in);

  // call_impl.hpp
  void call_helper(const Input& in);
  void call_local(const Input& in);
  void tail_call(const Input& in);
  void exit(const Input& in);
  void load_address(Reg dst, const Input& in);
  void assisted(const Input& in);

  // mem_impl.hpp
  template <bpf::MemOp op, unsigned W>
  void load(Reg dst, Reg src, const Input& in);
  template <unsigned W>
  void store_imm(Reg dst, const Input& in);
  template <unsigned W>
  void store_reg(Reg dst, Reg src, const Input& in);
  template <bpf::AtomicOp op, unsigned W>
  void atomic(Reg dst, Reg src, const Input& in);
  template <unsigned W>
  void load_acquire(Reg dst, Reg src, const Input& in);
  template <unsigned W>
  void store_release(Reg dst, Reg src, const Input& in);

 private:
  template <x86::Form form, typename... Operands>
  [[gnu::always_inline]] void emit(const Operands&... operands) {
    x86::put<form>(code_, operands...);
  }
  /// The first form at width 32, the second at width 64.
  template <unsigned W, x86::Form form32, x86::Form form64, typename... Operands>
  [[gnu::always_inline]] void emit(const Operands&... operands) {
    static_assert(W == 32 || W == 64);
    x86::put<W == 64 ? form64 : form32>(code_, operands...);
  }

  // alu_impl.hpp
  template <unsigned W>
  void move(Reg dst, Reg src);
  template <unsigned W>
  void move_imm(Reg dst, Bv<D, 32> imm);
  void load_blinded(Reg dst, const Input& in);
  template <bpf::AluOp op, unsigned W>
  void arithmetic_imm(Reg dst, Bv<D, 32> imm);
  template <unsigned W>
  void and_imm(Reg dst, Bv<D, 32> imm);
  template <unsigned W>
  void multiply_imm(Reg dst, Bv<D, 32> imm);
  template <bpf::AluOp op, unsigned W>
  void shift_imm(Reg dst, Bv<D, 32> imm);
  template <bpf::AluOp op, unsigned W>
  void shift_reg(Reg dst, Reg src);
  template <bpf::AluOp op, unsigned W>
  void divide_imm(Reg dst, Bv<D, 32> imm);
  template <bpf::AluOp op, unsigned W>
  void divide_reg(Reg dst, Reg src);
  void begin_division();
  template <bpf::AluOp op, unsigned W>
  void divide_plain(Reg dst, Reg divisor);
  template <bpf::AluOp op>
  void end_division(Reg dst);

  // call_impl.hpp
  void name_insn(const Input& in);

  // jump_impl.hpp
  Bv<D, 32> position() const;
  void take_fuel(const Input& in);
  void jump_to(Bv<D, 32> target);
  void jump_if(Cond cond, Bv<D, 32> target);
  void jump_far(Bv<D, 32> target);
  void jump_far_if(Cond cond, Bv<D, 32> target);
  template <unsigned W>
  void test_imm(Reg dst, Bv<D, 32> imm);
  template <unsigned W>
  void compare_imm(Reg dst, Bv<D, 32> imm);
  /// A jump forward inside the sequence whose end is not known yet.
  struct Skip {
    std::uint32_t end;  ///< of the jump, from the start of the code
  };
  Skip skip_if(Cond cond);
  void land(Skip skip);

  // mem_impl.hpp
  template <unsigned W, Access kind>
  Mem<D> access(Reg base, const Input& in);
  Mem<D> known(Reg base, std::size_t field) const;
  void find_region(const Mem<D>& guest, const Input& in);
  void add_effective(Reg dst, const Mem<D>& mem);
  void load_effective(Reg dst, const Mem<D>& mem);
  template <unsigned W>
  void read(Reg dst, const Mem<D>& mem);
  template <unsigned W>
  void write(const Mem<D>& mem, Reg src);
  template <bpf::AtomicOp op, unsigned W>
  void fetch_loop(const Mem<D>& mem, Reg src);

  // prologue_impl.hpp
  Mem<D> context(std::int32_t offset) const { return {context_reg, literal(offset)}; }
  static Bv<D, 32> literal(std::int32_t value) {
    return Bv<D, 32>::lit(static_cast<std::uint32_t>(value));
  }
  void begin(Bv<D, 32> here);
  Bv<D, 32> go_cold(const Input& in);
  void return_to_host();

  /// What is emitted: the way that an instruction nearly always goes, or the rest.
  enum class Part : std::uint8_t { hot, cold };

  isa::Code<D>& code_;
  const Options options_;
  Part part_ = Part::hot;
  bool has_cold_ = false;
  Bv<D, 32> here_{};         ///< label of the sequence being emitted
  std::uint32_t start_ = 0;  ///< where it starts in code_
};

}  // namespace probity::jit::x86_64
