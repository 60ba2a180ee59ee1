// SPDX-License-Identifier: Apache-2.0
// Reads the tokens of one line of eBPF text: words, registers, numbers with their limits,
// punctuation. Both parsers of this folder are built on it. Blanks before a token are skipped;
// columns count from 1.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "isa/bpf/text.hpp"

namespace probity::bpf {

/// A literal: sign and magnitude, with the text it was written as.
struct Number {
  bool negative = false;
  std::uint64_t magnitude = 0;
  std::uint32_t column = 0;
  std::string_view text;
};

/// A jump target: a displacement or a label.
struct Target {
  Number number;
  std::string_view label;
  std::uint32_t column = 0;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::uint32_t column();
  bool at_end();
  /// What is left, without leading blanks.
  std::string_view rest();

  /// Takes exactly these characters if they come next.
  bool accept(std::string_view token);
  /// Takes this word if it comes next and ends there.
  bool accept_word(std::string_view word);
  /// The next word (letters, digits, `_`, `.`, `$`) without taking it; empty when there is none.
  std::string_view peek_word();
  void take(std::string_view word);

  TextExpected<void> require(std::string_view token);
  /// Complains about anything that is left.
  TextExpected<void> require_end();

  /// `r` or `w` as the prefix says, and 0 to 10.
  TextExpected<Reg> reg(char prefix);
  bool next_is_reg(char prefix);
  /// An optional sign, then decimal or 0x hexadecimal digits.
  TextExpected<Number> number();
  /// `+ 4`, `- 8` or `+ -8` after a base register; zero when there is no sign.
  TextExpected<Number> signed_number();
  /// `+3`, `-3`, `pc+3` or a label.
  TextExpected<Target> target();

  std::unexpected<TextError> fail(std::initializer_list<std::string_view> parts);
  static std::unexpected<TextError> fail_at(std::uint32_t column,
                                            std::initializer_list<std::string_view> parts);

 private:
  void skip_blanks();
  void skip_symbol();

  std::string_view text_;
  std::size_t at_ = 0;
};

/// -2147483648..4294967295: what 32 bits can hold, signed or not.
TextExpected<std::int32_t> imm32(const Number& number);
/// -2147483648..2147483647: for operands that are sign-extended to 64 bits.
TextExpected<std::int32_t> signed_imm32(const Number& number);
/// -9223372036854775808..18446744073709551615.
TextExpected<std::uint64_t> imm64(const Number& number);
/// -32768..32767.
TextExpected<std::int16_t> off16(const Number& number);

/// Stores a target in the displacement field of `parsed.insn`, or its label.
TextExpected<void> set_target(ParsedInsn& parsed, const Target& target);

/// The first row with these columns.
std::optional<Form> find_row(Meaning meaning, std::uint8_t operation, unsigned width,
                             Operands operands);

}  // namespace probity::bpf
