// SPDX-License-Identifier: Apache-2.0
// The RV64 translator, over a PathDomain: Concrete is the JIT that ships, SymbolicPath the one
// being proved. RV64IMA, with C, Zba and Zbb as options (emit.hpp picks the forms). Registers so
// that a helper call moves only its result: r1..r5 are the C arguments a0..a4, r0 is a5, where the
// sixth argument goes since r0 is dead at a call; r6..r10 are callee-saved. An eBPF function
// returns through s7. No value lives in t0..t6 between two eBPF instructions. Bodies: *_impl.hpp.
#pragma once

#include <array>

#include "isa/bpf/insn.hpp"
#include "isa/riscv/reg.hpp"
#include "jit/access.hpp"
#include "jit/context.hpp"
#include "jit/dispatch.hpp"
#include "jit/rv64/emit.hpp"
#include "jit/translator.hpp"

namespace probity::jit::rv64 {

using enum riscv::Reg;

/// By eBPF register; see context.hpp for the frame around them.
inline constexpr std::array<Reg, bpf::reg_count> register_map = {a5, a0, a1, a2, a3, a4,
                                                                 s1, s2, s3, s4, s5};
inline constexpr Reg context_reg = s6;
inline constexpr Reg return_reg = s7;
/// Holds an instruction's number on its way to the assist stub.
inline constexpr Reg number_reg = t0;

template <PathDomain D>
class Translator {
 public:
  using Input = Inputs<D>;

  Translator(isa::Code<D>& code, const Options& options)
      : emit_(code, options.features), options_(options) {}

  static constexpr Reg machine_reg(bpf::Reg reg) {
    return register_map[static_cast<unsigned>(reg)];
  }
  /// Whether Inputs::upper_dead makes a difference: 32-bit operations sign-extend here.
  static constexpr bool uses_upper_dead = true;
  static constexpr std::uint32_t loop_alignment = 1;
  /// What is rare lies inside each instruction's code, which conditional branches reach.
  static constexpr bool uses_cold = false;

  /// Emits one instruction; false when a distance is odd or beyond auipc and jalr.
  bool insn(bpf::Form form, bpf::Reg dst, bpf::Reg src, const Input& in);

  // The four stubs of an image: see translator.hpp. prologue_impl.hpp
  void enter(const Labels<D>& labels);
  void leave(const Labels<D>& labels);
  void assist(const Labels<D>& labels);
  void end(const Input& in);

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
  using Skip = typename Emitter<D>::Skip;
  static Bv<D, 32> literal(std::uint32_t value) { return Bv<D, 32>::lit(value); }

  // alu_impl.hpp
  void load_blinded(Reg dst, Bv<D, 32> imm, const Input& in);
  void load_imm(Reg dst, Bv<D, 32> imm, const Input& in);
  template <unsigned W>
  void zero_upper(Reg dst, const Input& in);
  template <unsigned W>
  void move_imm(Reg dst, const Input& in);
  template <bpf::AluOp op, unsigned W>
  void arithmetic_imm(Reg dst, const Input& in);
  template <bpf::AluOp op>
  void arithmetic_imm12(Reg dst, Bv<D, 12> imm);
  template <bpf::AluOp op, unsigned W>
  void add_imm(Reg dst, const Input& in);
  template <bpf::AluOp op, unsigned W>
  void shift_imm(Reg dst, const Input& in);
  template <bpf::AluOp op, unsigned W>
  void divide_imm(Reg dst, const Input& in);
  template <bpf::AluOp op, unsigned W>
  void divide_reg(Reg dst, Reg src);
  template <unsigned W>
  void reverse_bytes(Reg dst);
  void swap_pairs(Reg dst, unsigned distance, Reg mask);
  void swap_halves(Reg dst, unsigned width);

  // jump_impl.hpp
  Bv<D, 64> distance(Bv<D, 32> target) const;
  void take_fuel(const Input& in);
  void jump_to(Bv<D, 32> target);
  void jump_far(Bv<D, 32> target);
  void jump_if(Cond cond, Reg a, Reg b, Bv<D, 32> target);
  template <bpf::JmpOp op>
  void jump_if(Reg a, Reg b, const Input& in);
  template <unsigned W>
  void jump_if_bits(Reg tested, const Input& in);

  // mem_impl.hpp
  /// A base register and an offset that the instruction holds.
  struct Mem {
    Reg base;
    Bv<D, 12> offset;
  };
  template <unsigned W, Access kind>
  Mem access(Reg base, const Input& in);
  template <unsigned W, Access kind>
  Reg single_register(Reg base, const Input& in);
  template <unsigned W, Access kind>
  void guard(Reg base, const Input& in);
  template <bpf::AtomicOp op, unsigned W>
  void update(Reg old, Reg src, Reg base);
  template <unsigned W>
  void compare_exchange(Reg src, Reg base);

  // call_impl.hpp
  void move_frame(std::int32_t bytes);

  // prologue_impl.hpp
  void begin(const Labels<D>& labels);
  void name_insn(Reg reg, const Input& in);
  void load_registers();
  void return_to_host();

  Emitter<D> emit_;
  const Options options_;
  Bv<D, 32> here_{};         ///< label of the sequence being emitted
  std::uint32_t start_ = 0;  ///< where it starts in the code
  bool reached_ = true;      ///< every distance had a form
};

}  // namespace probity::jit::rv64
