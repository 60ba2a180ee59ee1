// SPDX-License-Identifier: Apache-2.0
// Abstract: a value is what is certain about a number: bits known to be 0 or 1, and its least and
// greatest value, unsigned and signed. The domain of the optimizer's facts. Its transfer functions
// (abstract_ops.hpp, abstract_refine.hpp) are templates over a domain themselves, proved over
// terms.
#pragma once

#include <cstdint>
#include <optional>

#include "domain/domain.hpp"

namespace probity {

/// All numbers of some width that agree with every member.
struct AbstractWord {
  std::uint64_t zeros = 0;  ///< bits that are 0
  std::uint64_t ones = 0;   ///< bits that are 1
  std::uint64_t low = 0;    ///< unsigned
  std::uint64_t high = 0;
  std::int64_t signed_low = 0;
  std::int64_t signed_high = 0;
  friend constexpr bool operator==(const AbstractWord&, const AbstractWord&) = default;
};

/// What a comparison can say of its operands; the last two: they have a bit in common, or none.
enum class Relation : std::uint8_t { eq, ne, ult, ule, slt, sle, common, disjoint };

struct AbstractOperands {
  AbstractWord a;
  AbstractWord b;
};

struct Abstract {
  using Word = AbstractWord;
  /// Nothing is known.
  static constexpr Word any(unsigned width) {
    const std::uint64_t mask = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
    const auto top = static_cast<std::int64_t>(mask >> 1);
    return {~mask, 0, 0, mask, -top - 1, top};
  }
  static constexpr Word lit(unsigned width, std::uint64_t value) {
    const unsigned unused = 64 - width;
    const auto number = static_cast<std::int64_t>(value << unused) >> unused;
    return {~value, value, value, value, number, number};
  }

  // What a Domain has: the results of all numbers that the operands stand for, and maybe more.
  static Word un(Op op, unsigned width, const Word& a);
  static Word bin(Op op, unsigned width, const Word& a, const Word& b);
  static Word ite(unsigned width, const Word& condition, const Word& a, const Word& b);
  static Word zext(unsigned from, unsigned to, const Word& a);
  static Word sext(unsigned from, unsigned to, const Word& a);
  static Word extract(unsigned low, unsigned width, const Word& a);
  static Word concat(unsigned high_width, unsigned low_width, const Word& high, const Word& low);

  /// The numbers of both, and maybe more.
  static Word join(unsigned width, const Word& a, const Word& b);
  /// `next`, or more: a bound that is not the one of `before` is given up, so that a chain of these
  /// ends soon.
  static Word widen(unsigned width, const Word& before, const Word& next);
  /// The operands when the relation holds between them; nothing when it cannot.
  static std::optional<AbstractOperands> given(Relation relation, unsigned width, const Word& a,
                                               const Word& b);
  /// 64 bits, when the lower 32 of them are of `half`; nothing when they cannot be.
  static std::optional<Word> with_low_half(const Word& a, const Word& half);
  static bool contains(unsigned width, const Word& a, std::uint64_t value);
  /// The number, if there is only one.
  static std::optional<std::uint64_t> constant(unsigned width, const Word& a);
};
static_assert(Domain<Abstract> && !PathDomain<Abstract>);

}  // namespace probity
