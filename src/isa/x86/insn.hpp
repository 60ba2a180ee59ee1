// SPDX-License-Identifier: Apache-2.0
// Insn<D>: a decoded x86-64 instruction. Registers and conditions are enums, immediates and
// displacements values of the domain. Which fields mean something follows from the form's row;
// the others have their defaults.
#pragma once

#include "isa/x86/operand.hpp"
#include "isa/x86/row.hpp"
#include "isa/x86/row_reader.hpp"

namespace probity::x86 {

/// The rows one by one, each a constant expression of its own: compilers limit their length.
namespace row_of {
#define X86(form, mnemonic, operands, encoding) \
  inline constexpr Row form = require_row(#form, mnemonic, operands, encoding);
#include "isa/x86/insn.def"
#undef X86
}  // namespace row_of

/// The table; indexed by Form.
inline constexpr std::array<Row, form_count> rows = {{
#define X86(form, ...) row_of::form,
#include "isa/x86/insn.def"
#undef X86
}};
constexpr const Row& row(Form form) {
  return rows[static_cast<std::size_t>(form)];
}

/// No x86-64 instruction is longer; none of the table's canonical encodings comes close.
constexpr unsigned max_insn_bytes = 15;

template <Domain D>
struct Insn {
  Form form = Form::nop;
  Cond cond = Cond::o;
  Reg reg = Reg::rax;      ///< operand `rN`: ModRM.reg, or the register in the opcode
  Reg vvvv = Reg::rax;     ///< the second operand `rN` of shlx, shrx, sarx: the count
  bool rm_is_mem = false;  ///< operand `r/mN` is `mem`, not `rm`
  Reg rm = Reg::rax;
  Mem<D> mem = {};
  Bv<D, 64> imm = Bv<D, 64>::lit(0);  ///< immediate or displacement, sign-extended to 64 bits
  unsigned length = 0;                ///< bytes; the encoder ignores it
};

}  // namespace probity::x86
