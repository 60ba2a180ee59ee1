// SPDX-License-Identifier: Apache-2.0
// Parsing the kernel's style: one method per statement. LLVM's w registers are taken where the insn
// works on 32 bits or fewer (`w0 = *(u8 *)(r1 + 0)`); they name the same insn as the r spelling.
#include "isa/bpf/text_kernel.hpp"

#include "isa/bpf/text_kernel_ops.hpp"
#include "isa/bpf/text_scanner.hpp"

namespace probity::bpf {

namespace {

using Result = TextExpected<ParsedInsn>;

ParsedInsn plain(Form form, Reg dst, Reg src, std::int16_t off) {
  ParsedInsn parsed;
  parsed.insn.form = form;
  parsed.insn.dst = dst;
  parsed.insn.src = src;
  parsed.insn.off = off;
  return parsed;
}

/// Lowest index of `count` operators whose sign is `sign`.
template <typename T>
std::optional<T> operator_named(std::string_view sign, std::string_view (*sign_of)(T),
                                std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (sign_of(static_cast<T>(i)) == sign) return static_cast<T>(i);
  }
  return std::nullopt;
}

constexpr std::size_t alu_op_count = static_cast<std::size_t>(AluOp::arsh) + 1;
constexpr std::size_t jmp_op_count = static_cast<std::size_t>(JmpOp::jsle) + 1;
constexpr std::size_t atomic_op_count = static_cast<std::size_t>(AtomicOp::cmpxchg) + 1;

/// `(u8 *)`: the kind and the width.
struct Type {
  char kind = 'u';
  unsigned width = 0;
};

/// A register with the class its prefix gives.
struct Operand {
  char prefix = 'r';
  Reg reg = Reg::r0;
};

class Parser {
 public:
  Parser(std::string_view text, const HelperNames& names) : scan_(text), names_(names) {}

  Result insn() {
    TRY(const ParsedInsn parsed, statement());
    TRY(scan_.require_end());
    return parsed;
  }

 private:
  Result statement();
  Result jump(Form form);
  Result branch();
  Result call();
  Result call_by_name();
  Result locked();
  Result store();
  Result store_release();
  Result assignment();
  Result assigned(Operand dst);
  Result arithmetic(Operand dst, AluOp op);
  Result negated(Operand dst);
  Result sign_extended(Operand dst);
  Result swapped(Operand dst, SwapOp op, unsigned width);
  Result load(Operand dst);
  Result packet(Operand dst, Type type);
  Result fetched(Operand dst, std::string_view word);
  Result load_acquire(Operand dst);
  Result number_or_lddw(Operand dst);
  Result address(Operand dst, std::string_view word);

  TextExpected<Operand> any_reg();
  TextExpected<Reg> reg_of(Operand same);
  TextExpected<Type> type();
  TextExpected<ParsedInsn> memory();
  TextExpected<Reg> narrow_reg(unsigned width);
  bool next_is_any_reg() { return scan_.next_is_reg('r') || scan_.next_is_reg('w'); }
  std::string_view sign();

  Scanner scan_;
  const HelperNames& names_;
};

TextExpected<Operand> Parser::any_reg() {
  const char prefix = scan_.next_is_reg('w') ? 'w' : 'r';
  TRY(const Reg reg, scan_.reg(prefix));
  return Operand{prefix, reg};
}

/// The next register, which must be `same` spelled the same way.
TextExpected<Reg> Parser::reg_of(Operand same) {
  const std::uint32_t column = scan_.column();
  TRY(const Operand operand, any_reg());
  if (operand.prefix != same.prefix || operand.reg != same.reg) {
    return Scanner::fail_at(column, {"the operand must be the register assigned to"});
  }
  return operand.reg;
}

/// A register that holds `width` bits of memory: r, or w for 32 and fewer.
TextExpected<Reg> Parser::narrow_reg(unsigned width) {
  return scan_.reg(width <= 32 && scan_.next_is_reg('w') ? 'w' : 'r');
}

TextExpected<Type> Parser::type() {
  TRY(scan_.require("("));
  const std::string_view word = scan_.peek_word();
  Type result;
  if (word == "u8" || word == "s8") result.width = 8;
  if (word == "u16" || word == "s16") result.width = 16;
  if (word == "u32" || word == "s32") result.width = 32;
  if (word == "u64") result.width = 64;
  if (result.width == 0) {
    return scan_.fail({"'", word, "' is not one of u8 u16 u32 u64 s8 s16 s32"});
  }
  result.kind = word[0];
  scan_.take(word);
  TRY(scan_.require("*"));
  TRY(scan_.require(")"));
  return result;
}

/// `(r1 + 4)`: the base in src and dst, the displacement in off.
TextExpected<ParsedInsn> Parser::memory() {
  TRY(scan_.require("("));
  TRY(const Reg base, scan_.reg('r'));
  TRY(const Number number, scan_.signed_number());
  TRY(const std::int16_t off, off16(number));
  TRY(scan_.require(")"));
  return plain(Form::exit, base, base, off);
}

/// The operator that comes next, without taking it; longest first.
std::string_view Parser::sign() {
  constexpr std::string_view signs[] = {
      "s>>=", "s/=", "s%=", ">>=", "<<=", "s>=", "s<=", "+=", "-=", "*=", "/=", "|=", "&=",
      "%=",   "^=",  "==",  "!=",  ">=",  "<=",  "s>",  "s<", ">",  "<",  "&",  "="};
  for (const std::string_view candidate : signs) {
    if (scan_.rest().starts_with(candidate)) return candidate;
  }
  return {};
}

Result Parser::jump(Form form) {
  ParsedInsn parsed;
  parsed.insn.form = form;
  TRY(const Target target, scan_.target());
  TRY(set_target(parsed, target));
  return parsed;
}

Result Parser::branch() {
  TRY(const Operand dst, any_reg());
  const std::string_view relation = sign();
  const std::optional<JmpOp> op = operator_named(relation, &compare_sign, jmp_op_count);
  if (!op || *op == JmpOp::ja) {
    return scan_.fail({"expected one of == != > >= < <= s> s>= s< s<= &"});
  }
  scan_.take(relation);
  const unsigned width = dst.prefix == 'w' ? 32 : 64;
  const bool reg = next_is_any_reg();
  const Operands operands = reg ? Operands::dst_src_off : Operands::dst_imm_off;
  const std::uint8_t operation = static_cast<std::uint8_t>(*op);
  const std::optional<Form> form = find_row(Meaning::branch, operation, width, operands);
  if (!form) return scan_.fail({"no such comparison"});
  ParsedInsn parsed = plain(*form, dst.reg, Reg::r0, 0);
  if (reg) {
    TRY(parsed.insn.src, scan_.reg(dst.prefix));
  } else {
    TRY(const Number number, scan_.number());
    TRY(parsed.insn.imm, width == 64 ? signed_imm32(number) : imm32(number));
  }
  if (!scan_.accept_word("goto")) return scan_.fail({"expected 'goto'"});
  TRY(const Target target, scan_.target());
  TRY(set_target(parsed, target));
  return parsed;
}

Result Parser::call() {
  ParsedInsn parsed;
  const std::string_view word = scan_.peek_word();
  const std::string_view left = scan_.rest();
  const bool relative = left.starts_with("+") || left.starts_with("-") || left.starts_with("pc+") ||
                        left.starts_with("pc-");
  if (relative) return jump(Form::call_local);
  if (word == "kfunc" && left.substr(word.size()).starts_with("#")) {
    scan_.take("kfunc#");
    parsed.insn.form = Form::call_kfunc;
  } else {
    const bool name = !word.empty() && (word[0] < '0' || word[0] > '9');
    if (name) return call_by_name();
    parsed.insn.form = Form::call_helper;
    static_cast<void>(scan_.accept("#"));
  }
  TRY(const Number number, scan_.number());
  TRY(parsed.insn.imm, imm32(number));
  return parsed;
}

/// `call bpf_name#1`, `call bpf_name`, or a label.
Result Parser::call_by_name() {
  const std::string_view name = scan_.peek_word();
  const std::optional<std::uint32_t> id = names_.id_of(name);
  const bool numbered = scan_.rest().substr(name.size()).starts_with("#");
  if (!id && !numbered) return jump(Form::call_local);
  const std::uint32_t column = scan_.column();
  scan_.take(name);
  ParsedInsn parsed;
  parsed.insn.form = Form::call_helper;
  if (!numbered) {
    parsed.insn.imm = static_cast<std::int32_t>(*id);
    return parsed;
  }
  scan_.take("#");
  TRY(const Number number, scan_.number());
  TRY(parsed.insn.imm, imm32(number));
  const std::string_view known = names_.name_of(static_cast<std::uint32_t>(parsed.insn.imm));
  const bool agrees = id ? static_cast<std::int32_t>(*id) == parsed.insn.imm : known.empty();
  if (!agrees) {
    return Scanner::fail_at(column,
                            {"helper ", number.text, " is ",
                             known.empty() ? std::string_view("unknown") : known, ", not ", name});
  }
  return parsed;
}

/// `lock *(u64 *)(r1 + 0) += r2`
Result Parser::locked() {
  TRY(scan_.require("*"));
  const std::uint32_t column = scan_.column();
  TRY(const Type t, type());
  TRY(ParsedInsn parsed, memory());
  const std::string_view update = sign();
  const std::optional<AtomicOp> op = operator_named(update, &atomic_word, atomic_op_count);
  if (!op) return scan_.fail({"expected one of += |= &= ^="});
  scan_.take(update);
  const std::optional<Form> form =
      find_row(Meaning::atomic, static_cast<std::uint8_t>(*op), t.width, Operands::mem_src);
  if (!form || t.kind != 'u') return Scanner::fail_at(column, {"atomics take u32 or u64"});
  parsed.insn.form = *form;
  TRY(parsed.insn.src, narrow_reg(t.width));
  return parsed;
}

/// `*(u8 *)(r1 + 4) = r2` or `= 5`
Result Parser::store() {
  const std::uint32_t column = scan_.column();
  TRY(const Type t, type());
  if (t.kind != 'u') return Scanner::fail_at(column, {"stores take u8 u16 u32 u64"});
  TRY(ParsedInsn parsed, memory());
  TRY(scan_.require("="));
  const bool reg = next_is_any_reg();
  const std::optional<Form> form = find_row(reg ? Meaning::store_reg : Meaning::store_imm, 0,
                                            t.width, reg ? Operands::mem_src : Operands::mem_imm);
  if (!form) return Scanner::fail_at(column, {"no such store"});
  parsed.insn.form = *form;
  if (reg) {
    TRY(parsed.insn.src, narrow_reg(t.width));
    return parsed;
  }
  parsed.insn.src = Reg::r0;
  TRY(const Number number, scan_.number());
  TRY(parsed.insn.imm, t.width == 64 ? signed_imm32(number) : imm32(number));
  return parsed;
}

/// `store_release((u8 *)(r1 + 0), r2)`
Result Parser::store_release() {
  TRY(scan_.require("("));
  const std::uint32_t column = scan_.column();
  TRY(const Type t, type());
  TRY(ParsedInsn parsed, memory());
  const std::optional<Form> form = find_row(Meaning::store_release, 0, t.width, Operands::mem_src);
  if (!form || t.kind != 'u') return Scanner::fail_at(column, {"store_release takes u8 to u64"});
  parsed.insn.form = *form;
  TRY(scan_.require(","));
  TRY(parsed.insn.src, narrow_reg(t.width));
  TRY(scan_.require(")"));
  return parsed;
}

Result Parser::arithmetic(Operand dst, AluOp op) {
  const unsigned width = dst.prefix == 'w' ? 32 : 64;
  const bool reg = next_is_any_reg();
  const std::optional<Form> form = find_row(Meaning::alu, static_cast<std::uint8_t>(op), width,
                                            reg ? Operands::dst_src : Operands::dst_imm);
  if (!form) return scan_.fail({"no such operation"});
  ParsedInsn parsed = plain(*form, dst.reg, Reg::r0, 0);
  if (reg) {
    TRY(parsed.insn.src, scan_.reg(dst.prefix));
    return parsed;
  }
  TRY(const Number number, scan_.number());
  TRY(parsed.insn.imm, width == 64 ? signed_imm32(number) : imm32(number));
  return parsed;
}

Result Parser::negated(Operand dst) {
  TRY(reg_of(dst));
  return plain(dst.prefix == 'w' ? Form::neg32 : Form::neg64, dst.reg, Reg::r0, 0);
}

/// `r0 = (s8)r1`
Result Parser::sign_extended(Operand dst) {
  TRY(scan_.require("("));
  const bool half = dst.prefix == 'w';
  const std::string_view word = scan_.peek_word();
  std::optional<Form> form;
  if (word == "s8") form = half ? Form::movsx32_8 : Form::movsx64_8;
  if (word == "s16") form = half ? Form::movsx32_16 : Form::movsx64_16;
  if (word == "s32" && !half) form = Form::movsx64_32;
  if (!form) return scan_.fail({"'", word, "' is not a narrower signed type of the register"});
  scan_.take(word);
  TRY(scan_.require(")"));
  TRY(const Reg src, scan_.reg(dst.prefix));
  return plain(*form, dst.reg, src, 0);
}

Result Parser::swapped(Operand dst, SwapOp op, unsigned width) {
  TRY(reg_of(dst));
  const std::optional<Form> form =
      find_row(Meaning::byte_swap, static_cast<std::uint8_t>(op), width, Operands::dst);
  if (!form) return scan_.fail({"byte swaps take 16, 32 or 64 bits"});
  return plain(*form, dst.reg, Reg::r0, 0);
}

/// `*(u8 *)(r1 + 4)` or `*(u8 *)skb[12]`
Result Parser::load(Operand dst) {
  const std::uint32_t column = scan_.column();
  TRY(const Type t, type());
  if (scan_.accept_word("skb")) return packet(dst, t);
  if (dst.prefix == 'w' && (t.kind == 's' || t.width > 32)) {
    return Scanner::fail_at(column, {"this load fills all of an r register"});
  }
  TRY(ParsedInsn parsed, memory());
  const MemOp op = t.kind == 's' ? MemOp::sign : MemOp::zero;
  const std::optional<Form> form =
      find_row(Meaning::load, static_cast<std::uint8_t>(op), t.width, Operands::dst_mem);
  if (!form) return Scanner::fail_at(column, {"no such load"});
  parsed.insn.form = *form;
  parsed.insn.dst = dst.reg;
  return parsed;
}

/// `skb[12]`, `skb[r1]` or `skb[r1 + 4]`
Result Parser::packet(Operand dst, Type t) {
  if (dst.reg != Reg::r0 || dst.prefix != 'r') return scan_.fail({"packet loads go to r0"});
  TRY(scan_.require("["));
  const bool indirect = scan_.next_is_reg('r');
  const PacketOp op = indirect ? PacketOp::indirect : PacketOp::absolute;
  const std::optional<Form> form = find_row(Meaning::load_packet, static_cast<std::uint8_t>(op),
                                            t.width, indirect ? Operands::src_imm : Operands::imm);
  if (!form || t.kind != 'u') return scan_.fail({"packet loads take u8, u16 or u32"});
  ParsedInsn parsed = plain(*form, Reg::r0, Reg::r0, 0);
  if (indirect) {
    TRY(parsed.insn.src, scan_.reg('r'));
    TRY(const Number number, scan_.signed_number());
    TRY(parsed.insn.imm, imm32(number));
  } else {
    TRY(const Number number, scan_.number());
    TRY(parsed.insn.imm, imm32(number));
  }
  TRY(scan_.require("]"));
  return parsed;
}

/// `atomic64_fetch_add((u64 *)(r1 + 0), r2)`, after the word
Result Parser::fetched(Operand dst, std::string_view word) {
  const bool wide = word.starts_with("atomic64_");
  const std::string_view name = word.substr(wide ? 9 : 7);
  const std::optional<AtomicOp> op = operator_named(name, &atomic_word, atomic_op_count);
  if (!op || !fetches(*op)) return scan_.fail({"'", word, "' is no atomic operation"});
  TRY(scan_.require("("));
  const std::uint32_t column = scan_.column();
  TRY(const Type t, type());
  if (t.kind != 'u' || t.width != (wide ? 64u : 32u)) {
    return Scanner::fail_at(column, {word, " takes ", wide ? "u64" : "u32"});
  }
  TRY(ParsedInsn parsed, memory());
  TRY(scan_.require(","));
  const bool cmpxchg = *op == AtomicOp::cmpxchg;
  if (cmpxchg) {
    TRY(const Reg expected, narrow_reg(t.width));
    if (expected != Reg::r0) return scan_.fail({"cmpxchg compares with r0"});
    TRY(scan_.require(","));
  }
  TRY(parsed.insn.src, narrow_reg(t.width));
  if (dst.reg != (cmpxchg ? Reg::r0 : parsed.insn.src) || (wide && dst.prefix == 'w')) {
    return scan_.fail(
        {cmpxchg ? "cmpxchg's result goes to r0" : "the result goes to the operand's register"});
  }
  TRY(scan_.require(")"));
  const std::optional<Form> form =
      find_row(Meaning::atomic, static_cast<std::uint8_t>(*op), t.width, Operands::mem_src);
  if (!form) return scan_.fail({"no such atomic"});
  parsed.insn.form = *form;
  return parsed;
}

Result Parser::load_acquire(Operand dst) {
  TRY(scan_.require("("));
  const std::uint32_t column = scan_.column();
  TRY(const Type t, type());
  const std::optional<Form> form = find_row(Meaning::load_acquire, 0, t.width, Operands::dst_mem);
  if (!form || t.kind != 'u' || (dst.prefix == 'w' && t.width > 32)) {
    return Scanner::fail_at(column, {"load_acquire takes u8 to u64, the last with an r register"});
  }
  TRY(ParsedInsn parsed, memory());
  TRY(scan_.require(")"));
  parsed.insn.form = *form;
  parsed.insn.dst = dst.reg;
  return parsed;
}

Result Parser::number_or_lddw(Operand dst) {
  TRY(const Number number, scan_.number());
  if (scan_.accept_word("ll")) {
    if (dst.prefix == 'w') return scan_.fail({"64-bit immediates go to r registers"});
    TRY(const std::uint64_t value, imm64(number));
    ParsedInsn parsed = plain(Form::lddw, dst.reg, Reg::r0, 0);
    parsed.insn.imm = static_cast<std::int32_t>(value);
    parsed.insn.next_imm = static_cast<std::int32_t>(value >> 32);
    return parsed;
  }
  ParsedInsn parsed =
      plain(dst.prefix == 'w' ? Form::mov32_imm : Form::mov64_imm, dst.reg, Reg::r0, 0);
  TRY(parsed.insn.imm, dst.prefix == 'w' ? imm32(number) : signed_imm32(number));
  return parsed;
}

/// `map[3] ll`, `map[3][8] ll`, `func pc+4 ll`, …; `word` is taken already
Result Parser::address(Operand dst, std::string_view word) {
  if (dst.prefix == 'w') return scan_.fail({"addresses go to r registers"});
  ParsedInsn parsed = plain(Form::lddw_func, dst.reg, Reg::r0, 0);
  if (word == "func") {
    TRY(const Target target, scan_.target());
    TRY(set_target(parsed, target));
  } else {
    TRY(scan_.require("["));
    TRY(const Number first, scan_.number());
    TRY(parsed.insn.imm, imm32(first));
    TRY(scan_.require("]"));
    const bool two = scan_.accept("[");
    if (two) {
      TRY(const Number second, scan_.number());
      TRY(parsed.insn.next_imm, imm32(second));
      TRY(scan_.require("]"));
    }
    if (word == "map") parsed.insn.form = two ? Form::lddw_map_value : Form::lddw_map;
    if (word == "map_idx") parsed.insn.form = two ? Form::lddw_map_idx_value : Form::lddw_map_idx;
    if (word == "var") parsed.insn.form = Form::lddw_var;
  }
  if (!scan_.accept_word("ll")) return scan_.fail({"expected 'll'"});
  return parsed;
}

/// What follows `r0 =`.
Result Parser::assigned(Operand dst) {
  if (scan_.accept("*")) return load(dst);
  if (scan_.rest().starts_with("(")) return sign_extended(dst);
  const std::string_view left = scan_.rest();
  if (left.starts_with("-r") || left.starts_with("-w")) {
    scan_.take("-");
    return negated(dst);
  }
  if (next_is_any_reg()) return arithmetic(dst, AluOp::mov);
  const std::string_view word = scan_.peek_word();
  for (const SwapOp op : {SwapOp::to_le, SwapOp::to_be, SwapOp::always}) {
    for (const unsigned width : {16u, 32u, 64u}) {
      const std::string_view bits = width == 16 ? "16" : width == 32 ? "32" : "64";
      const std::string_view name = swap_word(op);
      if (word.size() != name.size() + 2 || !word.starts_with(name) || !word.ends_with(bits)) {
        continue;
      }
      scan_.take(word);
      return swapped(dst, op, width);
    }
  }
  if (word.starts_with("atomic_") || word.starts_with("atomic64_")) {
    scan_.take(word);
    return fetched(dst, word);
  }
  if (scan_.accept_word("load_acquire")) return load_acquire(dst);
  if (word == "map" || word == "map_idx" || word == "var" || word == "func") {
    scan_.take(word);
    return address(dst, word);
  }
  return number_or_lddw(dst);
}

Result Parser::assignment() {
  TRY(const Operand dst, any_reg());
  const std::string_view text = sign();
  const std::optional<AluOp> op = operator_named(text, &alu_sign, alu_op_count);
  if (!op) return scan_.fail({"expected one of = += -= *= /= s/= |= &= <<= >>= s>>= %= s%= ^="});
  scan_.take(text);
  if (text == "=") return assigned(dst);
  return arithmetic(dst, *op);
}

Result Parser::statement() {
  if (scan_.accept_word("exit")) return ParsedInsn{};
  if (scan_.accept_word("goto")) return jump(Form::ja);
  if (scan_.accept_word("gotol")) return jump(Form::ja32);
  if (scan_.accept_word("may_goto")) return jump(Form::may_goto);
  if (scan_.accept_word("if")) return branch();
  if (scan_.accept_word("call")) return call();
  if (scan_.accept_word("lock")) return locked();
  if (scan_.accept_word("store_release")) return store_release();
  if (scan_.accept("*")) return store();
  if (scan_.accept_word("callx")) {
    TRY(const Reg reg, scan_.reg('r'));
    return plain(Form::callx, reg, Reg::r0, 0);
  }
  if (next_is_any_reg()) return assignment();
  return scan_.fail({"unknown insn '", scan_.peek_word(), "'"});
}

}  // namespace

TextExpected<ParsedInsn> parse_kernel_insn(std::string_view text, const HelperNames& names) {
  TRY(ParsedInsn parsed, Parser(text, names).insn());
  return parsed;
}

Expected<Insn> parse_kernel(std::string_view text, const HelperNames& names) {
  return require_no_label(parse_kernel_insn(text, names));
}

}  // namespace probity::bpf
