// SPDX-License-Identifier: Apache-2.0
// Bodies of emit.hpp. A compressed form is taken exactly where it means the same instruction; the
// restrictions (registers x8..x15, immediates that are not zero) are the manual's, chapter 26.
#pragma once

#include "jit/rv64/emit.hpp"

namespace probity::jit::rv64 {

/// A register that the three-bit fields of compressed instructions can name.
constexpr bool is_short(Reg r) {
  return static_cast<unsigned>(r) >= 8 && static_cast<unsigned>(r) < 16;
}

// Register forms.

template <PathDomain D>
template <riscv::Form form, riscv::Form short_form>
void Emitter<D>::commutative(Reg rd, Reg rs1, Reg rs2) {
  if (compressed() && is_short(rs1) && is_short(rs2) && (rd == rs1 || rd == rs2)) {
    riscv::put<short_form>(code_, rd, rd == rs1 ? rs2 : rs1);
  } else {
    riscv::put<form>(code_, rd, rs1, rs2);
  }
}

template <PathDomain D>
void Emitter<D>::add(Reg rd, Reg rs1, Reg rs2) {
  const bool in_place =
      rd != Reg::zero && rs1 != Reg::zero && rs2 != Reg::zero && (rd == rs1 || rd == rs2);
  if (compressed() && in_place) {
    riscv::put<riscv::Form::c_add>(code_, rd, rd == rs1 ? rs2 : rs1);
  } else {
    riscv::put<riscv::Form::add>(code_, rd, rs1, rs2);
  }
}

template <PathDomain D>
void Emitter<D>::sub(Reg rd, Reg rs1, Reg rs2) {
  if (compressed() && rd == rs1 && is_short(rd) && is_short(rs2)) {
    riscv::put<riscv::Form::c_sub>(code_, rd, rs2);
  } else {
    riscv::put<riscv::Form::sub>(code_, rd, rs1, rs2);
  }
}

template <PathDomain D>
void Emitter<D>::subw(Reg rd, Reg rs1, Reg rs2) {
  if (compressed() && rd == rs1 && is_short(rd) && is_short(rs2)) {
    riscv::put<riscv::Form::c_subw>(code_, rd, rs2);
  } else {
    riscv::put<riscv::Form::subw>(code_, rd, rs1, rs2);
  }
}

template <PathDomain D>
void Emitter<D>::and_(Reg rd, Reg rs1, Reg rs2) {
  commutative<riscv::Form::and_, riscv::Form::c_and>(rd, rs1, rs2);
}
template <PathDomain D>
void Emitter<D>::or_(Reg rd, Reg rs1, Reg rs2) {
  commutative<riscv::Form::or_, riscv::Form::c_or>(rd, rs1, rs2);
}
template <PathDomain D>
void Emitter<D>::xor_(Reg rd, Reg rs1, Reg rs2) {
  commutative<riscv::Form::xor_, riscv::Form::c_xor>(rd, rs1, rs2);
}
template <PathDomain D>
void Emitter<D>::addw(Reg rd, Reg rs1, Reg rs2) {
  commutative<riscv::Form::addw, riscv::Form::c_addw>(rd, rs1, rs2);
}

template <PathDomain D>
void Emitter<D>::mv(Reg rd, Reg rs) {
  if (rd == rs) return;
  if (compressed() && rd != Reg::zero && rs != Reg::zero) {
    riscv::put<riscv::Form::c_mv>(code_, rd, rs);
  } else {
    addi(rd, rs, 0);
  }
}

template <PathDomain D>
template <bpf::AluOp op, unsigned W>
void Emitter<D>::divide(Reg rd, Reg rs) {
  using bpf::AluOp;
  using enum riscv::Form;
  if constexpr (op == AluOp::div) {
    plain<W == 64 ? divu : divuw>(rd, rd, rs);
  } else if constexpr (op == AluOp::sdiv) {
    plain<W == 64 ? div : divw>(rd, rd, rs);
  } else if constexpr (op == AluOp::mod) {
    plain<W == 64 ? remu : remuw>(rd, rd, rs);
  } else {
    static_assert(op == AluOp::smod);
    plain<W == 64 ? rem : remw>(rd, rd, rs);
  }
}

// Immediate forms.

template <PathDomain D>
void Emitter<D>::addi(Reg rd, Reg rs1, Imm12 imm) {
  const bool in_place = rd == rs1 && rd != Reg::zero;
  if (compressed() && in_place && fits_signed<6>(imm) && decide(imm != imm12(0))) {
    riscv::put<riscv::Form::c_addi>(code_, rd, trunc<6>(imm));
  } else if (compressed() && rs1 == Reg::zero && rd != Reg::zero && fits_signed<6>(imm)) {
    riscv::put<riscv::Form::c_li>(code_, rd, trunc<6>(imm));
  } else if (compressed() && in_place && rd == Reg::sp && fits_signed<10>(imm) &&
             decide(trunc<4>(imm) == Bv<D, 4>::lit(0)) && decide(imm != imm12(0))) {
    riscv::put<riscv::Form::c_addi16sp>(code_, bits<9, 4>(imm));
  } else {
    riscv::put<riscv::Form::addi>(code_, rd, rs1, imm);
  }
}

template <PathDomain D>
void Emitter<D>::addiw(Reg rd, Reg rs1, Imm12 imm) {
  if (compressed() && rd == rs1 && rd != Reg::zero && fits_signed<6>(imm)) {
    riscv::put<riscv::Form::c_addiw>(code_, rd, trunc<6>(imm));
  } else {
    riscv::put<riscv::Form::addiw>(code_, rd, rs1, imm);
  }
}

template <PathDomain D>
void Emitter<D>::andi(Reg rd, Reg rs1, Imm12 imm) {
  if (compressed() && rd == rs1 && is_short(rd) && fits_signed<6>(imm)) {
    riscv::put<riscv::Form::c_andi>(code_, rd, trunc<6>(imm));
  } else {
    riscv::put<riscv::Form::andi>(code_, rd, rs1, imm);
  }
}

template <PathDomain D>
void Emitter<D>::slli(Reg rd, Reg rs1, Bv<D, 6> count) {
  if (compressed() && rd == rs1 && rd != Reg::zero && decide(count != Bv<D, 6>::lit(0))) {
    riscv::put<riscv::Form::c_slli>(code_, rd, count);
  } else {
    riscv::put<riscv::Form::slli>(code_, rd, rs1, count);
  }
}

template <PathDomain D>
template <riscv::Form form, riscv::Form short_form>
void Emitter<D>::shift_right(Reg rd, Reg rs1, Bv<D, 6> count) {
  if (compressed() && rd == rs1 && is_short(rd) && decide(count != Bv<D, 6>::lit(0))) {
    riscv::put<short_form>(code_, rd, count);
  } else {
    riscv::put<form>(code_, rd, rs1, count);
  }
}
template <PathDomain D>
void Emitter<D>::srli(Reg rd, Reg rs1, Bv<D, 6> count) {
  shift_right<riscv::Form::srli, riscv::Form::c_srli>(rd, rs1, count);
}
template <PathDomain D>
void Emitter<D>::srai(Reg rd, Reg rs1, Bv<D, 6> count) {
  shift_right<riscv::Form::srai, riscv::Form::c_srai>(rd, rs1, count);
}

template <PathDomain D>
void Emitter<D>::zext_w(Reg rd, Reg rs) {
  if (has(feature::rv_zba)) {
    riscv::put<riscv::Form::add_uw>(code_, rd, rs, Reg::zero);
  } else {
    slli(rd, rs, 32);
    srli(rd, rd, 32);
  }
}

template <PathDomain D>
void Emitter<D>::zext_h(Reg rd, Reg rs) {
  if (has(feature::rv_zbb)) {
    riscv::put<riscv::Form::zext_h>(code_, rd, rs);
  } else {
    slli(rd, rs, 48);
    srli(rd, rd, 48);
  }
}

// Constants.

template <PathDomain D>
void Emitter<D>::lui(Reg rd, Bv<D, 20> imm) {
  const bool allowed = rd != Reg::zero && rd != Reg::sp;
  if (compressed() && allowed && fits_signed<6>(imm) && decide(imm != Bv<D, 20>::lit(0))) {
    riscv::put<riscv::Form::c_lui>(code_, rd, trunc<6>(imm));
  } else {
    riscv::put<riscv::Form::lui>(code_, rd, imm);
  }
}

/// What lui holds when a signed 12-bit number is added to it afterwards.
template <PathDomain D, unsigned W>
Bv<D, 20> upper_part(Bv<D, W> value) {
  return bits<31, 12>(value + Bv<D, W>::lit(0x800));
}

template <PathDomain D>
void Emitter<D>::load_constant(Reg rd, Bv<D, 32> imm) {
  const Imm12 low = trunc<12>(imm);
  if (fits_signed<12>(imm)) {
    addi(rd, Reg::zero, low);
    return;
  }
  lui(rd, upper_part(imm));
  if (decide(low != imm12(0))) addiw(rd, rd, low);  // addiw, not addi: 0x7fffffff wraps here
}

template <PathDomain D>
void Emitter<D>::load_fixed(Reg rd, Bv<D, 32> imm) {
  riscv::put<riscv::Form::lui>(code_, rd, upper_part(imm));
  riscv::put<riscv::Form::addiw>(code_, rd, rd, trunc<12>(imm));
}

/// At the top of the word and back down: exact, without lui's rounding.
template <PathDomain D>
void Emitter<D>::load_fixed(Reg rd, Bv<D, 16> imm) {
  riscv::put<riscv::Form::lui>(code_, rd, concat(imm, Bv<D, 4>::lit(0)));
  riscv::put<riscv::Form::srai>(code_, rd, rd, Bv<D, 6>::lit(16));
}

template <PathDomain D>
void Emitter<D>::load_constant(Reg rd, Bv<D, 64> value, Reg scratch) {
  const Bv<D, 32> low = trunc<32>(value);
  const Bv<D, 32> high = bits<63, 32>(value) + zext<32>(bits<31, 31>(value));
  if (decide(high == Bv<D, 32>::lit(0))) {  // the sign extension of its low half
    load_constant(rd, low);
    return;
  }
  if (fits_unsigned<32>(value)) {
    load_constant(rd, low);
    zext_w(rd, rd);
    return;
  }
  load_constant(rd, high);
  slli(rd, rd, 32);
  if (fits_signed<12>(low)) {
    if (decide(low != Bv<D, 32>::lit(0))) addi(rd, rd, trunc<12>(low));
  } else {
    load_constant(scratch, low);
    add(rd, rd, scratch);
  }
}

// Memory.

template <PathDomain D>
bool Emitter<D>::load_short(unsigned width, bpf::MemOp extension, Reg rd, Imm12 imm, Reg rs1) {
  if (!compressed() || width < 32) return false;
  if (width == 32 && extension == bpf::MemOp::zero) return false;
  const bool from_stack = rs1 == Reg::sp && rd != Reg::zero;
  if (!from_stack && !(is_short(rd) && is_short(rs1))) return false;
  if (width == 32) {
    if (!decide(trunc<2>(imm) == Bv<D, 2>::lit(0))) return false;
    if (from_stack) {
      if (!fits_unsigned<8>(imm)) return false;
      riscv::put<riscv::Form::c_lwsp>(code_, rd, bits<7, 2>(imm));
      return true;
    }
    if (!fits_unsigned<7>(imm)) return false;
    riscv::put<riscv::Form::c_lw>(code_, rd, bits<6, 2>(imm), rs1);
    return true;
  }
  if (!decide(trunc<3>(imm) == Bv<D, 3>::lit(0))) return false;
  if (from_stack) {
    if (!fits_unsigned<9>(imm)) return false;
    riscv::put<riscv::Form::c_ldsp>(code_, rd, bits<8, 3>(imm));
    return true;
  }
  if (!fits_unsigned<8>(imm)) return false;
  riscv::put<riscv::Form::c_ld>(code_, rd, bits<7, 3>(imm), rs1);
  return true;
}

template <PathDomain D>
bool Emitter<D>::store_short(unsigned width, Reg rs2, Imm12 imm, Reg rs1) {
  if (!compressed() || width < 32) return false;
  const bool to_stack = rs1 == Reg::sp;
  if (!to_stack && !(is_short(rs2) && is_short(rs1))) return false;
  if (width == 32) {
    if (!decide(trunc<2>(imm) == Bv<D, 2>::lit(0))) return false;
    if (to_stack) {
      if (!fits_unsigned<8>(imm)) return false;
      riscv::put<riscv::Form::c_swsp>(code_, rs2, bits<7, 2>(imm));
      return true;
    }
    if (!fits_unsigned<7>(imm)) return false;
    riscv::put<riscv::Form::c_sw>(code_, rs2, bits<6, 2>(imm), rs1);
    return true;
  }
  if (!decide(trunc<3>(imm) == Bv<D, 3>::lit(0))) return false;
  if (to_stack) {
    if (!fits_unsigned<9>(imm)) return false;
    riscv::put<riscv::Form::c_sdsp>(code_, rs2, bits<8, 3>(imm));
    return true;
  }
  if (!fits_unsigned<8>(imm)) return false;
  riscv::put<riscv::Form::c_sd>(code_, rs2, bits<7, 3>(imm), rs1);
  return true;
}

template <PathDomain D>
void Emitter<D>::load(unsigned width, bpf::MemOp extension, Reg rd, Imm12 imm, Reg rs1) {
  if (load_short(width, extension, rd, imm, rs1)) return;
  const bool sign = extension == bpf::MemOp::sign;
  switch (width) {
    case 8:
      if (sign)
        riscv::put<riscv::Form::lb>(code_, rd, imm, rs1);
      else
        riscv::put<riscv::Form::lbu>(code_, rd, imm, rs1);
      return;
    case 16:
      if (sign)
        riscv::put<riscv::Form::lh>(code_, rd, imm, rs1);
      else
        riscv::put<riscv::Form::lhu>(code_, rd, imm, rs1);
      return;
    case 32:
      if (sign)
        riscv::put<riscv::Form::lw>(code_, rd, imm, rs1);
      else
        riscv::put<riscv::Form::lwu>(code_, rd, imm, rs1);
      return;
    default: riscv::put<riscv::Form::ld>(code_, rd, imm, rs1); return;
  }
}

template <PathDomain D>
void Emitter<D>::store(unsigned width, Reg rs2, Imm12 imm, Reg rs1) {
  if (store_short(width, rs2, imm, rs1)) return;
  switch (width) {
    case 8: riscv::put<riscv::Form::sb>(code_, rs2, imm, rs1); return;
    case 16: riscv::put<riscv::Form::sh>(code_, rs2, imm, rs1); return;
    case 32: riscv::put<riscv::Form::sw>(code_, rs2, imm, rs1); return;
    default: riscv::put<riscv::Form::sd>(code_, rs2, imm, rs1); return;
  }
}

template <PathDomain D>
void Emitter<D>::ld(Reg rd, std::int32_t offset, Reg rs1) {
  load(64, bpf::MemOp::zero, rd, imm12(offset), rs1);
}
template <PathDomain D>
void Emitter<D>::sd(Reg rs2, std::int32_t offset, Reg rs1) {
  store(64, rs2, imm12(offset), rs1);
}

template <PathDomain D>
void Emitter<D>::ld_element(Reg rd, Reg rs1, Bv<D, 32> index) {
  const Bv<D, 32> offset = concat(trunc<29>(index), Bv<D, 3>::lit(0));
  if (fits_unsigned<11>(offset)) {
    load(64, bpf::MemOp::zero, rd, trunc<12>(offset), rs1);
    return;
  }
  load_fixed(rd, offset);
  add(rd, rd, rs1);
  ld(rd, 0, rd);
}

template <PathDomain D>
void Emitter<D>::fence(unsigned before, unsigned after) {
  riscv::put<riscv::Form::fence>(code_, Bv<D, 4>::lit(before), Bv<D, 4>::lit(after));
}

// Control.

template <PathDomain D>
bool Emitter<D>::jump(Offset distance, Reg scratch) {
  if (decide(trunc<1>(distance))) return false;
  if (compressed() && fits_signed<12>(distance)) {
    riscv::put<riscv::Form::c_j>(code_, bits<11, 1>(distance));
    return true;
  }
  if (fits_signed<21>(distance)) {
    riscv::put<riscv::Form::jal>(code_, Reg::zero, bits<20, 1>(distance));
    return true;
  }
  return jump_far(Reg::zero, distance, scratch);
}

template <PathDomain D>
bool Emitter<D>::jump_far(Reg link, Offset distance, Reg scratch) {
  if (decide(trunc<1>(distance))) return false;
  // auipc adds a multiple of 4 KiB and jalr a signed 12-bit rest: -2^31 - 2^11 <= d < 2^31 - 2^11.
  if (!decide(slt(distance, Offset::lit(0x7fff'f800)))) return false;
  riscv::put<riscv::Form::auipc>(code_, scratch, upper_part(distance));
  riscv::put<riscv::Form::jalr>(code_, link, trunc<12>(distance), scratch);
  return true;
}

template <PathDomain D>
Bv<D, 32> Emitter<D>::branch_word(Cond cond, Reg rs1, Reg rs2, Bv<D, 12> half_distance) const {
  switch (cond) {
    case Cond::eq: return riscv::encode<riscv::Form::beq, D>(rs1, rs2, half_distance);
    case Cond::ne: return riscv::encode<riscv::Form::bne, D>(rs1, rs2, half_distance);
    case Cond::lt: return riscv::encode<riscv::Form::blt, D>(rs1, rs2, half_distance);
    case Cond::ge: return riscv::encode<riscv::Form::bge, D>(rs1, rs2, half_distance);
    case Cond::ltu: return riscv::encode<riscv::Form::bltu, D>(rs1, rs2, half_distance);
    case Cond::geu: return riscv::encode<riscv::Form::bgeu, D>(rs1, rs2, half_distance);
  }
  return {};
}

template <PathDomain D>
bool Emitter<D>::branch_zero_short(Cond cond, Reg rs1, Offset distance) {
  if (!compressed() || !is_short(rs1) || !fits_signed<9>(distance)) return false;
  if (cond == Cond::eq)
    riscv::put<riscv::Form::c_beqz>(code_, rs1, bits<8, 1>(distance));
  else
    riscv::put<riscv::Form::c_bnez>(code_, rs1, bits<8, 1>(distance));
  return true;
}

template <PathDomain D>
bool Emitter<D>::branch(Cond cond, Reg rs1, Reg rs2, Offset distance, Reg scratch) {
  if (decide(trunc<1>(distance))) return false;
  const bool equality = cond == Cond::eq || cond == Cond::ne;
  if (equality && rs2 == Reg::zero && branch_zero_short(cond, rs1, distance)) return true;
  if (fits_signed<13>(distance)) {
    code_.put(branch_word(cond, rs1, rs2, bits<12, 1>(distance)));
    return true;
  }
  const Skip over = skip_if(opposite(cond), rs1, rs2);
  if (!jump(distance - Offset::lit(4), scratch)) return false;
  land(over);
  return true;
}

template <PathDomain D>
void Emitter<D>::jr(Reg rs1) {
  if (compressed())
    riscv::put<riscv::Form::c_jr>(code_, rs1);
  else
    riscv::put<riscv::Form::jalr>(code_, Reg::zero, imm12(0), rs1);
}

template <PathDomain D>
void Emitter<D>::jalr(Reg rd, Reg rs1) {
  if (compressed() && rd == Reg::ra)
    riscv::put<riscv::Form::c_jalr>(code_, rs1);
  else
    riscv::put<riscv::Form::jalr>(code_, rd, imm12(0), rs1);
}

template <PathDomain D>
typename Emitter<D>::Skip Emitter<D>::skip_if(Cond cond, Reg rs1, Reg rs2) {
  const Skip skip{code_.size(), cond, rs1, rs2};
  code_.put(Bv<D, 32>::lit(0));
  return skip;
}

template <PathDomain D>
void Emitter<D>::land(const Skip& skip) {
  const std::uint32_t distance = code_.size() - skip.at;
  const Bv<D, 32> word = branch_word(skip.cond, skip.rs1, skip.rs2, Bv<D, 12>::lit(distance / 2));
  code_.replace(skip.at, bits<7, 0>(word));
  code_.replace(skip.at + 1, bits<15, 8>(word));
  code_.replace(skip.at + 2, bits<23, 16>(word));
  code_.replace(skip.at + 3, bits<31, 24>(word));
}

template <PathDomain D>
void Emitter<D>::branch_back(Cond cond, Reg rs1, Reg rs2, std::uint32_t to) {
  const std::uint32_t distance = to - code_.size();
  code_.put(branch_word(cond, rs1, rs2, Bv<D, 12>::lit(distance / 2)));
}

}  // namespace probity::jit::rv64
