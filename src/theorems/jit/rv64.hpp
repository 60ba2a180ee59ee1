// SPDX-License-Identifier: Apache-2.0
// RV64 as a theorem sees it: which register is which, what the LP64 ABI lets a callee destroy, and
// our own convention for eBPF functions (return address in s7, sp 16-byte aligned).
#pragma once

#include <fmt/format.h>

#include "isa/riscv/decode.hpp"
#include "isa/riscv/semantics_impl.hpp"
#include "isa/riscv/text.hpp"
#include "jit/rv64/target.hpp"
#include "jit/upper_halves.hpp"
#include "theorems/jit/insn.hpp"
#include "theorems/jit/variant.hpp"

namespace probity::theorems {

struct Rv64 {
  static constexpr std::string_view name = "rv64";
  static constexpr jit::Target target = jit::Target::rv64;
  template <PathDomain D>
  using State = riscv::State<D>;
  template <PathDomain D>
  using Translator = jit::rv64::Translator<D>;
  static constexpr FeatureSet feature_sets[] = {
      {"", 0},
      {"c", jit::feature::rv_c},
      {"zba", jit::feature::rv_zba},
      {"zbb", jit::feature::rv_zbb},
      {"c+zba", jit::feature::rv_c | jit::feature::rv_zba},
      {"c+zbb", jit::feature::rv_c | jit::feature::rv_zbb},
      {"zba+zbb", jit::feature::rv_zba | jit::feature::rv_zbb},
      {"c+zba+zbb", jit::feature::rv_c | jit::feature::rv_zba | jit::feature::rv_zbb},
  };
  static constexpr UpperHalves upper_halves = UpperHalves::elided;

  // ra 1, sp 2, t0 5, s1 9, a0 10, s2 18, t3 28.
  static constexpr unsigned register_count = 32, stack_pointer = 2, context = 22, result = 10;
  static constexpr unsigned link = 23, assist_number = 5;
  static constexpr std::int64_t call_pushes = 0;
  static constexpr std::int64_t entry_misalignment = 0;
  static constexpr unsigned register_of(unsigned bpf_register) {
    constexpr unsigned map[] = {15, 10, 11, 12, 13, 14, 9, 18, 19, 20, 21};
    return map[bpf_register];
  }
  static constexpr unsigned argument(unsigned i) { return 10 + i; }
  static constexpr bool is_temporary(unsigned r) { return (r >= 5 && r <= 7) || r >= 28; }
  static constexpr bool is_scratch(unsigned r) {
    return is_temporary(r) || r == 1 || r == 16 || r == 17;
  }
  static constexpr bool is_bpf(unsigned r) {
    return r == 9 || (r >= 10 && r <= 15) || (r >= 18 && r <= 21);
  }
  static constexpr bool is_caller_saved(unsigned r) {
    return is_temporary(r) || r == 1 || (r >= 10 && r <= 17);
  }
  static constexpr bool is_callee_saved(unsigned r) { return !is_caller_saved(r) && r > 2; }
  static constexpr bool may_body_change(unsigned r) {
    return is_scratch(r) || is_bpf(r) || r == link;
  }
  static std::string_view register_name(unsigned r) { return riscv::reg_names[r]; }

  template <PathDomain D>
  static Bv<D, 64> reg(const State<D>& state, unsigned r) {
    return state.reg(static_cast<riscv::Reg>(r));
  }
  template <PathDomain D>
  static void set(State<D>& state, unsigned r, Bv<D, 64> value) {
    state.set_reg(static_cast<riscv::Reg>(r), value);
  }
  template <PathDomain D>
  static void init(State<D>&, Oracle<D>&) {}
  template <PathDomain D>
  static void renew_flags(State<D>&, Oracle<D>&, std::string_view) {}
  /// Code addresses as the machine takes them: even ones (jalr clears the lowest bit).
  template <Domain D, unsigned W>
  static Bv<D, W> aligned(Bv<D, W> address) {
    return concat(bits<W - 1, 1>(address), Bv<D, 1>::lit(0));
  }
  template <PathDomain D>
  static std::optional<riscv::Insn<D>> decode(std::span<const Bv<D, 8>> bytes) {
    if (bytes.size() < 2) return std::nullopt;
    const Bv<D, 16> low = concat(bytes[1], bytes[0]);
    // The second half of what may be a compressed instruction is not looked at.
    const Bv<D, 16> high = bytes.size() < 4 ? Bv<D, 16>::lit(0) : concat(bytes[3], bytes[2]);
    return riscv::decode<D>(concat(high, low));
  }
  template <PathDomain D>
  static Bv<D, 64> execute(const riscv::Insn<D>& insn, State<D>& state, Bv<D, 64> pc,
                           World<D>& world) {
    const riscv::Row& row = riscv::row(insn.form);
    const unsigned operand = static_cast<unsigned>(insn.rs2);
    if (world.expects_constant() && is_hard(row) && is_temporary(operand)) {
      const Bv<D, 64> built = reg(state, operand);
      set(state, operand,
          row.width == 64 ? world.template in_place_of<64>(built)
                          : world.template in_place_of<32>(built));
    }
    const Bv<D, 64> computed = reg(state, static_cast<unsigned>(insn.rs1)) + insn.imm;
    const Bv<D, 64> next = riscv::execute(insn, state, pc, world);
    return row.meaning == riscv::Meaning::jalr ? world.in_place_of_label(computed, next) : next;
  }
  /// Products and divisions: equal operands make equal results, but only if that is seen.
  static constexpr bool is_hard(const riscv::Row& row) {
    if (row.meaning != riscv::Meaning::alu) return false;
    const auto op = static_cast<riscv::AluOp>(row.operation);
    return op >= riscv::AluOp::mul && op <= riscv::AluOp::remu;
  }

  /// An eBPF function runs with its return address in s7.
  template <PathDomain D>
  static Bv<D, 64> body_return_address(State<D> state, World<D>&) {
    return reg(state, link);
  }
  template <PathDomain D>
  static Bv<D, 64> c_return_address(State<D>& state, World<D>&) {
    return reg(state, 1);
  }
  template <PathDomain D>
  static Bv<D, 64> stack_after_return(Bv<D, 64> sp) {
    return sp;
  }
  template <PathDomain D>
  static Bv<D, 64> stack_after_c_return(Bv<D, 64> sp) {
    return sp;
  }
  template <PathDomain D>
  static void return_from_call(State<D>&) {}

  static bool reads_upper(const Case& insn, bpf::Reg reg) {
    if (insn.always_assist || insn.end) return true;
    const bpf::Insn at{insn.form, insn.dst, insn.src};
    return (jit::upper_reads(at) & jit::half_of(reg)) != 0;
  }
  static std::string disassemble(std::span<const std::uint8_t> code);
};

}  // namespace probity::theorems
