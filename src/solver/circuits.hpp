// SPDX-License-Identifier: Apache-2.0
// Circuits: words of literals, lowest bit first, of any width from 1 up. Each function encodes one
// operation with SMT-LIB's meaning exactly; operands have equal width. Constant bits fold, so
// narrow operands stay cheap.
#pragma once

#include <cstdint>

#include "domain/op.hpp"
#include "solver/gates.hpp"

namespace probity::solver {

Bits constant_bits(unsigned width, Number value);
Bits inverted(BitsView a);
unsigned leading_zeros(BitsView a);   ///< constant ones only
unsigned trailing_zeros(BitsView a);  ///< constant ones only

Bits add(Gates& gates, BitsView a, BitsView b, Lit carry);
Bits subtract(Gates& gates, BitsView a, BitsView b);
Lit equal(Gates& gates, BitsView a, BitsView b);
Lit less(Gates& gates, BitsView a, BitsView b);  ///< unsigned
Bits mux(Gates& gates, Lit condition, BitsView then, BitsView otherwise);
/// `op` is shl, lshr or ashr; a count of at least the width gives the fill.
Bits shift(Gates& gates, Op op, BitsView a, BitsView count);
Bits multiply(Gates& gates, BitsView a, BitsView b);
/// Shift-and-add over the non-adjacent form of `factor`: at most half of its digits are not zero.
Bits multiply_constant(Gates& gates, BitsView a, Number factor);

struct QuotientRemainder {
  Bits quotient, remainder;
};
/// Restoring division; by zero it yields all ones and the dividend without a special case.
QuotientRemainder divide(Gates& gates, BitsView n, BitsView d);
/// By a constant other than zero: a fresh quotient with n - q*d < d, q*d <= n and q*d not
/// overflowing. No divider.
QuotientRemainder divide_constant(Gates& gates, BitsView n, Number d);

/// Clauses for `condition -> a = b`.
void imply_equal(Gates& gates, Lit condition, BitsView a, BitsView b);

}  // namespace probity::solver
