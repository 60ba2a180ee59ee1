// SPDX-License-Identifier: Apache-2.0
// x86-64 as a theorem sees it: which register is which, what the System V ABI lets a callee
// destroy, and our convention for eBPF functions (return address at [rsp], rsp 16-byte aligned).
#pragma once

#include <fmt/format.h>

#include "isa/x86/decode.hpp"
#include "isa/x86/semantics_impl.hpp"
#include "isa/x86/text.hpp"
#include "jit/x86_64/target.hpp"
#include "theorems/jit/insn.hpp"
#include "theorems/jit/native.hpp"
#include "theorems/jit/variant.hpp"

namespace probity::theorems {

struct X86_64 {
  static constexpr std::string_view name = "x86_64";
  static constexpr jit::Target target = jit::Target::x86_64;
  template <PathDomain D>
  using State = x86::State<D>;
  template <PathDomain D>
  using Translator = jit::x86_64::Translator<D>;

  static constexpr FeatureSet feature_sets[] = {{"", 0}, {"bmi2", jit::feature::x86_bmi2}};
  static constexpr UpperHalves upper_halves = UpperHalves::ignored;

  // rax 0, rcx 1, rdx 2, rbx 3, rsp 4, rbp 5, rsi 6, rdi 7, r8 ...
  static constexpr unsigned register_count = 16, stack_pointer = 4, context = 12, result = 0;
  static constexpr unsigned assist_number = 9;
  static constexpr std::int64_t call_pushes = 8;
  static constexpr std::int64_t entry_misalignment = 8;  ///< of rsp at a C function's entry
  static constexpr unsigned register_of(unsigned bpf_register) {
    constexpr unsigned map[] = {0, 7, 6, 2, 1, 8, 3, 13, 14, 15, 5};
    return map[bpf_register];
  }
  static constexpr unsigned argument(unsigned i) {
    constexpr unsigned map[] = {7, 6, 2, 1, 8, 9};
    return map[i];
  }
  static constexpr bool is_scratch(unsigned r) { return r >= 9 && r <= 11; }
  static constexpr bool is_bpf(unsigned r) { return !is_scratch(r) && r != 4 && r != 12; }
  static constexpr bool is_caller_saved(unsigned r) {
    return r <= 2 || r == 6 || r == 7 || (r >= 8 && r <= 11);
  }
  static constexpr bool is_callee_saved(unsigned r) { return !is_caller_saved(r) && r != 4; }
  static constexpr bool may_body_change(unsigned r) { return is_scratch(r) || is_bpf(r); }

  template <PathDomain D>
  static Bv<D, 64> reg(const State<D>& state, unsigned r) {
    return state.gpr[r];
  }
  template <PathDomain D>
  static void set(State<D>& state, unsigned r, Bv<D, 64> value) {
    state.gpr[r] = value;
  }
  template <PathDomain D>
  static void init(State<D>& state, Oracle<D>& oracle) {
    renew_flags(state, oracle, "start");
  }
  template <PathDomain D>
  static void renew_flags(State<D>& state, Oracle<D>& oracle, std::string_view why) {
    state.cf = oracle.template value<1>(fmt::format("cf {}", why));
    state.zf = oracle.template value<1>(fmt::format("zf {}", why));
    state.sf = oracle.template value<1>(fmt::format("sf {}", why));
    state.of = oracle.template value<1>(fmt::format("of {}", why));
    state.pf = oracle.template value<1>(fmt::format("pf {}", why));
  }
  /// Code addresses as the machine takes them: any.
  template <Domain D, unsigned W>
  static Bv<D, W> aligned(Bv<D, W> address) {
    return address;
  }
  template <PathDomain D>
  static auto decode(std::span<const Bv<D, 8>> bytes) {
    return x86::decode<D>(bytes);
  }
  template <PathDomain D>
  static Bv<D, 64> execute(const x86::Insn<D>& insn, State<D>& state, Bv<D, 64> pc,
                           World<D>& world) {
    return x86::execute(insn, state, pc, world);
  }

  /// An eBPF function runs with its return address at [rsp].
  template <PathDomain D>
  static Bv<D, 64> body_return_address(State<D> state, World<D>& world) {
    return world.template load<64>(reg(state, stack_pointer), isa::Order::relaxed);
  }
  template <PathDomain D>
  static Bv<D, 64> c_return_address(State<D>& state, World<D>& world) {
    return world.template load<64>(reg(state, stack_pointer), isa::Order::relaxed);
  }
  template <PathDomain D>
  static Bv<D, 64> stack_after_return(Bv<D, 64> sp) {
    return sp + Bv<D, 64>::lit(8);
  }
  template <PathDomain D>
  static Bv<D, 64> stack_after_c_return(Bv<D, 64> sp) {
    return stack_after_return(sp);
  }
  template <PathDomain D>
  static void return_from_call(State<D>& state) {
    set(state, stack_pointer, stack_after_return(reg(state, stack_pointer)));
  }
  static std::string_view register_name(unsigned r) {
    return x86::name(static_cast<x86::Reg>(r), 64);
  }
  static std::string disassemble(std::span<const std::uint8_t> code);
  static NativeVerdict replay_natively(std::span<const X86Stretch> stretches) {
    return run_natively(stretches);
  }
  /// x86-64 zeroes upper halves by itself and ignores Inputs::upper_dead.
  static constexpr bool reads_upper(const Case&, bpf::Reg) { return true; }
};

}  // namespace probity::theorems
