// SPDX-License-Identifier: Apache-2.0
// Printer and parser walk a row's operand text: words that name a field stand for an operand, all
// else is literal. What an immediate looks like depends on its word: imm is decimal, shamt
// hexadecimal, upper the upper 20 bits, target an address.
#include "isa/riscv/text.hpp"

#include <array>
#include <optional>

#include "isa/riscv/codec.hpp"

namespace probity::riscv {

namespace {

constexpr std::array<std::string_view, 4> order_suffixes = {"", ".aq", ".rl", ".aqrl"};
constexpr std::string_view access_letters = "iorw";  // from bit 3 down

enum class Word : std::uint8_t { literal, rd, rs1, rs2, pred, succ, imm, shamt, upper, target };

constexpr bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Cuts an operand text into words and literal characters.
class OperandText {
 public:
  explicit OperandText(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  /// The next token's text.
  std::string_view next() {
    std::size_t size = 0;
    while (size < rest_.size() && (is_letter(rest_[size]) || is_digit(rest_[size]))) ++size;
    const std::string_view token = rest_.substr(0, size == 0 ? 1 : size);
    rest_.remove_prefix(token.size());
    return token;
  }

 private:
  std::string_view rest_;
};

Word word_named(std::string_view token) {
  constexpr std::array<std::string_view, 10> names = {"",     "rd",  "rs1",   "rs2",   "pred",
                                                      "succ", "imm", "shamt", "upper", "target"};
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (token == names[i]) return static_cast<Word>(i);
  }
  return Word::literal;
}

void print_access(std::uint8_t set, TextSink& sink) {
  if (set == 0) sink.append_char('0');
  for (unsigned i = 0; i < 4; ++i) {
    if (set >> (3 - i) & 1) sink.append_char(access_letters[i]);
  }
}

void print_operand(std::string_view token, const Insn<Concrete>& insn, std::uint64_t pc,
                   TextSink& sink) {
  const std::uint64_t imm = insn.imm.raw();
  switch (word_named(token)) {
    case Word::literal:
      if (token != " ") sink.append(token);
      return;
    case Word::rd: sink.append(name(insn.rd)); return;
    case Word::rs1: sink.append(name(insn.rs1)); return;
    case Word::rs2: sink.append(name(insn.rs2)); return;
    case Word::pred: print_access(insn.pred, sink); return;
    case Word::succ: print_access(insn.succ, sink); return;
    case Word::imm: sink.append_signed(static_cast<std::int64_t>(imm)); return;
    case Word::shamt: sink.append_hex(imm, 1); return;
    case Word::upper: sink.append_hex(imm >> 12 & 0xfffff, 1); return;
    case Word::target: sink.append_hex(pc + imm, 1); return;
  }
}

bool has_mnemonic(const Row& row, std::string_view text) {
  if (mnemonic_size(row) != text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (mnemonic_character(row.name[i]) != text[i]) return false;
  }
  return true;
}

std::optional<Form> find_form(std::string_view mnemonic) {
  for (std::size_t i = 0; i < form_count; ++i) {
    if (has_mnemonic(rows[i], mnemonic)) return static_cast<Form>(i);
  }
  return std::nullopt;
}

/// Reads the operands of one line; columns count from 1.
class LineParser {
 public:
  LineParser(std::string_view line, std::uint64_t pc) : line_(line), pc_(pc) {}

  Expected<Insn<Concrete>> parse() {
    TRY(mnemonic());
    OperandText operands(row(insn_.form).operands);
    while (!operands.at_end()) TRY(operand(operands.next()));
    skip_blanks();
    if (at_ != line_.size()) return fail(at_, "nothing more was expected here, but there is ");
    return insn_;
  }

 private:
  void skip_blanks() {
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t')) ++at_;
  }
  std::unexpected<Diagnostic> fail(std::size_t at, std::string_view what) const {
    std::array<char, 200> buffer{};
    TextSink sink(buffer);
    sink.append("column ").append_unsigned(at + 1).append(": ").append(what).append("'");
    sink.append(line_.substr(at, 40)).append("'");
    return error(Fault::bad_input, sink.view());
  }
  /// The longest run of characters of a name from here.
  std::string_view peek_name() const {
    std::size_t end = at_;
    while (end < line_.size() && (is_letter(line_[end]) || is_digit(line_[end]))) ++end;
    return line_.substr(at_, end - at_);
  }

  Expected<void> mnemonic() {
    skip_blanks();
    const std::size_t end = line_.find_first_of(" \t", at_);
    const std::string_view text = line_.substr(at_, end == line_.npos ? end : end - at_);
    std::optional<Form> form = find_form(text);
    for (unsigned i = 3; !form && i > 0; --i) {
      if (!text.ends_with(order_suffixes[i])) continue;
      form = find_form(text.substr(0, text.size() - order_suffixes[i].size()));
      insn_.order = static_cast<isa::Order>(i);
    }
    const bool ordered = insn_.order != isa::Order::relaxed;
    if (!form || (ordered && !row(*form).format.has(Field::order))) {
      return fail(at_, "no RV64IMAC, Zba or Zbb instruction has the mnemonic ");
    }
    insn_.form = *form;
    insn_.length = row(*form).format.width / 8u;
    at_ += text.size();
    return {};
  }

  Expected<void> operand(std::string_view token) {
    if (token == " ") return {};
    skip_blanks();
    switch (word_named(token)) {
      case Word::literal: return literal(token);
      case Word::rd: return reg(&Insn<Concrete>::rd);
      case Word::rs1: return reg(&Insn<Concrete>::rs1);
      case Word::rs2: return reg(&Insn<Concrete>::rs2);
      case Word::pred: return access(&Insn<Concrete>::pred);
      case Word::succ: return access(&Insn<Concrete>::succ);
      case Word::imm:
      case Word::shamt:
      case Word::upper:
      case Word::target: return immediate(word_named(token));
    }
    return {};
  }
  Expected<void> literal(std::string_view token) {
    const bool is_word = is_letter(token[0]);
    if (is_word ? peek_name() != token : !line_.substr(at_).starts_with(token)) {
      std::array<char, 40> buffer{};
      TextSink sink(buffer);
      sink.append("'").append(token).append("' was expected before ");
      return fail(at_, sink.view());
    }
    at_ += token.size();
    return {};
  }
  Expected<void> reg(Reg Insn<Concrete>::* operand) {
    const std::string_view text = peek_name();
    const std::optional<Reg> found = find_reg(text);
    if (!found) return fail(at_, "a register was expected before ");
    insn_.*operand = *found;
    at_ += text.size();
    return {};
  }
  Expected<void> access(std::uint8_t Insn<Concrete>::* operand) {
    const std::string_view text = peek_name();
    unsigned set = 0;
    std::size_t taken = 0;
    for (unsigned i = 0; i < 4 && taken < text.size(); ++i) {
      if (text[taken] != access_letters[i]) continue;
      set |= 8u >> i;
      ++taken;
    }
    if (text.empty() || (taken != text.size() && text != "0")) {
      return fail(at_, "a fence set (letters of iorw in this order, or 0) was expected before ");
    }
    insn_.*operand = static_cast<std::uint8_t>(set);
    at_ += text.size();
    return {};
  }

  /// Digits, decimal or hexadecimal after 0x, at most 64 bits.
  Expected<std::uint64_t> digits() {
    const std::size_t start = at_;
    const std::uint64_t base = line_.substr(at_).starts_with("0x") ? 16 : 10;
    if (base == 16) at_ += 2;
    const std::size_t first = at_;
    std::uint64_t value = 0;
    for (; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      const bool hex_letter = base == 16 && c >= 'a' && c <= 'f';
      if (!is_digit(c) && !hex_letter) break;
      const unsigned digit = static_cast<unsigned>(hex_letter ? c - 'a' + 10 : c - '0');
      if (value > (~std::uint64_t{0} - digit) / base) return fail(start, "more than 64 bits: ");
      value = value * base + digit;
    }
    if (at_ == first) return fail(start, "a number was expected before ");
    return value;
  }
  Expected<void> immediate(Word kind) {
    const std::size_t start = at_;
    const bool relative = kind == Word::target && accept('.');
    if (relative && at_ == line_.size()) return set_immediate(0);
    const bool negative = accept('-');
    if (relative && !negative && !accept('+')) return fail(at_, "+ or - was expected before ");
    TRY(const std::uint64_t magnitude, digits());
    const std::uint64_t value = negative ? -magnitude : magnitude;
    if (kind == Word::target && !relative) return set_immediate(value - pc_);
    if (kind != Word::upper) return set_immediate(value);
    if (negative || magnitude > 0xfffff) {
      return fail(start, "the upper immediate is not in 0..0xfffff: ");
    }
    return set_immediate(sext<64>(Bv<Concrete, 32>::lit(value << 12)).raw());
  }
  bool accept(char c) {
    if (at_ == line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }
  Expected<void> set_immediate(std::uint64_t value) {
    insn_.imm = Bv<Concrete, 64>::lit(value);
    return {};
  }

  std::string_view line_;
  std::uint64_t pc_;
  std::size_t at_ = 0;
  Insn<Concrete> insn_;
};

}  // namespace

void print(const Insn<Concrete>& insn, std::uint64_t pc, TextSink& sink) {
  const Row& r = row(insn.form);
  for (const char c : r.name.substr(0, mnemonic_size(r))) sink.append_char(mnemonic_character(c));
  sink.append(order_suffixes[static_cast<std::size_t>(insn.order)]);
  if (!r.operands.empty()) sink.append_char(' ');
  OperandText operands(r.operands);
  while (!operands.at_end()) print_operand(operands.next(), insn, pc, sink);
}

Expected<Insn<Concrete>> parse(std::string_view line, std::uint64_t pc) {
  TRY(const Insn<Concrete> insn, LineParser(line, pc).parse());
  TRY(encode(insn));
  return insn;
}

}  // namespace probity::riscv
