// SPDX-License-Identifier: Apache-2.0
// Word-level circuits over gates: ripple-carry adders, barrel shifters for any width, shift-and-add
// products and restoring division. Ripple carries are deliberate: CaDiCaL propagates through them
// better than through trees.
#include "solver/circuits.hpp"

#include <algorithm>

namespace probity::solver {

Bits constant_bits(unsigned width, Number value) {
  Bits bits(width);
  for (unsigned i = 0; i < width; ++i) bits[i] = constant(((value >> i) & 1) != 0);
  return bits;
}

Bits inverted(BitsView a) {
  Bits bits(a.begin(), a.end());
  for (Lit& bit : bits) bit = -bit;
  return bits;
}

unsigned leading_zeros(BitsView a) {
  unsigned count = 0;
  while (count < a.size() && a[a.size() - 1 - count] == false_lit) ++count;
  return count;
}

unsigned trailing_zeros(BitsView a) {
  unsigned count = 0;
  while (count < a.size() && a[count] == false_lit) ++count;
  return count;
}

Bits add(Gates& gates, BitsView a, BitsView b, Lit carry) {
  const std::size_t width = a.size();
  Bits sum(width);
  for (std::size_t i = 0; i < width; ++i) {
    sum[i] = gates.xor_(gates.xor_(a[i], b[i]), carry);
    if (i + 1 == width) break;
    carry = gates.majority(a[i], b[i], carry);
    if (gates.mutation() == Mutation::wrong_carry && i == width / 2) carry = false_lit;
  }
  return sum;
}

Bits subtract(Gates& gates, BitsView a, BitsView b) {
  return add(gates, a, inverted(b), true_lit);
}

Lit equal(Gates& gates, BitsView a, BitsView b) {
  Bits same;
  same.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == -b[i]) return false_lit;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Lit bit = -gates.xor_(a[i], b[i]);
    if (bit != true_lit) same.push_back(bit);
  }
  return gates.all_of(same);
}

Lit less(Gates& gates, BitsView a, BitsView b) {
  Lit borrow = false_lit;
  for (std::size_t i = 0; i < a.size(); ++i) borrow = gates.majority(-a[i], b[i], borrow);
  return borrow;
}

Bits mux(Gates& gates, Lit condition, BitsView then, BitsView otherwise) {
  Bits bits(then.size());
  for (std::size_t i = 0; i < bits.size(); ++i) {
    bits[i] = gates.mux(condition, then[i], otherwise[i]);
  }
  return bits;
}

namespace {

/// `a` moved by a fixed distance, to the left for shl, else to the right.
Bits moved(Op op, BitsView a, std::size_t distance, Lit fill) {
  Bits bits(a.size(), fill);
  for (std::size_t i = 0; i + distance < a.size(); ++i) {
    if (op == Op::shl)
      bits[i + distance] = a[i];
    else
      bits[i] = a[i + distance];
  }
  return bits;
}

}  // namespace

Bits shift(Gates& gates, Op op, BitsView a, BitsView count) {
  const std::size_t width = a.size();
  const Lit fill = op == Op::ashr ? a[width - 1] : false_lit;
  Bits bits(a.begin(), a.end());
  std::size_t stage = 0;
  for (; (std::size_t{1} << stage) < width; ++stage) {
    if (gates.mutation() == Mutation::short_shift && stage == 2) continue;
    bits = mux(gates, count[stage], moved(op, bits, std::size_t{1} << stage, fill), bits);
  }
  Lit too_far = false_lit;
  for (; stage < width; ++stage) too_far = gates.or_(too_far, count[stage]);
  for (Lit& bit : bits) bit = gates.mux(too_far, fill, bit);
  return bits;
}

Bits multiply(Gates& gates, BitsView a, BitsView b) {
  const std::size_t width = a.size();
  const auto rows = [](BitsView x) {
    return x.size() - std::size_t(std::ranges::count(x, false_lit));
  };
  if (rows(b) < rows(a)) std::swap(a, b);
  Bits sum(width, false_lit);
  bool empty = true;
  for (std::size_t i = 0; i < width; ++i) {
    if (a[i] == false_lit) continue;
    Bits row(width - i);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = gates.and_(a[i], b[j]);
    if (!empty) row = add(gates, BitsView(sum).subspan(i), row, false_lit);
    std::ranges::copy(row, sum.begin() + std::ptrdiff_t(i));
    empty = false;
  }
  return sum;
}

Bits multiply_constant(Gates& gates, BitsView a, Number factor) {
  const unsigned width = unsigned(a.size());
  Bits sum(width, false_lit);
  bool empty = true;
  for (unsigned i = 0; i < width && (factor & mask<Number>(width - i)) != 0; ++i, factor >>= 1) {
    if ((factor & 1) == 0) continue;
    const bool negative = (factor & 2) != 0 && i + 1 < width;
    if (negative) factor += 2;
    const Bits row = moved(Op::shl, a, i, false_lit);
    if (negative)
      sum = add(gates, sum, inverted(row), true_lit);
    else
      sum = empty ? row : add(gates, sum, row, false_lit);
    empty = false;
  }
  return sum;
}

QuotientRemainder divide(Gates& gates, BitsView n, BitsView d) {
  const std::size_t width = n.size();
  QuotientRemainder result{Bits(width), Bits(width, false_lit)};
  Bits& remainder = result.remainder;
  const Bits minus_d = inverted(d);
  for (std::size_t i = width; i-- > 0;) {
    const Lit overflow = remainder[width - 1];
    std::ranges::rotate(remainder, remainder.end() - 1);
    remainder[0] = n[i];
    const Lit too_small = gates.and_(-overflow, less(gates, remainder, d));
    result.quotient[i] = -too_small;
    const Bits reduced = add(gates, remainder, minus_d, true_lit);
    remainder = mux(gates, too_small, remainder, reduced);
  }
  return result;
}

QuotientRemainder divide_constant(Gates& gates, BitsView n, Number d) {
  const unsigned width = unsigned(n.size());
  Bits quotient = gates.fresh_bits(width);
  const Number largest = mask<Number>(width) / d;
  for (unsigned i = 0; i < width; ++i) {
    if ((largest >> i) == 0) quotient[i] = false_lit;
  }
  const Bits product = multiply_constant(gates, quotient, d);
  Bits remainder = subtract(gates, n, product);
  for (unsigned i = 0; i < width; ++i) {
    if (((d - 1) >> i) != 0) continue;  // it has no more bits than the largest one
    gates.clause({-remainder[i]});
    remainder[i] = false_lit;
  }
  gates.clause({less(gates, remainder, constant_bits(width, d))});
  gates.clause({-less(gates, n, product)});
  gates.clause({-less(gates, constant_bits(width, largest), quotient)});
  return {std::move(quotient), std::move(remainder)};
}

void imply_equal(Gates& gates, Lit condition, BitsView a, BitsView b) {
  if (condition == false_lit) return;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    gates.clause({-condition, -a[i], b[i]});
    gates.clause({-condition, a[i], -b[i]});
  }
}

}  // namespace probity::solver
