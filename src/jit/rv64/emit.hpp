// SPDX-License-Identifier: Apache-2.0
// Emitter: one call per instruction that the translator wants, in the base set's three-operand
// notation. Which encoding stands for it is decided here and nowhere else: a compressed form where
// the registers and the immediate allow one, Zba and Zbb where the machine has them, and lui, addiw
// and shifts for constants that no single instruction holds (RISC-V manual, volume I, 2.4 and 26).
// Immediates have the width of the widest field that the instruction has for them.
#pragma once

#include <cstdint>

#include "domain/bv.hpp"
#include "isa/code.hpp"
#include "isa/machine.hpp"
#include "isa/riscv/encode.hpp"
#include "jit/translator.hpp"

namespace probity::jit::rv64 {

using riscv::Reg;

/// Conditions of the branches; the one beside it in a pair is the opposite.
enum class Cond : std::uint8_t { eq, ne, lt, ge, ltu, geu };
constexpr Cond opposite(Cond c) {
  return static_cast<Cond>(static_cast<unsigned>(c) ^ 1u);
}

template <PathDomain D>
class Emitter {
 public:
  using Offset = Bv<D, 64>;  ///< a distance in bytes from the instruction, signed
  using Imm12 = Bv<D, 12>;

  Emitter(isa::Code<D>& code, std::uint32_t features) : code_(code), features_(features) {}

  bool has(std::uint32_t feature_bit) const { return (features_ & feature_bit) != 0; }
  std::uint32_t size() const { return code_.size(); }

  // Register forms.
  void add(Reg rd, Reg rs1, Reg rs2);
  void sub(Reg rd, Reg rs1, Reg rs2);
  void and_(Reg rd, Reg rs1, Reg rs2);
  void or_(Reg rd, Reg rs1, Reg rs2);
  void xor_(Reg rd, Reg rs1, Reg rs2);
  void addw(Reg rd, Reg rs1, Reg rs2);
  void subw(Reg rd, Reg rs1, Reg rs2);
  void mv(Reg rd, Reg rs);
  /// A row without a compressed form.
  template <riscv::Form form>
  void plain(Reg rd, Reg rs1, Reg rs2) {
    riscv::put<form>(code_, rd, rs1, rs2);
  }

  /// rd = rd op rs as the machine divides.
  template <bpf::AluOp op, unsigned W>
  void divide(Reg rd, Reg rs);

  // Immediate forms.
  void addi(Reg rd, Reg rs1, Imm12 imm);
  void addi(Reg rd, Reg rs1, std::int32_t imm) { addi(rd, rs1, imm12(imm)); }
  void addiw(Reg rd, Reg rs1, Imm12 imm);
  void andi(Reg rd, Reg rs1, Imm12 imm);
  void andi(Reg rd, Reg rs1, std::int32_t imm) { andi(rd, rs1, imm12(imm)); }
  void ori(Reg rd, Reg rs1, Imm12 imm) { riscv::put<riscv::Form::ori>(code_, rd, rs1, imm); }
  void xori(Reg rd, Reg rs1, Imm12 imm) { riscv::put<riscv::Form::xori>(code_, rd, rs1, imm); }
  void sltiu(Reg rd, Reg rs1, std::int32_t imm) {
    riscv::put<riscv::Form::sltiu>(code_, rd, rs1, imm12(imm));
  }
  void slli(Reg rd, Reg rs1, Bv<D, 6> count);
  void srli(Reg rd, Reg rs1, Bv<D, 6> count);
  void srai(Reg rd, Reg rs1, Bv<D, 6> count);
  void slli(Reg rd, Reg rs1, unsigned count) { slli(rd, rs1, Bv<D, 6>::lit(count)); }
  void srli(Reg rd, Reg rs1, unsigned count) { srli(rd, rs1, Bv<D, 6>::lit(count)); }
  void srai(Reg rd, Reg rs1, unsigned count) { srai(rd, rs1, Bv<D, 6>::lit(count)); }
  template <riscv::Form form>
  void shift_word(Reg rd, Reg rs1, Bv<D, 5> count) {
    riscv::put<form>(code_, rd, rs1, count);
  }

  /// rd = the low half of rs, sign- or zero-extended.
  void sext_w(Reg rd, Reg rs) { addiw(rd, rs, imm12(0)); }
  void zext_w(Reg rd, Reg rs);
  void zext_h(Reg rd, Reg rs);
  void rev8(Reg rd, Reg rs) { riscv::put<riscv::Form::rev8>(code_, rd, rs); }

  /// rd = imm, sign-extended: at most lui and addiw.
  void load_constant(Reg rd, Bv<D, 32> imm);
  /// rd = value, in halves where no two instructions hold it; `scratch` differs from rd.
  void load_constant(Reg rd, Bv<D, 64> value, Reg scratch);
  /// The first of the two, and a shorter one, in forms whose length does not depend on imm.
  void load_fixed(Reg rd, Bv<D, 32> imm);
  void load_fixed(Reg rd, Bv<D, 16> imm);
  void lui(Reg rd, Bv<D, 20> imm);

  // Memory; `width` in bits.
  void load(unsigned width, bpf::MemOp extension, Reg rd, Imm12 imm, Reg rs1);
  void store(unsigned width, Reg rs2, Imm12 imm, Reg rs1);
  void ld(Reg rd, std::int32_t offset, Reg rs1);
  void sd(Reg rs2, std::int32_t offset, Reg rs1);
  /// rd = the 64-bit word number `index`, below 2^28, behind rs1, which differs from rd.
  void ld_element(Reg rd, Reg rs1, Bv<D, 32> index);
  template <riscv::Form form>
  void amo(Reg rd, Reg rs2, Reg rs1, isa::Order order) {
    riscv::put<form>(code_, rd, rs2, rs1, order);
  }
  template <riscv::Form form>
  void load_reserved(Reg rd, Reg rs1, isa::Order order) {
    riscv::put<form>(code_, rd, rs1, order);
  }
  /// Bits of a set: 2 reads, 1 writes.
  void fence(unsigned before, unsigned after);

  // Control. Those that give a bool emit nothing that is used when it is false: the distance fits
  // no form, or is odd.
  [[nodiscard]] bool jump(Offset distance, Reg scratch);
  [[nodiscard]] bool branch(Cond cond, Reg rs1, Reg rs2, Offset distance, Reg scratch);
  /// Any distance, always in eight bytes; link is zero or scratch.
  [[nodiscard]] bool jump_far(Reg link, Offset distance, Reg scratch);
  void jr(Reg rs1);
  void jalr(Reg rd, Reg rs1);
  /// A branch forward inside the sequence, at most 4 KiB, whose distance land() fills in.
  struct Skip {
    std::uint32_t at;
    Cond cond;
    Reg rs1, rs2;
  };
  Skip skip_if(Cond cond, Reg rs1, Reg rs2);
  void land(const Skip& skip);
  /// A branch to a place in this sequence, at most 4 KiB behind.
  void branch_back(Cond cond, Reg rs1, Reg rs2, std::uint32_t to);

  static constexpr Imm12 imm12(std::int32_t value) {
    return Imm12::lit(static_cast<std::uint32_t>(value));
  }

 private:
  bool compressed() const { return has(feature::rv_c); }
  template <riscv::Form form, riscv::Form short_form>
  void commutative(Reg rd, Reg rs1, Reg rs2);
  template <riscv::Form form, riscv::Form short_form>
  void shift_right(Reg rd, Reg rs1, Bv<D, 6> count);
  Bv<D, 32> branch_word(Cond cond, Reg rs1, Reg rs2, Bv<D, 12> half_distance) const;
  bool branch_zero_short(Cond cond, Reg rs1, Offset distance);
  bool load_short(unsigned width, bpf::MemOp extension, Reg rd, Imm12 imm, Reg rs1);
  bool store_short(unsigned width, Reg rs2, Imm12 imm, Reg rs1);

  isa::Code<D>& code_;
  std::uint32_t features_;
};

/// Whether `value` is the sign or zero extension of its low `To` bits.
template <unsigned To, PathDomain D, unsigned W>
bool fits_signed(Bv<D, W> value) {
  return decide(sext<W>(trunc<To>(value)) == value);
}
template <unsigned To, PathDomain D, unsigned W>
bool fits_unsigned(Bv<D, W> value) {
  return decide(zext<W>(trunc<To>(value)) == value);
}

}  // namespace probity::jit::rv64
