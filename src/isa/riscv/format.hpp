// SPDX-License-Identifier: Apache-2.0
// A format is a bit diagram of insn.def, read at compile time: which bits of the instruction are
// fixed and which carry which bits of which field. Encoder, decoder, text and proofs all walk the
// same pieces. A diagram that is malformed, has the wrong size, or drops or repeats a bit of an
// immediate does not compile: the reader then calls malformed(), which is not constexpr.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace probity::riscv {

enum class Field : std::uint8_t { fixed, rd, rs1, rs2, imm, order, pred, succ };
constexpr std::size_t field_count = 8;

/// A run of bits of the instruction.
struct Piece {
  Field field = Field::fixed;
  std::uint8_t width = 0;
  std::uint8_t low = 0;     ///< lowest bit in the instruction
  std::uint8_t from = 0;    ///< lowest bit in the field; of an immediate: counted from imm_low
  std::uint32_t value = 0;  ///< of a fixed piece
};

/// `field` never has this value.
struct Restriction {
  Field field = Field::fixed;
  std::uint8_t value = 0;
};

struct Format {
  std::array<Piece, 16> pieces{};  ///< from the most significant bit down
  std::uint8_t piece_count = 0;
  std::array<Restriction, 4> restrictions{};
  std::uint8_t restriction_count = 0;
  std::uint32_t mask = 0;      ///< which bits are fixed
  std::uint32_t match = 0;     ///< and how
  std::uint8_t width = 0;      ///< of the instruction: 16 or 32
  std::uint8_t imm_low = 0;    ///< the immediate is a multiple of 2 to this
  std::uint8_t imm_width = 0;  ///< encoded bits; 0: no immediate
  bool imm_signed = false;
  std::array<bool, field_count> present{};     ///< by Field
  std::array<bool, field_count> compressed{};  ///< a register field of three bits: x8..x15
  std::array<Field, 5> parameters{};           ///< of encode(), in assembler order
  std::uint8_t parameter_count = 0;

  constexpr bool has(Field field) const { return present[static_cast<std::size_t>(field)]; }
  constexpr bool is_compressed(Field field) const {
    return compressed[static_cast<std::size_t>(field)];
  }
};

/// Not constexpr: a malformed row of insn.def is a call of this at compile time, hence an error.
void malformed(const char* why);

/// Takes tokens off the front of a text at compile time.
class RowScanner {
 public:
  consteval explicit RowScanner(std::string_view text) : text_(text) {}

  consteval bool at_end() const { return text_.empty(); }
  consteval char peek() const { return text_.empty() ? '\0' : text_[0]; }
  consteval bool accept(std::string_view token) {
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  consteval void require(std::string_view token) {
    if (!accept(token)) malformed("a bit diagram lacks a character");
  }
  consteval unsigned number() {
    if (peek() < '0' || peek() > '9') malformed("a number was expected");
    unsigned value = 0;
    for (; peek() >= '0' && peek() <= '9'; text_.remove_prefix(1)) {
      value = value * 10 + static_cast<unsigned>(peek() - '0');
    }
    return value;
  }
  /// Letters and digits; empty when none follow.
  consteval std::string_view word() {
    std::size_t size = 0;
    while (size < text_.size() && is_word(text_[size])) ++size;
    const std::string_view found = text_.substr(0, size);
    text_.remove_prefix(size);
    return found;
  }
  consteval void skip() { text_.remove_prefix(1); }

 private:
  static consteval bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  }
  std::string_view text_;
};

/// The field a word of a diagram or of an operand text names; fixed when it names none.
consteval Field field_named(std::string_view word) {
  if (word == "rd") return Field::rd;
  if (word == "rs1") return Field::rs1;
  if (word == "rs2") return Field::rs2;
  if (word == "aq" || word == "rl") return Field::order;
  if (word == "pred") return Field::pred;
  if (word == "succ") return Field::succ;
  constexpr std::array immediates = {"imm", "nzimm", "uimm", "nzuimm", "shamt", "upper", "target"};
  for (const std::string_view name : immediates)
    if (word == name) return Field::imm;
  return Field::fixed;
}

/// Reads one diagram and its operand text.
class FormatReader {
 public:
  static consteval Format read(std::string_view diagram, std::string_view operands) {
    FormatReader reader(diagram);
    while (!reader.scan_.at_end()) {
      if (!reader.scan_.accept(" ")) reader.piece();
    }
    reader.place();
    reader.check_immediate();
    reader.parameters(operands);
    return reader.format_;
  }

 private:
  consteval explicit FormatReader(std::string_view diagram) : scan_(diagram) {}

  consteval void add(Field field, unsigned width, unsigned from, unsigned value) {
    if (width == 0 || format_.piece_count == format_.pieces.size()) malformed("too many pieces");
    format_.pieces[format_.piece_count++] = {field, static_cast<std::uint8_t>(width), 0,
                                             static_cast<std::uint8_t>(from), value};
    format_.present[static_cast<std::size_t>(field)] = true;
  }
  consteval void restrict_to_other_than(Field field, unsigned value) {
    for (unsigned i = 0; i < format_.restriction_count; ++i) {
      if (format_.restrictions[i].field == field && format_.restrictions[i].value == value) return;
    }
    if (format_.restriction_count == format_.restrictions.size()) malformed("many restrictions");
    format_.restrictions[format_.restriction_count++] = {field, static_cast<std::uint8_t>(value)};
  }

  consteval void piece() {
    if (scan_.peek() == '0' || scan_.peek() == '1') return fixed(scan_.word());
    const std::string_view word = scan_.word();
    const Field field = field_named(word);
    if (field == Field::fixed) malformed("a bit diagram names no such field");
    if (field == Field::imm) return immediate(word);
    const bool prime = scan_.accept("'");
    if (scan_.accept("!=")) excluded(field);
    scan_.require(":");
    const unsigned width = scan_.number();
    format_.compressed[static_cast<std::size_t>(field)] = prime;
    if (field == Field::order) {
      if (width != 1) malformed("aq and rl have one bit");
    } else if (field == Field::pred || field == Field::succ) {
      if (width != 4) malformed("pred and succ have four bits");
    } else if (width != (prime ? 3 : 5)) {
      malformed("a register has five bits, a primed one three");
    }
    add(field, width, word == "rl" ? 1 : 0, 0);
  }
  consteval void fixed(std::string_view digits) {
    unsigned value = 0;
    for (const char c : digits) {
      if (c != '0' && c != '1') malformed("a fixed bit is neither 0 nor 1");
      value = value << 1 | static_cast<unsigned>(c - '0');
    }
    add(Field::fixed, static_cast<unsigned>(digits.size()), 0, value);
  }
  consteval void excluded(Field field) {
    if (!scan_.accept("{")) return restrict_to_other_than(field, scan_.number());
    do {
      restrict_to_other_than(field, scan_.number());
    } while (scan_.accept(","));
    scan_.require("}");
  }
  consteval void immediate(std::string_view word) {
    format_.imm_signed = word == "imm" || word == "nzimm";
    if (word.starts_with("nz")) restrict_to_other_than(Field::imm, 0);
    scan_.require("[");
    unsigned total = 0;
    do {
      const unsigned high = scan_.number();
      const unsigned low = scan_.accept(":") ? scan_.number() : high;
      if (high < low || high > 31) malformed("a bit range is not high:low");
      add(Field::imm, high - low + 1, low, 0);
      total += high - low + 1;
    } while (scan_.accept("|"));
    scan_.require("]:");
    if (scan_.number() != total) malformed("the bits of an immediate do not add up");
  }
  /// Positions follow from the widths.
  consteval void place() {
    unsigned width = 0;
    for (unsigned i = format_.piece_count; i-- > 0;) {
      format_.pieces[i].low = static_cast<std::uint8_t>(width);
      if (format_.pieces[i].field == Field::fixed) {
        format_.mask |= ((1u << format_.pieces[i].width) - 1) << width;
        format_.match |= format_.pieces[i].value << width;
      }
      width += format_.pieces[i].width;
    }
    format_.width = static_cast<std::uint8_t>(width);
    const Piece& last = format_.pieces[format_.piece_count - 1u];
    const bool long_code = last.field == Field::fixed && (last.value & 3u) == 3u;
    if (width != (long_code ? 32 : 16)) malformed("the length is not what the low bits say");
  }
  /// Every bit from the lowest to the highest exactly once.
  consteval void check_immediate() {
    std::uint64_t seen = 0;
    for (const Piece& p : format_.pieces) {
      if (p.field != Field::imm) continue;
      const std::uint64_t here = ((std::uint64_t{1} << p.width) - 1) << p.from;
      if (seen & here) malformed("a bit of an immediate stands twice");
      seen |= here;
    }
    if (seen == 0) return;
    for (; (seen & 1u) == 0; seen >>= 1) ++format_.imm_low;
    for (; seen & 1u; seen >>= 1) ++format_.imm_width;
    if (seen != 0) malformed("a bit of an immediate is missing");
    for (Piece& p : format_.pieces) {
      if (p.field == Field::imm) p.from = static_cast<std::uint8_t>(p.from - format_.imm_low);
    }
  }
  /// Every field of the diagram is an operand and every operand a field.
  consteval void parameters(std::string_view operands) {
    RowScanner scan(operands);
    while (!scan.at_end()) {
      const std::string_view word = scan.word();
      if (word.empty()) {
        scan.skip();
      } else if (field_named(word) != Field::fixed) {
        parameter(field_named(word));
      } else if (word != "sp") {
        malformed("an operand names no field");
      }
    }
    if (format_.has(Field::order)) parameter(Field::order);
    unsigned fields = 0;
    for (std::size_t i = 1; i < field_count; ++i) fields += format_.present[i] ? 1 : 0;
    if (fields != format_.parameter_count) malformed("a field is not an operand");
  }
  consteval void parameter(Field field) {
    if (!format_.has(field)) malformed("an operand is not in the diagram");
    if (format_.parameter_count == format_.parameters.size()) malformed("too many operands");
    format_.parameters[format_.parameter_count++] = field;
  }

  RowScanner scan_;
  Format format_;
};

/// Whether some instruction has both formats: fixed bits agree and no restriction of one excludes
/// what the other fixes.
constexpr bool overlap(const Format& a, const Format& b) {
  if (a.width != b.width) return false;  // the two low bits tell the lengths apart
  if (((a.match ^ b.match) & a.mask & b.mask) != 0) return false;
  const auto excludes = [](const Format& one, const Format& other) {
    for (unsigned i = 0; i < one.restriction_count; ++i) {
      const Restriction& r = one.restrictions[i];
      std::uint32_t mask = 0;
      std::uint32_t match = 0;
      for (const Piece& p : one.pieces) {
        if (p.field != r.field || p.width == 0) continue;
        const std::uint32_t piece = (1u << p.width) - 1;
        mask |= piece << p.low;
        match |= ((static_cast<std::uint32_t>(r.value) >> p.from) & piece) << p.low;
      }
      if ((other.mask & mask) == mask && (other.match & mask) == match) return true;
    }
    return false;
  };
  return !excludes(a, b) && !excludes(b, a);
}

}  // namespace probity::riscv
