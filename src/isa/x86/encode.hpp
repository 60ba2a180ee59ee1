// SPDX-License-Identifier: Apache-2.0
// The encoder. put<Form::add_rm64_imm8>(code, rax, imm) takes the operands of the row in Intel's
// order, implied ones (1, cl) left out: Reg for rN, Reg or Mem<D> for r/mN, Cond, and Bv<D, W> of
// exactly the field's width for immediates and displacements. Memory operands take the shortest of
// no displacement, disp8 and disp32, by decide(). rel8 and rel32 count from the instruction's end.
#pragma once

#include "isa/code.hpp"
#include "isa/x86/encode_impl.hpp"
#include "isa/x86/insn.hpp"

namespace probity::x86 {

/// Encodes `insn` as `row` says: for rows and operands known at run time only.
template <PathDomain D>
void put(isa::Code<D>& code, const Row& row, const Insn<D>& insn);
/// The same with the row of its form.
template <PathDomain D>
void put(isa::Code<D>& code, const Insn<D>& insn);

/// Encodes one instruction of a form known at compile time.
template <Form form, PathDomain D, typename... Operands>
void put(isa::Code<D>& code, const Operands&... operands);

}  // namespace probity::x86
