// SPDX-License-Identifier: Apache-2.0
// One reader for every form: prefixes, opcode, ModRM, SIB (the head), then displacement and
// immediate (values), in the order of Intel's manual, volume 2, figure 2-1. What a row cannot have
// makes the result empty.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "isa/x86/insn.hpp"
#include "isa/x86/opcode_table.hpp"

namespace probity::x86 {

/// Gives bytes in order; beyond the end it gives zeros and remembers that.
template <PathDomain D, typename Byte>
class ByteReader {
 public:
  explicit ByteReader(std::span<const Byte> bytes) : bytes_(bytes) {}

  Bv<D, 8> next() {
    if (at_ == bytes_.size()) {
      cut_off_ = true;
      return Bv<D, 8>::lit(0);
    }
    if constexpr (std::is_same_v<Byte, std::uint8_t>)
      return Bv<D, 8>::lit(bytes_[at_++]);
    else
      return bytes_[at_++];
  }
  unsigned next_literal() { return pick(next()); }
  template <unsigned W>
  Bv<D, W> little_endian() {
    const Bv<D, 8> low = next();
    if constexpr (W == 8)
      return low;
    else
      return concat(little_endian<W - 8>(), low);
  }
  unsigned position() const { return static_cast<unsigned>(at_); }
  bool cut_off() const { return cut_off_; }

 private:
  std::span<const Byte> bytes_;
  std::size_t at_ = 0;
  bool cut_off_ = false;
};

/// What tells rows with the same opcode byte apart; `modrm` is the byte behind it, if they have
/// one.
constexpr bool selects(const Row& row, std::uint8_t prefixes, bool wide, unsigned modrm) {
  if (row.prefixes != prefixes || row.wide != wide) return false;
  switch (row.modrm) {
    case ModRm::none:
    case ModRm::reg: return true;
    case ModRm::digit: return (modrm >> 3 & 7u) == row.modrm_value;
    case ModRm::fixed: return modrm == row.modrm_value;
  }
  return false;
}

template <PathDomain D, typename Byte>
class Decoder {
 public:
  Decoder(std::span<const Byte> bytes, std::span<const Row> table, const OpcodeTable& opcodes)
      : reader_(bytes), table_(table), opcodes_(opcodes) {}

  /// Up to the displacement; reads nothing behind the bytes that decide.
  bool read_head() {
    if (!read_prefixes()) return false;
    row_ = find_row();
    if (row_ == nullptr || !read_registers(*row_)) return false;
    if (row_->has_rm && !read_rm(*row_)) return false;
    insn_.form = static_cast<Form>(row_ - table_.data());
    return (rex_bits_ & ~used_bits_) == 0 && !reader_.cut_off();
  }

  std::optional<Insn<D>> insn() {
    if (!read_head()) return std::nullopt;
    read_values(*row_);
    insn_.length = reader_.position();
    if (reader_.cut_off() || insn_.length > max_insn_bytes) return std::nullopt;
    return insn_;
  }

  // After read_head().
  Mod mod() const { return mod_; }
  unsigned position() const { return reader_.position(); }
  const Insn<D>& registers() const { return insn_; }

 private:
  static constexpr unsigned bit_b = 1, bit_x = 2, bit_r = 4, bit_w = 8;

  /// Up to and with the opcode byte.
  bool read_prefixes() {
    opcode_ = reader_.next_literal();
    for (; prefix_bit(opcode_) != 0; opcode_ = reader_.next_literal()) {
      if ((prefixes_ & prefix_bit(opcode_)) != 0) return false;
      prefixes_ |= prefix_bit(opcode_);
    }
    if (opcode_ == 0xc4) return prefixes_ == 0 && read_vex_prefix();
    if (opcode_ >> 4 == 4) {
      has_rex_ = true;
      rex_bits_ = opcode_ & 15u;
      opcode_ = reader_.next_literal();
    }
    if (opcode_ == 0x0f) {
      map_ = Map::two_byte;
      opcode_ = reader_.next_literal();
    }
    return true;
  }

  bool read_vex_prefix() {
    const unsigned second = reader_.next_literal();
    const unsigned third = reader_.next_literal();
    if ((second & 31u) != 2 && (second & 31u) != 3) return false;
    map_ = (second & 31u) == 2 ? Map::vex_0f38 : Map::vex_0f3a;
    has_rex_ = true;
    rex_bits_ = (second >> 5 ^ 7u) | (third >> 7 == 1 ? bit_w : 0u);
    vvvv_ = (third >> 3 & 15u) ^ 15u;
    constexpr std::uint8_t of_pp[] = {0, prefix::operand_size, prefix::rep, prefix::repne};
    prefixes_ = of_pp[third & 3u];
    opcode_ = reader_.next_literal();
    return (third & 4u) == 0;
  }

  /// The row, by opcode byte, prefixes, W and ModRM; reads the byte behind the opcode when the rows
  /// of this opcode have one.
  const Row* find_row() {
    const std::span<const std::uint16_t> candidates = opcodes_.at(map_, opcode_);
    if (candidates.empty()) return nullptr;
    if (table_[candidates[0]].modrm != ModRm::none) modrm_ = reader_.next_literal();
    const bool wide = (rex_bits_ & bit_w) != 0;
    for (const std::uint16_t i : candidates) {
      const Row& row = table_[i];
      if (selects(row, prefixes_, wide, modrm_)) return &row;
    }
    return nullptr;
  }

  Reg extended(unsigned low, unsigned bit) {
    used_bits_ |= bit;
    return static_cast<Reg>(low | ((rex_bits_ & bit) != 0 ? 8u : 0u));
  }
  /// Not ah, ch, dh or bh.
  bool has_byte(Reg reg) const { return has_rex_ || !(reg >= Reg::rsp && reg <= Reg::rdi); }

  /// All but r/m.
  bool read_registers(const Row& row) {
    used_bits_ = bit_w;
    if (row.opcode_field == OpcodeField::cond) insn_.cond = static_cast<Cond>(opcode_ & 15u);
    if (row.opcode_field == OpcodeField::reg) insn_.reg = extended(opcode_ & 7u, bit_b);
    if (row.modrm == ModRm::reg) insn_.reg = extended(modrm_ >> 3 & 7u, bit_r);
    if (row.has_vvvv) insn_.vvvv = static_cast<Reg>(vvvv_);
    return (row.has_vvvv || vvvv_ == 0) && (!row.byte_reg || has_byte(insn_.reg));
  }

  bool read_rm(const Row& row) {
    if (modrm_ >> 6 != 3) return read_mem();
    insn_.rm = extended(modrm_ & 7u, bit_b);
    return row.rm_may_be_reg && (!row.byte_rm || has_byte(insn_.rm));
  }

  bool read_mem() {
    unsigned base = modrm_ & 7u;
    if (base == sib_follows) {
      const unsigned sib = reader_.next_literal();
      base = sib & 7u;
      const Reg index = extended(sib >> 3 & 7u, bit_x);
      if (index != Reg::rsp) {
        insn_.mem.index = index;
        insn_.mem.scale_log2 = static_cast<std::uint8_t>(sib >> 6);
      }
    }
    mod_ = static_cast<Mod>(modrm_ >> 6);
    insn_.rm_is_mem = true;
    insn_.mem.base = extended(base, bit_b);
    return mod_ != Mod::no_disp || base != no_base;
  }

  void read_values(const Row& row) {
    if (mod_ == Mod::disp8) insn_.mem.disp = sext<32>(reader_.template little_endian<8>());
    if (mod_ == Mod::disp32) insn_.mem.disp = reader_.template little_endian<32>();
    if (row.imm_bytes == 1) insn_.imm = sext<64>(reader_.template little_endian<8>());
    if (row.imm_bytes == 2) insn_.imm = sext<64>(reader_.template little_endian<16>());
    if (row.imm_bytes == 4) insn_.imm = sext<64>(reader_.template little_endian<32>());
    if (row.imm_bytes == 8) insn_.imm = reader_.template little_endian<64>();
  }

  ByteReader<D, Byte> reader_;
  std::span<const Row> table_;
  const OpcodeTable& opcodes_;
  std::uint8_t prefixes_ = 0;
  bool has_rex_ = false;
  unsigned rex_bits_ = 0;   ///< W, R, X, B of REX or VEX
  unsigned used_bits_ = 0;  ///< those that the form has a field for
  unsigned vvvv_ = 0;
  Map map_ = Map::one_byte;
  unsigned opcode_ = 0;
  unsigned modrm_ = 0;
  Mod mod_ = Mod::reg;
  const Row* row_ = nullptr;
  Insn<D> insn_ = {};
};

template <PathDomain D>
std::optional<Insn<D>> decode(std::span<const Bv<D, 8>> bytes) {
  return Decoder<D, Bv<D, 8>>(bytes, rows, opcode_table).insn();
}

}  // namespace probity::x86
