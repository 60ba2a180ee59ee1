// SPDX-License-Identifier: Apache-2.0
// fold() against the definitions of the SMT-LIB theory FixedSizeBitVectors and logic QF_BV, written
// here a second time and in another way: on numbers as lists of bits and, for the signed
// operations, from the unsigned ones by the standard's own abbreviations. Exhaustive for all
// operand pairs at widths 1 to 8, sampled at 64 and 128.
#include <gtest/gtest.h>

#include <random>

#include "domain/op.hpp"

namespace probity {
namespace {

using Wide = unsigned __int128;

/// A bit vector as the standard has it: bit i of a number below 2^width.
struct Bits {
  unsigned width;
  Wide number;
  bool at(unsigned i) const { return (number >> i & 1) != 0; }
  bool sign() const { return at(width - 1); }
};

Wide power(unsigned exponent) {
  return Wide{1} << exponent;
}

template <typename F>
Wide bit_by_bit(Bits a, Bits b, F&& f) {
  Wide result = 0;
  for (unsigned i = 0; i < a.width; ++i) {
    if (f(a.at(i), b.at(i))) result += power(i);
  }
  return result;
}

/// nat2bv of a sum that may reach 2^(width+1), at width 128 by carry.
Wide add(Bits a, Bits b) {
  Wide result = 0;
  bool carry = false;
  for (unsigned i = 0; i < a.width; ++i) {
    const unsigned ones = unsigned{a.at(i)} + b.at(i) + carry;
    if (ones % 2 != 0) result += power(i);
    carry = ones >= 2;
  }
  return result;
}

Wide complement(Bits a) {
  return bit_by_bit(a, a, [](bool bit, bool) { return !bit; });
}
/// bvneg: 2^m - bv2nat(s), modulo 2^m.
Wide negate(Bits a) {
  return add({a.width, complement(a)}, {a.width, 1});
}

Wide multiply(Bits a, Bits b) {
  Wide result = 0;
  for (unsigned i = 0; i < a.width; ++i) {
    if (!b.at(i)) continue;
    Wide shifted = 0;
    for (unsigned j = i; j < a.width; ++j) {
      if (a.at(j - i)) shifted += power(j);
    }
    result = add({a.width, result}, {a.width, shifted});
  }
  return result;
}

/// bvult by comparison from the top.
bool less(Bits a, Bits b) {
  for (unsigned i = a.width; i-- > 0;) {
    if (a.at(i) != b.at(i)) return b.at(i);
  }
  return false;
}

struct Division {
  Wide quotient;
  Wide remainder;
};
/// School division; by zero, the standard gives all ones and the dividend.
Division divide(Bits a, Bits b) {
  if (b.number == 0) return {complement({a.width, 0}), a.number};
  Wide quotient = 0;
  Wide rest = 0;
  for (unsigned i = a.width; i-- > 0;) {
    const bool overflow = rest >> 127 != 0;
    rest = rest * 2 + a.at(i);
    if (!overflow && rest < b.number) continue;
    rest -= b.number;
    quotient += power(i);
  }
  return {quotient, rest};
}

/// bvsdiv as the standard abbreviates it, by the four combinations of signs.
Wide signed_quotient(Bits a, Bits b) {
  const unsigned w = a.width;
  const auto negated = [&](Bits x) { return Bits{w, negate(x)}; };
  if (!a.sign() && !b.sign()) return divide(a, b).quotient;
  if (a.sign() && !b.sign()) return negate({w, divide(negated(a), b).quotient});
  if (!a.sign() && b.sign()) return negate({w, divide(a, negated(b)).quotient});
  return divide(negated(a), negated(b)).quotient;
}

/// bvsrem: the sign follows the dividend.
Wide signed_remainder(Bits a, Bits b) {
  const unsigned w = a.width;
  const auto negated = [&](Bits x) { return Bits{w, negate(x)}; };
  if (!a.sign() && !b.sign()) return divide(a, b).remainder;
  if (a.sign() && !b.sign()) return negate({w, divide(negated(a), b).remainder});
  if (!a.sign() && b.sign()) return divide(a, negated(b)).remainder;
  return negate({w, divide(negated(a), negated(b)).remainder});
}

/// bvslt: (s[m-1] = 1 and t[m-1] = 0) or (signs equal and s < t).
bool signed_less(Bits a, Bits b) {
  if (a.sign() != b.sign()) return a.sign();
  return less(a, b);
}

/// Shifts by one place at a time, `count` times, with `fill` moving in.
Wide shift(Bits a, Wide count, bool left, bool fill) {
  Wide value = a.number;
  for (Wide i = 0; i < count && i < a.width; ++i) {
    Wide next = 0;
    for (unsigned j = 0; j < a.width; ++j) {
      const bool outside = left ? j == 0 : j + 1 == a.width;
      const bool bit = outside ? fill : (value >> (left ? j - 1 : j + 1) & 1) != 0;
      if (bit) next += power(j);
    }
    value = next;
  }
  return value;
}

Wide standard(Op op, Bits a, Bits b) {
  switch (op) {
    case Op::not_: return complement(a);
    case Op::neg: return negate(a);
    case Op::and_: return bit_by_bit(a, b, [](bool x, bool y) { return x && y; });
    case Op::or_: return bit_by_bit(a, b, [](bool x, bool y) { return x || y; });
    case Op::xor_: return bit_by_bit(a, b, [](bool x, bool y) { return x != y; });
    case Op::add: return add(a, b);
    case Op::sub: return add(a, {a.width, negate(b)});
    case Op::mul: return multiply(a, b);
    case Op::udiv: return divide(a, b).quotient;
    case Op::urem: return divide(a, b).remainder;
    case Op::sdiv: return signed_quotient(a, b);
    case Op::srem: return signed_remainder(a, b);
    case Op::shl: return shift(a, b.number, true, false);
    case Op::lshr: return shift(a, b.number, false, false);
    case Op::ashr: return shift(a, b.number, false, a.sign());
    case Op::eq: return !less(a, b) && !less(b, a);
    case Op::ult: return less(a, b);
    case Op::ule: return !less(b, a);
    case Op::slt: return signed_less(a, b);
    case Op::sle: return !signed_less(b, a);
  }
  return 0;
}

constexpr unsigned op_count = static_cast<unsigned>(Op::sle) + 1;

class FoldOp : public testing::TestWithParam<unsigned> {
 protected:
  Op op() const { return static_cast<Op>(GetParam()); }
};

TEST_P(FoldOp, MatchesTheStandardExhaustivelyUpTo8Bits) {
  for (unsigned width = 1; width <= 8; ++width) {
    const unsigned count = 1u << width;
    for (unsigned a = 0; a < count; ++a) {
      for (unsigned b = 0; b < count; ++b) {
        const Wide want = standard(op(), {width, a}, {width, b});
        const bool same = fold<std::uint64_t>(op(), width, a, b) == want &&
                          fold<Wide>(op(), width, a, b) == want &&
                          fold<std::uint32_t>(op(), width, a, b) == want;
        ASSERT_TRUE(same) << smt_name(op()) << " of " << a << ", " << b << " at " << width
                          << " bits; expected " << static_cast<unsigned>(want);
      }
    }
  }
}

TEST_P(FoldOp, MatchesTheStandardAtFullWords) {
  std::mt19937_64 random(GetParam());
  const Wide corners[] = {0,
                          1,
                          2,
                          63,
                          64,
                          65,
                          127,
                          128,
                          power(63),
                          power(64) - 1,
                          power(127),
                          ~Wide{0},
                          ~Wide{0} - 1,
                          power(127) - 1,
                          power(63) - 1};
  const auto draw = [&] {
    if (random() % 2 == 0) return corners[random() % std::size(corners)];
    return (Wide{random()} << 64 | random()) >> random() % 128;
  };
  for (unsigned round = 0; round < 3000; ++round) {
    const Wide a = draw();
    const Wide b = draw();
    const Wide wide = standard(op(), {128, a}, {128, b});
    ASSERT_TRUE(fold<Wide>(op(), 128, a, b) == wide) << smt_name(op()) << " at 128 bits";
    const auto a64 = static_cast<std::uint64_t>(a);
    const auto b64 = static_cast<std::uint64_t>(b);
    const Wide narrow = standard(op(), {64, a64}, {64, b64});
    ASSERT_TRUE(fold<std::uint64_t>(op(), 64, a64, b64) == narrow)
        << smt_name(op()) << " of " << a64 << ", " << b64 << " at 64 bits";
  }
}

INSTANTIATE_TEST_SUITE_P(All, FoldOp, testing::Range(0u, op_count), [](const auto& test) {
  const std::string_view name = smt_name(static_cast<Op>(test.param));
  return name == "=" ? std::string("eq") : std::string(name);
});

TEST(Fold, NamesAreTheStandards) {
  EXPECT_EQ(smt_name(Op::add), "bvadd");
  EXPECT_EQ(smt_name(Op::not_), "bvnot");
  EXPECT_EQ(smt_name(Op::eq), "=");
  EXPECT_TRUE(is_unary(Op::neg));
  EXPECT_FALSE(is_unary(Op::and_));
  EXPECT_TRUE(is_relation(Op::eq));
  EXPECT_TRUE(is_relation(Op::sle));
  EXPECT_FALSE(is_relation(Op::ashr));
}

}  // namespace
}  // namespace probity
