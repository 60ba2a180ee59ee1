// SPDX-License-Identifier: Apache-2.0
// RV64IMAC, Zba and Zbb as data: `row(form)` gives the columns of insn.def. An Insn is a decoded
// instruction: registers are plain, the immediate is a value of the domain. That rows are pairwise
// disjoint, and that every operand is a field and every field an operand, is checked here at
// compile time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "domain/bv.hpp"
#include "domain/concrete.hpp"
#include "isa/machine.hpp"
#include "isa/riscv/format.hpp"
#include "isa/riscv/reg.hpp"

namespace probity::riscv {

/// One row of insn.def.
enum class Form : std::uint8_t {
#define RV(form, ...) form,
#include "isa/riscv/insn.def"
};
constexpr std::size_t form_count = 0
#define RV(...) +1
#include "isa/riscv/insn.def"
    ;

enum class Extension : std::uint8_t { I, M, A, Zba, Zbb, C };

enum class Meaning : std::uint8_t {
  lui,
  auipc,
  jal,
  jalr,
  branch,
  load,
  store,
  alu,
  fence,
  trap,
  load_reserved,
  store_conditional,
  amo,
  compressed,
};
enum class BranchOp : std::uint8_t { beq, bne, blt, bge, bltu, bgeu };
enum class LoadOp : std::uint8_t { sign, zero };
enum class AmoOp : std::uint8_t { swap, add, xor_, and_, or_, min, max, minu, maxu };
enum class AluOp : std::uint8_t {
  add,
  sub,
  sll,
  slt,
  sltu,
  xor_,
  srl,
  sra,
  or_,
  and_,
  mul,
  mulh,
  mulhsu,
  mulhu,
  div,
  divu,
  rem,
  remu,
  add_uw,
  sh1add,
  sh2add,
  sh3add,
  sh1add_uw,
  sh2add_uw,
  sh3add_uw,
  slli_uw,
  andn,
  orn,
  xnor,
  clz,
  ctz,
  cpop,
  max,
  maxu,
  min,
  minu,
  sext_b,
  sext_h,
  zext_h,
  rol,
  ror,
  orc_b,
  rev8,
};

/// Where an operand of an expansion comes from: a field of the compressed row, or a constant.
struct Source {
  Field field = Field::fixed;
  std::uint8_t value = 0;
};
/// What a compressed row means: another row, operand by operand.
struct Expansion {
  Form form = Form::addi;
  Source rd, rs1, rs2, imm;
};

struct Row {
  std::string_view name;      ///< the form's
  std::string_view operands;  ///< text
  Format format;
  Extension extension;
  Meaning meaning;
  std::uint8_t operation;  ///< an AluOp, BranchOp, … as the meaning says
  std::uint8_t width;      ///< of the operation or access, in bits
  Expansion expansion;     ///< of a compressed row
};

namespace detail {

/// The columns that are text.
struct Columns {
  std::string_view name, operands, bits, expansion;
};
inline constexpr std::array<Columns, form_count> columns = {{
#define RV(form, operands, bits, ...) {#form, operands, bits, ""},
#define RVC(form, operands, bits, expansion) {#form, operands, bits, expansion},
#include "isa/riscv/insn.def"
}};

consteval std::size_t form_named(std::string_view mnemonic) {
  for (std::size_t form = 0; form < form_count; ++form) {
    std::string_view name = columns[form].name;
    if (name.ends_with("_")) name.remove_suffix(1);
    if (name == mnemonic) return form;
  }
  malformed("an expansion names no such row");
  return 0;
}

consteval Source read_source(std::string_view word) {
  if (word == "0") return {};
  if (const Field field = field_named(word); field != Field::fixed) return {field, 0};
  for (std::size_t i = 0; i < reg_names.size(); ++i) {
    if (word == reg_names[i]) return {Field::fixed, static_cast<std::uint8_t>(i)};
  }
  malformed("an expansion has an operand that is no field, register or 0");
  return {};
}

/// The next word of an operand list; empty at its end.
consteval std::string_view next_operand(RowScanner& scan) {
  while (!scan.at_end()) {
    if (const std::string_view word = scan.word(); !word.empty()) return word;
    scan.skip();
  }
  return {};
}

/// `addi rd, sp, imm`: its operands stand in the order of the other row's.
consteval Expansion read_expansion(std::string_view text) {
  if (text.empty()) return {};
  RowScanner scan(text);
  const std::size_t form = form_named(scan.word());
  Expansion expansion;
  expansion.form = static_cast<Form>(form);
  RowScanner wanted(columns[form].operands);
  while (true) {
    const std::string_view name = next_operand(wanted);
    const std::string_view given = next_operand(scan);
    if (name.empty() != given.empty()) malformed("an expansion has other operands than its row");
    if (name.empty()) return expansion;
    switch (field_named(name)) {
      case Field::rd: expansion.rd = read_source(given); break;
      case Field::rs1: expansion.rs1 = read_source(given); break;
      case Field::rs2: expansion.rs2 = read_source(given); break;
      case Field::imm: expansion.imm = read_source(given); break;
      case Field::fixed:
      case Field::order:
      case Field::pred:
      case Field::succ: malformed("an expansion of a row with such operands");
    }
  }
}

}  // namespace detail

/// The table; indexed by Form.
inline constexpr std::array<Row, form_count> rows = {{
#define RV(form, operands, bits, extension, meaning, operation, width) \
  Row{#form,                                                           \
      operands,                                                        \
      FormatReader::read(bits, operands),                              \
      Extension::extension,                                            \
      Meaning::meaning,                                                \
      static_cast<std::uint8_t>(operation),                            \
      width,                                                           \
      {}},
#define RVC(form, operands, bits, expansion)                                                  \
  Row{#form, operands, FormatReader::read(bits, operands), Extension::C, Meaning::compressed, \
      0,     64,       detail::read_expansion(expansion)},
#include "isa/riscv/insn.def"
}};
constexpr const Row& row(Form form) {
  return rows[static_cast<std::size_t>(form)];
}

/// The mnemonic is the form's name with `.` for `_`, without a `_` at its end.
constexpr std::size_t mnemonic_size(const Row& row) {
  return row.name.size() - (row.name.ends_with("_") ? 1 : 0);
}
constexpr char mnemonic_character(char c) {
  return c == '_' ? '.' : c;
}

namespace detail {
consteval bool rows_are_disjoint() {
  for (std::size_t a = 0; a < form_count; ++a) {
    for (std::size_t b = a + 1; b < form_count; ++b) {
      if (overlap(rows[a].format, rows[b].format)) malformed("two rows share an instruction");
    }
  }
  return true;
}
}  // namespace detail
static_assert(detail::rows_are_disjoint());

/// A decoded instruction; operands that the row has not are zero.
template <Domain D>
struct Insn {
  Form form = Form::addi;
  Reg rd = Reg::zero;
  Reg rs1 = Reg::zero;
  Reg rs2 = Reg::zero;
  isa::Order order = isa::Order::relaxed;  ///< .aq is acquire, .rl release, .aqrl full
  std::uint8_t pred = 0;                   ///< of fence: bits i, o, r, w from the highest
  std::uint8_t succ = 0;
  unsigned length = 4;                ///< in bytes
  Bv<D, 64> imm = Bv<D, 64>::lit(0);  ///< extended and shifted: a displacement is in bytes
};

constexpr bool operator==(const Insn<Concrete>& a, const Insn<Concrete>& b) {
  return a.form == b.form && a.rd == b.rd && a.rs1 == b.rs1 && a.rs2 == b.rs2 &&
         a.order == b.order && a.pred == b.pred && a.succ == b.succ && a.length == b.length &&
         a.imm.raw() == b.imm.raw();
}

}  // namespace probity::riscv
