// SPDX-License-Identifier: Apache-2.0
// The parser: a line becomes a mnemonic and up to three operands, then every row of that mnemonic
// whose operand types and fields take them is a candidate, and the shortest encoding wins.
#include <array>
#include <optional>

#include "isa/x86/encode.hpp"
#include "isa/x86/text.hpp"
#include "isa/x86/text_names.hpp"

namespace probity::x86 {
namespace {

/// An operand as written.
struct Written {
  enum class Kind : std::uint8_t { reg, mem, number };
  Kind kind = Kind::number;
  unsigned width = 0;  ///< of a register or of memory; 0: `[...]` without a size
  Reg reg = Reg::rax;
  Mem<Concrete> mem = {};
  bool negative = false;
  std::uint64_t magnitude = 0;

  /// Modulo 2^64.
  std::uint64_t value() const { return negative ? 0 - magnitude : magnitude; }
};

struct Statement {
  std::string_view mnemonic;  ///< with `lock `, if written
  std::array<Written, 3> operands = {};
  std::size_t operand_count = 0;
};

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_word(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

struct SizedReg {
  Reg reg;
  unsigned width;
};
std::optional<SizedReg> find_reg(std::string_view word) {
  for (const unsigned width : {64u, 32u, 16u, 8u}) {
    for (std::size_t i = 0; i < reg_count; ++i) {
      if (name(static_cast<Reg>(i), width) == word) return SizedReg{static_cast<Reg>(i), width};
    }
  }
  return std::nullopt;
}

unsigned size_of_word(std::string_view word) {
  if (word == "byte" || word == "BYTE") return 8;
  if (word == "word" || word == "WORD") return 16;
  if (word == "dword" || word == "DWORD") return 32;
  return word == "qword" || word == "QWORD" ? 64 : 0;
}

class Parser {
 public:
  explicit Parser(std::string_view line) : line_(line) {}

  Expected<Statement> statement() {
    Statement result;
    skip_blanks();
    const std::size_t start = at_;
    if (word() == "lock") {
      skip_blanks();
      if (line_.substr(start, at_ - start) != "lock ") return fail("`lock` takes one blank");
      word();
    }
    result.mnemonic = line_.substr(start, at_ - start);
    if (result.mnemonic.empty()) return fail("there is no mnemonic");
    for (skip_blanks(); at_ != line_.size(); skip_blanks()) {
      if (result.operand_count == result.operands.size()) return fail("more than 3 operands");
      if (result.operand_count != 0 && !accept(',')) return fail("expected `,`");
      TRY(result.operands[result.operand_count], operand());
      ++result.operand_count;
    }
    return result;
  }

 private:
  void skip_blanks() {
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t')) ++at_;
  }
  char peek() {
    skip_blanks();
    return at_ < line_.size() ? line_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  std::string_view word() {
    skip_blanks();
    const std::size_t start = at_;
    while (at_ < line_.size() && is_word(line_[at_])) ++at_;
    return line_.substr(start, at_ - start);
  }

  Expected<Written> operand() {
    Written result;
    if (peek() == '-' || is_digit(peek())) {
      result.negative = accept('-');
      TRY(result.magnitude, number());
      return result;
    }
    if (peek() == '[') return memory(0);
    const std::size_t start = at_;
    const std::string_view first = word();
    if (const unsigned width = size_of_word(first); width != 0) {
      const std::string_view ptr = word();
      if (ptr != "ptr" && ptr != "PTR") return fail("expected `ptr`");
      return memory(width);
    }
    const std::optional<SizedReg> reg = find_reg(first);
    if (!reg) {
      at_ = start;
      return fail("this is no operand");
    }
    result.kind = Written::Kind::reg;
    result.width = reg->width;
    result.reg = reg->reg;
    return result;
  }

  /// `[base + index*scale - disp]`, terms in any order; the scale may stand first.
  Expected<Written> memory(unsigned width) {
    Written result;
    result.kind = Written::Kind::mem;
    result.width = width;
    if (!accept('[')) return fail("expected `[`");
    bool has_base = false;
    do {
      const bool negative = line_[at_ - 1] == '-';
      TRY(const Term term, address_term());
      if (!term.reg) {
        TRY(add_disp(result.mem, term.number, negative));
      } else if (negative) {
        return fail("a register cannot be subtracted");
      } else if (!has_base && !term.scaled) {
        has_base = true;
        result.mem.base = *term.reg;
      } else {
        TRY(set_index(result.mem, *term.reg, term.number));
      }
    } while (accept('+') || accept('-'));
    if (!accept(']')) return fail("expected `]`");
    if (!has_base) return fail("an address needs a base register");
    return result;
  }

  struct Term {
    std::optional<Reg> reg;
    bool scaled = false;
    std::uint64_t number = 1;  ///< the scale, or the displacement when there is no register
  };
  Expected<Term> address_term() {
    Term term;
    if (is_digit(peek())) {
      TRY(term.number, number());
      if (!accept('*')) return term;
      term.scaled = true;
    }
    const std::optional<SizedReg> reg = find_reg(word());
    if (!reg || reg->width != 64) return fail("expected a 64-bit register");
    term.reg = reg->reg;
    if (!term.scaled && accept('*')) {
      term.scaled = true;
      TRY(term.number, number());
    }
    return term;
  }

  Expected<void> set_index(Mem<Concrete>& mem, Reg reg, std::uint64_t scale) {
    if (mem.index) return fail("an address has at most one index");
    if (reg == Reg::rsp) return fail("rsp cannot be an index");
    for (std::uint8_t log2 = 0; log2 < 4; ++log2) {
      if (scale != 1u << log2) continue;
      mem.index = reg;
      mem.scale_log2 = log2;
      return {};
    }
    return fail("a scale is 1, 2, 4 or 8");
  }

  Expected<void> add_disp(Mem<Concrete>& mem, std::uint64_t magnitude, bool negative) {
    if (magnitude > (negative ? 0x8000'0000u : 0x7fff'ffffu)) {
      return fail("a displacement is -0x80000000..0x7fffffff");
    }
    const Bv<Concrete, 32> value = Bv<Concrete, 32>::lit(magnitude);
    mem.disp = negative ? mem.disp - value : mem.disp + value;
    return {};
  }

  /// Decimal, or hexadecimal with 0x; below 2^64.
  Expected<std::uint64_t> number() {
    const std::string_view digits = word();
    const bool hex = digits.starts_with("0x");
    if (digits.size() == (hex ? 2 : 0)) return fail("expected a number");
    std::uint64_t value = 0;
    const std::uint64_t base = hex ? 16 : 10;
    for (const char c : digits.substr(hex ? 2 : 0)) {
      const char low = lower(c);
      const std::uint64_t digit = is_digit(low) ? static_cast<std::uint64_t>(low - '0')
                                                : static_cast<std::uint64_t>(low - 'a' + 10);
      if (digit >= base) return fail("this is no number");
      if (value > (~std::uint64_t{0} - digit) / base) return fail("a number is below 2^64");
      value = value * base + digit;
    }
    return value;
  }

  std::unexpected<Diagnostic> fail(std::string_view what) {
    std::array<char, Diagnostic::capacity> buffer;
    TextSink sink(buffer);
    sink.append("column ").append_unsigned(at_ + 1).append(": ").append(what);
    sink.append(" in `").append(line_).append("`");
    return error(Fault::bad_input, sink.view());
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

/// `mnemonic` names this row; sets the condition of a jcc, setcc or cmovcc.
bool names_row(std::string_view mnemonic, const Row& shape, Insn<Concrete>& insn) {
  if (shape.opcode_field != OpcodeField::cond) {
    return mnemonic == shape.mnemonic || mnemonic == text_mnemonic(shape) ||
           (mnemonic == "sal" && shape.mnemonic == "shl");
  }
  if (!mnemonic.starts_with(without_cond(shape.mnemonic))) return false;
  std::string_view cond = mnemonic.substr(shape.mnemonic.size() - 2);
  for (const CondAlias& alias : cond_aliases) {
    if (alias.alias == cond) cond = alias.name;
  }
  for (std::size_t i = 0; i < cond_names.size(); ++i) {
    if (cond_names[i] != cond) continue;
    insn.cond = static_cast<Cond>(i);
    return true;
  }
  return false;
}

/// Stores a number in the immediate field when sign-extending the field to the operand's width
/// gives that number again, read as signed or unsigned.
bool take_imm(const Row& shape, Operand operand, const Written& written, Insn<Concrete>& insn) {
  const unsigned width = imm_is_count(shape) ? 8 : shape.operands[0].width;
  const std::uint64_t limit = mask<std::uint64_t>(width);
  if (written.negative ? written.magnitude > limit / 2 + 1 : written.magnitude > limit)
    return false;
  insn.imm = Bv<Concrete, 64>::lit(
      Concrete::sext(operand.width, 64, written.value() & mask<std::uint64_t>(operand.width)));
  return ((insn.imm.raw() ^ written.value()) & limit) == 0;
}

/// The row's encoding of a jump has one length, so it is known before the distance is.
bool take_target(const Row& shape, const Written& written, std::uint64_t address,
                 Insn<Concrete>& insn) {
  const unsigned length = (shape.map == Map::two_byte ? 2u : 1u) + shape.imm_bytes;
  const std::uint64_t distance = written.value() - (address + length);
  insn.imm = Bv<Concrete, 64>::lit(distance);
  const unsigned width = shape.imm_bytes * 8u;
  return Concrete::sext(width, 64, distance & mask<std::uint64_t>(width)) == distance;
}

bool take_mem(Operand operand, const Row& shape, const Written& written, Insn<Concrete>& insn) {
  insn.rm_is_mem = written.kind == Written::Kind::mem;
  insn.mem = written.mem;
  insn.rm = written.reg;
  if (insn.rm_is_mem) return operand.width == 0 || written.width == operand.width;
  return written.kind == Written::Kind::reg && shape.rm_may_be_reg &&
         written.width == operand.width;
}

bool take(const Row& shape, Operand operand, const Written& written, std::uint64_t address,
          Insn<Concrete>& insn) {
  const bool is_number = written.kind == Written::Kind::number;
  const bool is_reg = written.kind == Written::Kind::reg && written.width == operand.width;
  switch (operand.kind) {
    case OperandKind::none:
    case OperandKind::cond: return false;
    case OperandKind::reg: insn.reg = written.reg; return is_reg;
    case OperandKind::vvvv: insn.vvvv = written.reg; return is_reg;
    case OperandKind::rm:
    case OperandKind::mem: return take_mem(operand, shape, written, insn);
    case OperandKind::imm: return is_number && take_imm(shape, operand, written, insn);
    case OperandKind::rel: return is_number && take_target(shape, written, address, insn);
    case OperandKind::one: return is_number && written.value() == 1;
    case OperandKind::cl: return is_reg && written.reg == Reg::rcx;
  }
  return false;
}

/// The statement as an instruction of this row, if it is one.
std::optional<Insn<Concrete>> match(Form form, const Statement& statement, std::uint64_t address) {
  const Row& shape = row(form);
  Insn<Concrete> insn;
  insn.form = form;
  if (!names_row(statement.mnemonic, shape, insn)) return std::nullopt;
  std::size_t i = 0;
  for (const Operand& operand : shape.operands) {
    if (operand.kind == OperandKind::none || operand.kind == OperandKind::cond) continue;
    // LLVM leaves the 1 of a shift out.
    if (i == statement.operand_count && operand.kind == OperandKind::one) continue;
    if (i == statement.operand_count) return std::nullopt;
    if (!take(shape, operand, statement.operands[i++], address, insn)) return std::nullopt;
  }
  if (i != statement.operand_count) return std::nullopt;
  return insn;
}

unsigned encoded_bytes(const Insn<Concrete>& insn) {
  std::array<std::uint8_t, 32> room;
  isa::Code<Concrete> code(room.data());
  put(code, insn);
  return code.size();
}

}  // namespace

Expected<Insn<Concrete>> parse(std::string_view line, std::uint64_t address) {
  TRY(const Statement statement, Parser(line).statement());
  std::optional<Insn<Concrete>> best;
  for (std::size_t i = 0; i < form_count; ++i) {
    std::optional<Insn<Concrete>> insn = match(static_cast<Form>(i), statement, address);
    if (!insn) continue;
    insn->length = encoded_bytes(*insn);
    if (!best || insn->length < best->length) best = insn;
  }
  if (best) return *best;
  std::array<char, Diagnostic::capacity> buffer;
  TextSink sink(buffer);
  sink.append("no form of `").append(statement.mnemonic).append("` takes the operands of `");
  sink.append(line).append("`");
  return error(Fault::bad_input, sink.view());
}

}  // namespace probity::x86
