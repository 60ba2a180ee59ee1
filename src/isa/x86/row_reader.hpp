// SPDX-License-Identifier: Apache-2.0
// Reads a line of insn.def: Intel's notation as a constexpr parser. read_row() gives nothing for a
// line it does not understand completely or whose columns contradict each other (an immediate with
// no field, a name that does not follow from mnemonic and operands); in the table that is a compile
// error. It also runs at run time: tests read deliberately wrong rows with it.
#pragma once

#include <optional>

#include "isa/x86/row.hpp"

namespace probity::x86 {

/// The words of a text, one after another.
class Words {
 public:
  constexpr Words(std::string_view text, std::string_view separators)
      : rest_(text), separators_(separators) {}

  /// Empty at the end.
  constexpr std::string_view next() {
    const std::size_t start = rest_.find_first_not_of(separators_);
    if (start == rest_.npos) return rest_ = {};
    rest_.remove_prefix(start);
    const std::string_view word = rest_.substr(0, rest_.find_first_of(separators_));
    rest_.remove_prefix(word.size());
    return word;
  }

 private:
  std::string_view rest_, separators_;
};

constexpr std::optional<Operand> read_operand(std::string_view text) {
  using enum OperandKind;
  struct Named {
    std::string_view text;
    Operand operand;
  };
  constexpr Named names[] = {
      {"r8", {reg, 8}},   {"r16", {reg, 16}},   {"r32", {reg, 32}},   {"r64", {reg, 64}},
      {"r/m8", {rm, 8}},  {"r/m16", {rm, 16}},  {"r/m32", {rm, 32}},  {"r/m64", {rm, 64}},
      {"imm8", {imm, 8}}, {"imm16", {imm, 16}}, {"imm32", {imm, 32}}, {"imm64", {imm, 64}},
      {"rel8", {rel, 8}}, {"rel32", {rel, 32}}, {"m", {mem, 0}},      {"1", {one, 0}},
      {"cl", {cl, 8}},
  };
  for (const Named& named : names) {
    if (named.text == text) return named.operand;
  }
  return std::nullopt;
}

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
/// Two upper-case digits, as Intel writes bytes; no_byte for anything else.
constexpr unsigned no_byte = 256;
constexpr unsigned read_byte(std::string_view word) {
  if (word.size() != 2 || hex_digit(word[0]) < 0 || hex_digit(word[1]) < 0) return no_byte;
  return static_cast<unsigned>(hex_digit(word[0]) * 16 + hex_digit(word[1]));
}

/// The bit of a legacy prefix; 0 when the byte is none.
constexpr std::uint8_t prefix_bit(unsigned byte) {
  switch (byte) {
    case 0xf0: return prefix::lock;
    case 0x66: return prefix::operand_size;
    case 0xf2: return prefix::repne;
    case 0xf3: return prefix::rep;
    default: return 0;
  }
}

/// `VEX.LZ.66.0F38.W1`
constexpr bool read_vex(std::string_view word, Row& row) {
  Words parts(word, ".");
  if (parts.next() != "VEX" || parts.next() != "LZ") return false;
  row.prefixes = prefix_bit(read_byte(parts.next()));
  const std::string_view map = parts.next();
  row.map = map == "0F38" ? Map::vex_0f38 : Map::vex_0f3a;
  const std::string_view wide = parts.next();
  row.wide = wide == "W1";
  return row.prefixes != 0 && (map == "0F38" || map == "0F3A") && (row.wide || wide == "W0") &&
         parts.next().empty();
}

/// `B8+rd`, `70+cc`: the low bits of the opcode are a field.
constexpr bool read_opcode(std::string_view word, Row& row) {
  const unsigned byte = read_byte(word.substr(0, 2));
  if (byte == no_byte) return false;
  row.opcode = static_cast<std::uint8_t>(byte);
  const std::string_view field = word.substr(2);
  if (field.empty()) return true;
  if (field == "+cc") {
    row.opcode_field = OpcodeField::cond;
    return byte % 16 == 0;
  }
  row.opcode_field = OpcodeField::reg;
  return byte % 8 == 0 && (field == "+rb" || field == "+rw" || field == "+rd");
}

constexpr bool read_imm(std::string_view word, Row& row) {
  if (word.size() != 2 || row.imm != ImmKind::none) return false;
  const bool rel = word[0] == 'c';
  row.imm = rel ? ImmKind::rel : ImmKind::imm;
  switch (word[1]) {
    case 'b': row.imm_bytes = 1; break;
    case 'w': row.imm_bytes = 2; break;
    case 'd': row.imm_bytes = 4; break;
    case 'o': row.imm_bytes = 8; break;
    default: return false;
  }
  return word[0] == 'i' || (rel && row.imm_bytes != 2 && row.imm_bytes != 8);
}

/// What follows the opcode: a constant byte, `/r`, `/digit`, an immediate.
constexpr bool read_tail(std::string_view word, Row& row) {
  if (word[0] != '/') {
    const unsigned byte = read_byte(word);
    if (byte == no_byte) return read_imm(word, row);
    if (row.modrm != ModRm::none || row.imm != ImmKind::none) return false;
    row.modrm = ModRm::fixed;
    row.modrm_value = static_cast<std::uint8_t>(byte);
    return true;
  }
  if (word.size() != 2 || row.modrm != ModRm::none || row.imm != ImmKind::none) return false;
  row.modrm = word[1] == 'r' ? ModRm::reg : ModRm::digit;
  if (row.modrm == ModRm::reg) return true;
  row.modrm_value = static_cast<std::uint8_t>(word[1] - '0');
  return word[1] >= '0' && word[1] <= '7';
}

constexpr bool read_encoding(Row& row) {
  Words words(row.encoding, " ");
  std::string_view word = words.next();
  for (; prefix_bit(read_byte(word)) != 0; word = words.next()) {
    row.prefixes |= prefix_bit(read_byte(word));
  }
  if (word == "REX.W") {
    row.wide = true;
    word = words.next();
  }
  if (word.starts_with("VEX")) {
    if (row.prefixes != 0 || row.wide || !read_vex(word, row)) return false;
    word = words.next();
  } else if (word == "0F") {
    row.map = Map::two_byte;
    word = words.next();
  }
  if (!read_opcode(word, row)) return false;
  for (word = words.next(); !word.empty(); word = words.next()) {
    if (!read_tail(word, row)) return false;
  }
  return true;
}

constexpr bool add_operand(Operand operand, Row& row) {
  if (row.operand_count == row.operands.size()) return false;
  using enum OperandKind;
  if (operand.kind == reg && row.has_reg) operand.kind = vvvv;
  switch (operand.kind) {
    case reg:
      row.has_reg = true;
      row.byte_reg = operand.width == 8;
      break;
    case vvvv:
      if (row.has_vvvv) return false;
      row.has_vvvv = true;
      break;
    case rm:
    case mem:
      if (row.has_rm) return false;
      row.has_rm = true;
      row.byte_rm = operand.width == 8;
      row.rm_may_be_reg = operand.kind == rm && (row.prefixes & prefix::lock) == 0;
      break;
    case none:
    case cond:
    case imm:
    case rel:
    case one:
    case cl: break;
  }
  if (operand.kind != one && operand.kind != cl) ++row.explicit_count;
  row.operands[row.operand_count++] = operand;
  return true;
}

constexpr bool read_operands(Row& row) {
  if (row.opcode_field == OpcodeField::cond) add_operand({OperandKind::cond, 0}, row);
  Words words(row.operand_text, ", ");
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    const std::optional<Operand> operand = read_operand(word);
    if (!operand || !add_operand(*operand, row)) return false;
  }
  return true;
}

/// Every operand has its field and every field its operand.
constexpr bool columns_agree(const Row& row) {
  unsigned imm_width = 0;
  ImmKind imm = ImmKind::none;
  for (const Operand& operand : row.operands) {
    if (operand.kind != OperandKind::imm && operand.kind != OperandKind::rel) continue;
    imm_width = operand.width;
    imm = operand.kind == OperandKind::imm ? ImmKind::imm : ImmKind::rel;
  }
  const bool reg_field = row.modrm == ModRm::reg || row.opcode_field == OpcodeField::reg;
  const bool rm_field = row.modrm == ModRm::reg || row.modrm == ModRm::digit;
  return imm_width == row.imm_bytes * 8u && imm == row.imm && reg_field == row.has_reg &&
         rm_field == row.has_rm && (!row.has_vvvv || row.vex()) &&
         row.mnemonic.ends_with("cc") == (row.opcode_field == OpcodeField::cond) &&
         row.mnemonic.starts_with("lock ") == ((row.prefixes & prefix::lock) != 0);
}

/// `name` is mnemonic and operands, joined by underscores, without the slashes.
constexpr bool name_follows(const Row& row) {
  std::string_view rest = row.name;
  const auto take = [&rest](std::string_view text) {
    for (const char c : text) {
      if (c == '/') continue;
      if (rest.empty() || rest.front() != (c == ' ' ? '_' : c)) return false;
      rest.remove_prefix(1);
    }
    return true;
  };
  if (!take(row.mnemonic)) return false;
  Words words(row.operand_text, ", ");
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    if (!take("_") || !take(word)) return false;
  }
  return rest.empty();
}

/// The columns of insn.def as a Row.
constexpr std::optional<Row> read_row(std::string_view name, std::string_view mnemonic,
                                      std::string_view operands, std::string_view encoding) {
  Row row;
  row.name = name;
  row.mnemonic = mnemonic;
  row.operand_text = operands;
  row.encoding = encoding;
  if (!read_encoding(row) || !read_operands(row)) return std::nullopt;
  if (!columns_agree(row) || !name_follows(row)) return std::nullopt;
  return row;
}

/// Not constexpr, so that reaching it in the table is a compile error.
void row_not_understood(std::string_view name);
consteval Row require_row(std::string_view name, std::string_view mnemonic,
                          std::string_view operands, std::string_view encoding) {
  const std::optional<Row> row = read_row(name, mnemonic, operands, encoding);
  if (!row) row_not_understood(name);
  return *row;
}

}  // namespace probity::x86
