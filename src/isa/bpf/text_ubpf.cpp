// SPDX-License-Identifier: Apache-2.0
// The uBPF text. mnemonic() turns a row's name into the text's word (`add64_imm` is `add`,
// `atomic32_fetch_add` is `lock fetch add32`); the printer writes it, the parser collects the
// leading words of a line and looks for the row with that mnemonic whose operands have the shape
// that follows.
#include "isa/bpf/text_ubpf.hpp"

#include "isa/bpf/text_scanner.hpp"

namespace probity::bpf {

namespace {

using Result = TextExpected<ParsedInsn>;
using Word = FixedText<24>;

std::string_view atomic_name(AtomicOp op) {
  switch (op) {
    case AtomicOp::add: return "lock add";
    case AtomicOp::or_: return "lock or";
    case AtomicOp::and_: return "lock and";
    case AtomicOp::xor_: return "lock xor";
    case AtomicOp::fetch_add: return "lock fetch add";
    case AtomicOp::fetch_or: return "lock fetch or";
    case AtomicOp::fetch_and: return "lock fetch and";
    case AtomicOp::fetch_xor: return "lock fetch xor";
    case AtomicOp::xchg: return "lock xchg";
    case AtomicOp::cmpxchg: return "lock cmpxchg";
  }
  return "";
}

/// `add64_imm` to `add`, `jeq32_reg` to `jeq32`.
std::string_view stem(const Row& r) {
  std::string_view name = r.name.substr(0, r.name.find('_'));
  if (r.meaning == Meaning::alu && name.ends_with("64")) name.remove_suffix(2);
  return name;
}

Word mnemonic(Form form) {
  const Row& r = row(form);
  std::array<char, 24> buffer{};
  TextSink sink(buffer);
  switch (r.meaning) {
    case Meaning::alu:
    case Meaning::branch: sink.append(stem(r)); break;
    case Meaning::movsx: {
      const bool half = form == Form::movsx32_8 || form == Form::movsx32_16;
      sink.append("movsx").append_unsigned(r.width).append(half ? "32" : "64");
      break;
    }
    case Meaning::atomic:
      sink.append(atomic_name(static_cast<AtomicOp>(r.operation)));
      if (r.width == 32) sink.append("32");
      break;
    case Meaning::call: sink.append("call"); break;
    case Meaning::load_imm64: sink.append("lddw"); break;
    case Meaning::byte_swap:
    case Meaning::jump:
    case Meaning::may_goto:
    case Meaning::exit:
    case Meaning::load_packet:
    case Meaning::load:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::load_acquire:
    case Meaning::store_release: sink.append(r.name); break;
  }
  return Word(sink.view());
}

class Printer {
 public:
  Printer(const Insn& insn, std::string_view target, TextSink& sink)
      : insn_(insn), row_(row(insn.form)), target_(target), sink_(sink) {}

  void print() {
    sink_.append(mnemonic(insn_.form).view());
    if (row_.operands != Operands::none) sink_.append(" ");
    operands();
  }

 private:
  void reg(Reg r) { sink_.append("%r").append_unsigned(static_cast<std::uint64_t>(r)); }
  void dst_and() {
    reg(insn_.dst);
    sink_.append(", ");
  }
  void imm() { sink_.append_signed(insn_.imm); }
  void memory(Reg base) {
    sink_.append("[");
    reg(base);
    if (insn_.off > 0) sink_.append("+");
    if (insn_.off != 0) sink_.append_signed(insn_.off);
    sink_.append("]");
  }
  void displacement(std::int64_t value) {
    if (!target_.empty()) {
      sink_.append(target_);
      return;
    }
    if (value >= 0) sink_.append("+");
    sink_.append_signed(value);
  }
  void operands();
  void imm_operand();
  void imm64();

  const Insn& insn_;
  const Row& row_;
  std::string_view target_;
  TextSink& sink_;
};

/// A lone imm: a displacement, a call's target or a packet offset.
void Printer::imm_operand() {
  if (row_.meaning == Meaning::jump) {
    displacement(insn_.imm);
  } else if (insn_.form == Form::call_local) {
    sink_.append("local ");
    displacement(insn_.imm);
  } else {
    if (insn_.form == Form::call_kfunc) sink_.append("runtime ");
    imm();
  }
}

void Printer::imm64() {
  switch (static_cast<ImmOp>(row_.operation)) {
    case ImmOp::value: sink_.append_hex(insn_.imm64(), 1); return;
    case ImmOp::func:
      sink_.append("func ");
      displacement(insn_.imm);
      return;
    case ImmOp::map: sink_.append("map["); break;
    case ImmOp::map_value: sink_.append("map["); break;
    case ImmOp::var: sink_.append("var["); break;
    case ImmOp::map_idx: sink_.append("map_idx["); break;
    case ImmOp::map_idx_value: sink_.append("map_idx["); break;
  }
  imm();
  sink_.append("]");
  const bool two = insn_.form == Form::lddw_map_value || insn_.form == Form::lddw_map_idx_value ||
                   (insn_.form == Form::lddw_var && insn_.next_imm != 0);
  if (two) sink_.append("[").append_signed(insn_.next_imm).append("]");
}

void Printer::operands() {
  switch (row_.operands) {
    case Operands::none: return;
    case Operands::dst: reg(insn_.dst); return;
    case Operands::dst_imm:
      dst_and();
      imm();
      return;
    case Operands::dst_src:
      dst_and();
      reg(insn_.src);
      return;
    case Operands::dst_imm64:
      dst_and();
      imm64();
      return;
    case Operands::off: displacement(insn_.off); return;
    case Operands::imm: imm_operand(); return;
    case Operands::dst_imm_off:
      dst_and();
      imm();
      sink_.append(", ");
      displacement(insn_.off);
      return;
    case Operands::dst_src_off:
      dst_and();
      reg(insn_.src);
      sink_.append(", ");
      displacement(insn_.off);
      return;
    case Operands::dst_mem:
      dst_and();
      memory(insn_.src);
      return;
    case Operands::mem_imm:
      memory(insn_.dst);
      sink_.append(", ");
      imm();
      return;
    case Operands::mem_src:
      memory(insn_.dst);
      sink_.append(", ");
      reg(insn_.src);
      return;
    case Operands::src_imm:
      reg(insn_.src);
      sink_.append(", ");
      imm();
      return;
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : scan_(text) {}

  Result insn();

 private:
  TextExpected<Form> form();
  bool shape_fits(const Row& r);
  TextExpected<Reg> reg();
  TextExpected<void> memory_into(Insn& insn);
  TextExpected<void> comma() { return scan_.require(","); }
  bool reg_follows();
  bool second_operand_is_reg();
  Result call();
  Result lddw();
  TextExpected<void> operands(ParsedInsn& parsed);

  Scanner scan_;
};

bool Parser::reg_follows() {
  return scan_.rest().starts_with("%") || scan_.next_is_reg('r');
}

TextExpected<Reg> Parser::reg() {
  static_cast<void>(scan_.accept("%"));
  return scan_.reg('r');
}

/// Looks past `%r1,` for a register.
bool Parser::second_operand_is_reg() {
  const std::string_view left = scan_.rest();
  const std::size_t comma_at = left.find(',');
  if (comma_at == std::string_view::npos) return false;
  Scanner ahead(left.substr(comma_at + 1));
  return ahead.rest().starts_with("%") || ahead.next_is_reg('r');
}

/// Immediate or register, where a mnemonic has both.
bool Parser::shape_fits(const Row& r) {
  switch (r.operands) {
    case Operands::dst_imm:
    case Operands::dst_imm_off: return !second_operand_is_reg();
    case Operands::dst_src:
    case Operands::dst_src_off: return second_operand_is_reg();
    case Operands::none:
    case Operands::dst:
    case Operands::dst_imm64:
    case Operands::off:
    case Operands::imm:
    case Operands::dst_mem:
    case Operands::mem_imm:
    case Operands::mem_src:
    case Operands::src_imm: return true;
  }
  return true;
}

/// Reads the mnemonic, `lock fetch add32` included.
TextExpected<Form> Parser::form() {
  const std::uint32_t column = scan_.column();
  std::array<char, 24> buffer{};
  TextSink sink(buffer);
  std::string_view word = scan_.peek_word();
  while (word == "lock" || word == "fetch") {
    scan_.take(word);
    sink.append(word).append(" ");
    word = scan_.peek_word();
  }
  scan_.take(word);
  const bool swap = word == "swap16" || word == "swap32" || word == "swap64";
  sink.append(swap ? "b" : "").append(word);
  const bool wide = word.ends_with("64") && !sink.truncated();
  const std::string_view text = sink.view();
  const std::string_view narrow = wide ? text.substr(0, text.size() - 2) : text;
  for (std::size_t i = 0; i < form_count; ++i) {
    const Form candidate = static_cast<Form>(i);
    const Row& r = row(candidate);
    const char first = r.meaning == Meaning::atomic ? 'l' : r.name[0];
    if (!text.starts_with(first)) continue;  // spares building most mnemonics
    const bool alias = r.meaning == Meaning::alu && r.width == 64;
    const Word name = mnemonic(candidate);
    const bool named = name.view() == text || (alias && wide && name.view() == narrow);
    if (named && shape_fits(r)) return candidate;
  }
  return Scanner::fail_at(column, {"unknown insn '", text, "'"});
}

/// `[%r10-8]`: the base in dst and src, the displacement in off.
TextExpected<void> Parser::memory_into(Insn& insn) {
  const bool to_memory = row(insn.form).operands != Operands::dst_mem;
  TRY(scan_.require("["));
  TRY((to_memory ? insn.dst : insn.src), reg());
  TRY(const Number number, scan_.signed_number());
  TRY(insn.off, off16(number));
  return scan_.require("]");
}

/// `call 5`, `call helper 5`, `call local L1`, `call runtime 2`, `call %r2`
Result Parser::call() {
  ParsedInsn parsed;
  if (reg_follows()) {
    parsed.insn.form = Form::callx;
    TRY(parsed.insn.dst, reg());
    return parsed;
  }
  if (scan_.accept_word("local")) {
    parsed.insn.form = Form::call_local;
    TRY(const Target target, scan_.target());
    TRY(set_target(parsed, target));
    return parsed;
  }
  parsed.insn.form = Form::call_helper;
  if (scan_.accept_word("runtime"))
    parsed.insn.form = Form::call_kfunc;
  else
    static_cast<void>(scan_.accept_word("helper"));
  TRY(const Number number, scan_.number());
  TRY(parsed.insn.imm, imm32(number));
  return parsed;
}

Result Parser::lddw() {
  ParsedInsn parsed;
  parsed.insn.form = Form::lddw;
  TRY(parsed.insn.dst, reg());
  TRY(comma());
  const std::string_view word = scan_.peek_word();
  if (scan_.accept_word("func")) {
    parsed.insn.form = Form::lddw_func;
    TRY(const Target target, scan_.target());
    TRY(set_target(parsed, target));
    return parsed;
  }
  if (word != "map" && word != "map_idx" && word != "var") {
    TRY(const Number number, scan_.number());
    TRY(const std::uint64_t value, imm64(number));
    parsed.insn.imm = static_cast<std::int32_t>(value);
    parsed.insn.next_imm = static_cast<std::int32_t>(value >> 32);
    return parsed;
  }
  scan_.take(word);
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
  return parsed;
}

TextExpected<void> Parser::operands(ParsedInsn& parsed) {
  Insn& insn = parsed.insn;
  const auto set_imm = [&]() -> TextExpected<void> {
    TRY(const Number number, scan_.number());
    TRY(insn.imm, imm32(number));
    return {};
  };
  const auto set_displacement = [&]() -> TextExpected<void> {
    TRY(const Target target, scan_.target());
    return set_target(parsed, target);
  };
  const Operands shape = row(insn.form).operands;
  switch (shape) {
    case Operands::none: return {};
    case Operands::off: return set_displacement();
    case Operands::imm:
      return row(insn.form).meaning == Meaning::jump ? set_displacement() : set_imm();
    case Operands::dst:
    case Operands::dst_imm:
    case Operands::dst_src:
    case Operands::dst_imm64:
    case Operands::dst_imm_off:
    case Operands::dst_src_off:
    case Operands::dst_mem: {
      TRY(insn.dst, reg());
      if (shape == Operands::dst) return {};
      TRY(comma());
      if (shape == Operands::dst_mem) return memory_into(insn);
      const bool from_reg = shape == Operands::dst_src || shape == Operands::dst_src_off;
      if (from_reg) {
        TRY(insn.src, reg());
      } else {
        TRY(set_imm());
      }
      if (shape == Operands::dst_imm || shape == Operands::dst_src) return {};
      TRY(comma());
      return set_displacement();
    }
    case Operands::mem_imm: {
      TRY(memory_into(insn));
      TRY(comma());
      return set_imm();
    }
    case Operands::mem_src: {
      TRY(memory_into(insn));
      TRY(comma());
      TRY(insn.src, reg());
      return {};
    }
    case Operands::src_imm: {
      TRY(insn.src, reg());
      TRY(comma());
      return set_imm();
    }
  }
  return {};
}

Result Parser::insn() {
  ParsedInsn parsed;
  if (scan_.accept_word("call")) {
    TRY(parsed, call());
  } else if (scan_.accept_word("lddw")) {
    TRY(parsed, lddw());
  } else {
    TRY(parsed.insn.form, form());
    TRY(operands(parsed));
  }
  TRY(scan_.require_end());
  return parsed;
}

}  // namespace

void print_ubpf(const Insn& insn, TextSink& sink) {
  Printer(insn, {}, sink).print();
}

void print_ubpf_with_label(const Insn& insn, std::string_view target, TextSink& sink) {
  Printer(insn, target, sink).print();
}

TextExpected<ParsedInsn> parse_ubpf_insn(std::string_view text) {
  return Parser(text).insn();
}

Expected<Insn> parse_ubpf(std::string_view text) {
  return require_no_label(parse_ubpf_insn(text));
}

}  // namespace probity::bpf
