// SPDX-License-Identifier: Apache-2.0
// The obligations of a table of x86-64 rows: x86_obligations() is those of our table, tests also
// state them of a wrong one.
//   isa/x86/head/ROW        all registers, conditions and lengths of displacement (enumerated):
//                           the decoder reads the head that the encoder wrote, and no byte more
//   isa/x86/values/ROW      all displacements and immediates (symbolic), every base: decoding the
//                           bytes, whatever follows them, gives the instruction and its length
//   isa/x86/disjoint/ROW    no opcode and ModRM byte (symbolic) selects this row and another
//   isa/x86/fits/FIELD      fits(x) exactly when sign-extending the field gives x
// The encoder is head, then values, and the head depends on values only through the length of the
// displacement (encode_impl.hpp, by the types of head_of and put_values); the decoder is the same
// (decode_impl.hpp, read_head and read_values). So head and values together are: for all registers
// and all numbers at once, decode(encode(x)) = x.
#pragma once

#include <span>
#include <vector>

#include "isa/x86/row.hpp"
#include "proof/proof.hpp"

namespace probity::theorems {

/// `table` must outlive the obligations.
std::vector<proof::Obligation> x86_table_obligations(std::span<const x86::Row> table);

}  // namespace probity::theorems
