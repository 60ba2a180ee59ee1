// SPDX-License-Identifier: Apache-2.0
// Tokens and number limits. Numbers keep sign and magnitude apart so that every limit is checked on
// the value as written, never on a wrapped one.
#include "isa/bpf/text_scanner.hpp"

namespace probity::bpf {

namespace {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_word_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '$';
}

constexpr int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

constexpr std::size_t word_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_word_char(text[n])) ++n;
  return n;
}

/// `number` within -2^(bits-1) .. max, as two's complement.
TextExpected<std::uint64_t> fit(const Number& number, unsigned bits, std::uint64_t max,
                                std::string_view field, std::string_view limit) {
  const std::uint64_t lowest = std::uint64_t{1} << (bits - 1);
  if (number.negative ? number.magnitude > lowest : number.magnitude > max) {
    return Scanner::fail_at(number.column, {field, " ", number.text, " does not fit ", limit});
  }
  return number.negative ? 0 - number.magnitude : number.magnitude;
}

}  // namespace

Expected<Insn> require_no_label(const TextExpected<ParsedInsn>& parsed) {
  std::array<char, Diagnostic::capacity> buffer{};
  TextSink sink(buffer);
  if (!parsed) {
    sink.append("column ").append_unsigned(parsed.error().column).append(": ");
    return error(Fault::bad_input, sink.append(parsed.error().message.view()).view());
  }
  if (!parsed->label.empty()) {
    sink.append("column ").append_unsigned(parsed->label_column).append(": label '");
    sink.append(parsed->label).append("' where only a displacement can stand");
    return error(Fault::bad_input, sink.view());
  }
  return parsed->insn;
}

void Scanner::skip_blanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r'))
    ++at_;
}

std::uint32_t Scanner::column() {
  skip_blanks();
  return static_cast<std::uint32_t>(at_ + 1);
}

bool Scanner::at_end() {
  skip_blanks();
  return at_ == text_.size();
}

std::string_view Scanner::rest() {
  skip_blanks();
  return text_.substr(at_);
}

bool Scanner::accept(std::string_view token) {
  if (!rest().starts_with(token)) return false;
  at_ += token.size();
  return true;
}

bool Scanner::accept_word(std::string_view word) {
  if (peek_word() != word) return false;
  at_ += word.size();
  return true;
}

std::string_view Scanner::peek_word() {
  const std::string_view left = rest();
  return left.substr(0, word_length(left));
}

void Scanner::take(std::string_view word) {
  at_ += word.size();
}

TextExpected<void> Scanner::require(std::string_view token) {
  if (accept(token)) return {};
  return fail({"expected '", token, "'"});
}

TextExpected<void> Scanner::require_end() {
  if (at_end()) return {};
  return fail({"unexpected text after the insn"});
}

bool Scanner::next_is_reg(char prefix) {
  const std::string_view word = peek_word();
  if (word.size() < 2 || word[0] != prefix) return false;
  for (const char c : word.substr(1)) {
    if (!is_digit(c)) return false;
  }
  return true;
}

TextExpected<Reg> Scanner::reg(char prefix) {
  if (!next_is_reg(prefix)) {
    return fail({"expected a register, ", std::string_view(&prefix, 1), "0 to ",
                 std::string_view(&prefix, 1), "10"});
  }
  const std::string_view word = peek_word();
  unsigned n = 0;
  for (const char c : word.substr(1)) {
    if (n < 1000) n = n * 10 + static_cast<unsigned>(c - '0');
  }
  if (n >= reg_count) return fail({"register ", word, " is beyond r10"});
  take(word);
  return static_cast<Reg>(n);
}

TextExpected<Number> Scanner::number() {
  skip_blanks();
  const std::size_t start = at_;
  Number result;
  result.column = column();
  if (accept("-"))
    result.negative = true;
  else
    static_cast<void>(accept("+"));
  const std::string_view digits = peek_word();
  const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
  const std::uint64_t base = hex ? 16 : 10;
  const std::string_view body = hex ? digits.substr(2) : digits;
  if (body.empty()) return fail({"expected a number"});
  for (const char c : body) {
    const std::uint64_t digit = static_cast<std::uint64_t>(digit_value(c));
    if (digit >= base) return fail({"'", digits, "' is not a number"});
    if (result.magnitude > (~std::uint64_t{0} - digit) / base) {
      return fail({"number ", digits, " does not fit 64 bits (0..18446744073709551615)"});
    }
    result.magnitude = result.magnitude * base + digit;
  }
  take(digits);
  result.text = text_.substr(start, at_ - start);
  return result;
}

TextExpected<Number> Scanner::signed_number() {
  skip_blanks();
  const std::size_t start = at_;
  const bool minus = accept("-");
  if (!minus && !accept("+")) return Number{};
  TRY(Number result, number());
  result.negative = result.negative != minus;
  result.column = static_cast<std::uint32_t>(start + 1);
  if (minus) result.text = text_.substr(start, at_ - start);
  return result;
}

/// llvm-objdump repeats a displacement as `<LBB0_2>`.
void Scanner::skip_symbol() {
  const std::string_view left = rest();
  const std::size_t end = left.find('>');
  if (left.starts_with("<") && end != std::string_view::npos) take(left.substr(0, end + 1));
}

TextExpected<Target> Scanner::target() {
  Target result;
  result.column = column();
  const std::string_view word = peek_word();
  const std::string_view after = rest().substr(word.size());
  const bool pc = word == "pc" && (after.starts_with("+") || after.starts_with("-"));
  if (pc) take(word);
  const std::string_view left = rest();
  if (left.starts_with("+") || left.starts_with("-")) {
    TRY(result.number, number());
    skip_symbol();
    return result;
  }
  if (word.empty() || is_digit(word[0])) {
    return fail({"expected a displacement (+3, -3, pc+3) or a label"});
  }
  take(word);
  result.label = word;
  return result;
}

std::unexpected<TextError> Scanner::fail(std::initializer_list<std::string_view> parts) {
  return fail_at(column(), parts);
}

std::unexpected<TextError> Scanner::fail_at(std::uint32_t column,
                                            std::initializer_list<std::string_view> parts) {
  std::array<char, 240> buffer{};
  TextSink sink(buffer);
  for (const std::string_view part : parts) sink.append(part);
  return std::unexpected(TextError{column, FixedText<240>(sink.view())});
}

TextExpected<std::int32_t> imm32(const Number& number) {
  TRY(const std::uint64_t value,
      fit(number, 32, 0xffffffff, "imm", "32 bits (-2147483648..4294967295)"));
  return static_cast<std::int32_t>(value);
}

TextExpected<std::int32_t> signed_imm32(const Number& number) {
  TRY(const std::uint64_t value,
      fit(number, 32, 0x7fffffff, "imm", "32 signed bits (-2147483648..2147483647)"));
  return static_cast<std::int32_t>(value);
}

TextExpected<std::uint64_t> imm64(const Number& number) {
  return fit(number, 64, ~std::uint64_t{0}, "imm",
             "64 bits (-9223372036854775808..18446744073709551615)");
}

TextExpected<std::int16_t> off16(const Number& number) {
  TRY(const std::uint64_t value, fit(number, 16, 0x7fff, "off", "16 signed bits (-32768..32767)"));
  return static_cast<std::int16_t>(value);
}

TextExpected<void> set_target(ParsedInsn& parsed, const Target& target) {
  parsed.label = target.label;
  parsed.label_column = target.column;
  const Operands operands = row(parsed.insn.form).operands;
  if (!target.label.empty()) return {};
  if (operands == Operands::imm || operands == Operands::dst_imm64) {
    TRY(parsed.insn.imm, signed_imm32(target.number));
  } else {
    TRY(parsed.insn.off, off16(target.number));
  }
  return {};
}

std::optional<Form> find_row(Meaning meaning, std::uint8_t operation, unsigned width,
                             Operands operands) {
  for (std::size_t i = 0; i < form_count; ++i) {
    const Row& r = rows[i];
    if (r.meaning == meaning && r.operation == operation && r.width == width &&
        r.operands == operands) {
      return static_cast<Form>(i);
    }
  }
  return std::nullopt;
}

}  // namespace probity::bpf
