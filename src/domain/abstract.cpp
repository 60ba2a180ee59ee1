// SPDX-License-Identifier: Apache-2.0
// Known bits, and the bounds that they give; numbers of which all bits are known are folded.
#include "domain/abstract.hpp"

#include <algorithm>

namespace probity {
namespace {

using Word = AbstractWord;

std::uint64_t mask_of(unsigned width) {
  return mask<std::uint64_t>(width);
}

std::int64_t signed_of(unsigned width, std::uint64_t value) {
  return as_signed<std::uint64_t>(value, width);
}

Word from_bits(unsigned width, std::uint64_t zeros, std::uint64_t ones) {
  const std::uint64_t all = mask_of(width);
  zeros |= ~all;
  const std::uint64_t high = ~zeros & all;
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  const std::uint64_t least = (zeros & sign) != 0 ? ones : ones | sign;
  const std::uint64_t most = (ones & sign) != 0 ? high : high & ~sign;
  return {zeros, ones, ones, high, signed_of(width, least), signed_of(width, most)};
}

std::optional<Word> known_bits(Op op, unsigned width, const Word& a, const Word& b) {
  const auto count = Abstract::constant(width, b);
  const std::uint64_t all = mask_of(width);
  switch (op) {
    case Op::not_: return from_bits(width, a.ones, a.zeros & all);
    case Op::and_: return from_bits(width, a.zeros | b.zeros, a.ones & b.ones);
    case Op::or_: return from_bits(width, a.zeros & b.zeros, a.ones | b.ones);
    case Op::xor_:
      return from_bits(width, (a.zeros & b.zeros) | (a.ones & b.ones),
                       ((a.zeros & b.ones) | (a.ones & b.zeros)) & all);
    case Op::shl:
      if (!count || *count >= width) return std::nullopt;
      return from_bits(width,
                       a.zeros << *count | mask_of(static_cast<unsigned>(*count)) * (*count != 0),
                       a.ones << *count & all);
    case Op::lshr:
      if (!count || *count >= width) return std::nullopt;
      return from_bits(width, (a.zeros & all) >> *count | ~(all >> *count), a.ones >> *count);
    case Op::neg:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::udiv:
    case Op::urem:
    case Op::sdiv:
    case Op::srem:
    case Op::ashr: return std::nullopt;
    case Op::eq:
      if ((a.ones & b.zeros & all) != 0 || (a.zeros & b.ones & all) != 0)
        return Abstract::lit(1, 0);
      return std::nullopt;
    case Op::ult:
      if (a.high < b.low) return Abstract::lit(1, 1);
      if (a.low >= b.high) return Abstract::lit(1, 0);
      return std::nullopt;
    case Op::ule:
      if (a.high <= b.low) return Abstract::lit(1, 1);
      if (a.low > b.high) return Abstract::lit(1, 0);
      return std::nullopt;
    case Op::slt:
      if (a.signed_high < b.signed_low) return Abstract::lit(1, 1);
      if (a.signed_low >= b.signed_high) return Abstract::lit(1, 0);
      return std::nullopt;
    case Op::sle:
      if (a.signed_high <= b.signed_low) return Abstract::lit(1, 1);
      if (a.signed_low > b.signed_high) return Abstract::lit(1, 0);
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Word Abstract::un(Op op, unsigned width, const Word& a) {
  return bin(op, width, a, lit(width, 0));
}

Word Abstract::bin(Op op, unsigned width, const Word& a, const Word& b) {
  const unsigned result = is_relation(op) ? 1 : width;
  const auto x = constant(width, a), y = constant(width, b);
  if (x && y) return lit(result, fold<std::uint64_t>(op, width, *x, *y));
  return known_bits(op, width, a, b).value_or(any(result));
}

Word Abstract::ite(unsigned width, const Word& condition, const Word& a, const Word& b) {
  if (const auto chosen = constant(1, condition)) return *chosen != 0 ? a : b;
  return join(width, a, b);
}

Word Abstract::zext(unsigned, unsigned to, const Word& a) {
  return from_bits(to, a.zeros, a.ones);
}

Word Abstract::sext(unsigned from, unsigned to, const Word& a) {
  const std::uint64_t above = mask_of(to) & ~mask_of(from);
  const std::uint64_t sign = std::uint64_t{1} << (from - 1);
  const std::uint64_t zeros = (a.zeros & sign) != 0 ? a.zeros | above : a.zeros & ~above;
  return from_bits(to, zeros, (a.ones & sign) != 0 ? a.ones | above : a.ones);
}

Word Abstract::extract(unsigned low, unsigned width, const Word& a) {
  return from_bits(width, a.zeros >> low, a.ones >> low & mask_of(width));
}

Word Abstract::concat(unsigned high_width, unsigned low_width, const Word& high, const Word& low) {
  const unsigned width = high_width + low_width;
  return from_bits(width, high.zeros << low_width | (low.zeros & mask_of(low_width)),
                   high.ones << low_width | low.ones);
}

Word Abstract::join(unsigned width, const Word& a, const Word& b) {
  return from_bits(width, a.zeros & b.zeros, a.ones & b.ones);
}

Word Abstract::widen(unsigned width, const Word& before, const Word& next) {
  return join(width, before, next);
}

bool Abstract::contains(unsigned width, const Word& a, std::uint64_t value) {
  const std::int64_t number = signed_of(width, value);
  return (value & a.zeros) == 0 && (~value & a.ones) == 0 && a.low <= value && value <= a.high &&
         a.signed_low <= number && number <= a.signed_high;
}

std::optional<std::uint64_t> Abstract::constant(unsigned, const Word& a) {
  if (a.low != a.high) return std::nullopt;
  return a.low;
}

}  // namespace probity
