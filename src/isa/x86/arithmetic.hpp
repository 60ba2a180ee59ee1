// SPDX-License-Identifier: Apache-2.0
// Arithmetic that x86-64 has and SMT-LIB has not: parity, the upper half of a product, division of
// a dividend of twice the width. Bit vectors have at most 64 bits, so the product is put together
// from 32-bit parts and the 128-bit dividend is the World's (see semantics.hpp).
#pragma once

#include "domain/bv.hpp"
#include "isa/machine.hpp"

namespace probity::x86::detail {

template <Domain D, unsigned W>
constexpr Bool<D> sign_bit(Bv<D, W> a) {
  return bits<W - 1, W - 1>(a);
}

/// 1 when the low byte has an even number of ones.
template <Domain D, unsigned W>
constexpr Bool<D> even_parity(Bv<D, W> a) {
  const Bv<D, 4> nibble = bits<7, 4>(a) ^ bits<3, 0>(a);
  const Bv<D, 2> pair = bits<3, 2>(nibble) ^ bits<1, 0>(nibble);
  return ~(bits<1, 1>(pair) ^ bits<0, 0>(pair));
}

template <Domain D, unsigned W>
constexpr Bv<D, W> swapped_bytes(Bv<D, W> a) {
  if constexpr (W == 8) {
    return a;
  } else {
    return concat(swapped_bytes(bits<W / 2 - 1, 0>(a)), swapped_bytes(bits<W - 1, W / 2>(a)));
  }
}

/// The upper half of the product of two unsigned numbers; of 64-bit ones by 32-bit parts.
template <Domain D, unsigned W>
constexpr Bv<D, W> high_product(Bv<D, W> a, Bv<D, W> b) {
  if constexpr (W <= 32) {
    return bits<2 * W - 1, W>(zext<2 * W>(a) * zext<2 * W>(b));
  } else {
    const auto low = [](Bv<D, 64> x) { return zext<64>(bits<31, 0>(x)); };
    const auto high = [](Bv<D, 64> x) { return zext<64>(bits<63, 32>(x)); };
    const Bv<D, 64> middle = high(a) * low(b) + high(low(a) * low(b));
    const Bv<D, 64> carry = low(a) * high(b) + low(middle);
    return high(a) * high(b) + high(middle) + high(carry);
  }
}

/// The same of signed numbers.
template <Domain D, unsigned W>
constexpr Bv<D, W> high_signed_product(Bv<D, W> a, Bv<D, W> b) {
  if constexpr (W <= 32) {
    return bits<2 * W - 1, W>(sext<2 * W>(a) * sext<2 * W>(b));
  } else {
    const Bv<D, W> zero = Bv<D, W>::lit(0);
    return high_product(a, b) - ite(sign_bit(a), b, zero) - ite(sign_bit(b), a, zero);
  }
}

template <Domain D, unsigned W>
struct Division {
  Bv<D, W> quotient, remainder;
  Bool<D> error;
};

/// Of a dividend of the divisor's width.
template <Domain D, unsigned W>
constexpr Division<D, W> divide_narrow(isa::Signedness sign, Bv<D, W> dividend, Bv<D, W> divisor) {
  const Bool<D> by_zero = divisor == Bv<D, W>::lit(0);
  if (sign == isa::Signedness::is_unsigned)
    return {udiv(dividend, divisor), urem(dividend, divisor), by_zero};
  const Bool<D> overflow =
      (dividend == Bv<D, W>::lit(std::uint64_t{1} << (W - 1))) & (divisor == ~Bv<D, W>::lit(0));
  return {sdiv(dividend, divisor), srem(dividend, divisor), by_zero | overflow};
}

/// Of a dividend of twice the divisor's width.
template <Domain D, unsigned W, typename World>
constexpr Division<D, W> divide_wide(isa::Signedness sign, Bv<D, W> high, Bv<D, W> low,
                                     Bv<D, W> divisor, World& world) {
  if constexpr (W == 64) {
    const isa::WideDivision<D> result = world.divide_wide(sign, high, low, divisor);
    return {result.quotient, result.remainder, result.error};
  } else {
    const bool is_signed = sign == isa::Signedness::is_signed;
    const Bv<D, 2 * W> dividend = concat(high, low);
    const Bv<D, 2 * W> wide = is_signed ? sext<2 * W>(divisor) : zext<2 * W>(divisor);
    const Division<D, 2 * W> exact = divide_narrow(sign, dividend, wide);
    const Bv<D, W> quotient = trunc<W>(exact.quotient);
    const Bv<D, 2 * W> back = is_signed ? sext<2 * W>(quotient) : zext<2 * W>(quotient);
    return {quotient, trunc<W>(exact.remainder), exact.error | (back != exact.quotient)};
  }
}

}  // namespace probity::x86::detail
