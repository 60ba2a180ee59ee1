// SPDX-License-Identifier: Apache-2.0
// Bv over Concrete: every operator maps to its operation, widths follow from types, slices and
// extensions do what the bits say, exhaustively at small widths.
#include "domain/bv.hpp"

#include <gtest/gtest.h>

#include "domain/concrete.hpp"

namespace probity {
namespace {

template <unsigned W>
using C = Bv<Concrete, W>;

static_assert(std::is_same_v<decltype(concat(C<5>{}, C<7>{})), C<12>>);
static_assert(std::is_same_v<decltype(bits<6, 3>(C<8>{})), C<4>>);
static_assert(std::is_same_v<decltype(ult(C<8>{}, C<8>{})), Bool<Concrete>>);
static_assert(!std::is_convertible_v<Bool<Concrete>, bool>);
static_assert(!std::is_constructible_v<C<12>, int>);
static_assert(sizeof(C<1>) == sizeof(std::uint64_t));

TEST(Bv, OperatorsAreTheirOperations) {
  for (std::uint64_t a = 0; a < 32; ++a) {
    for (std::uint64_t b = 0; b < 32; ++b) {
      const C<5> x = C<5>::lit(a);
      const C<5> y = C<5>::lit(b);
      const auto want = [&](Op op) { return fold<std::uint64_t>(op, 5, a, b); };
      EXPECT_EQ((~x).raw(), want(Op::not_));
      EXPECT_EQ((-x).raw(), want(Op::neg));
      EXPECT_EQ((x & y).raw(), want(Op::and_));
      EXPECT_EQ((x | y).raw(), want(Op::or_));
      EXPECT_EQ((x ^ y).raw(), want(Op::xor_));
      EXPECT_EQ((x + y).raw(), want(Op::add));
      EXPECT_EQ((x - y).raw(), want(Op::sub));
      EXPECT_EQ((x * y).raw(), want(Op::mul));
      EXPECT_EQ(udiv(x, y).raw(), want(Op::udiv));
      EXPECT_EQ(urem(x, y).raw(), want(Op::urem));
      EXPECT_EQ(sdiv(x, y).raw(), want(Op::sdiv));
      EXPECT_EQ(srem(x, y).raw(), want(Op::srem));
      EXPECT_EQ(shl(x, y).raw(), want(Op::shl));
      EXPECT_EQ(lshr(x, y).raw(), want(Op::lshr));
      EXPECT_EQ(ashr(x, y).raw(), want(Op::ashr));
      EXPECT_EQ((x == y).raw(), want(Op::eq));
      EXPECT_EQ((x != y).raw(), 1 - want(Op::eq));
      EXPECT_EQ(ult(x, y).raw(), want(Op::ult));
      EXPECT_EQ(ule(x, y).raw(), want(Op::ule));
      EXPECT_EQ(slt(x, y).raw(), want(Op::slt));
      EXPECT_EQ(sle(x, y).raw(), want(Op::sle));
      EXPECT_EQ(ite(ult(x, y), x, y).raw(), std::min(a, b));
    }
  }
}

TEST(Bv, LiteralsAreCutToTheWidth) {
  EXPECT_EQ(C<12>::lit(0x1fff).raw(), 0xfffu);
  EXPECT_EQ(C<64>::lit(~0ull).raw(), ~0ull);
  EXPECT_EQ(C<1>::lit(2).raw(), 0u);
}

TEST(Bv, SlicesAndExtensions) {
  for (std::uint64_t a = 0; a < 256; ++a) {
    const C<8> x = C<8>::lit(a);
    EXPECT_EQ((bits<7, 4>(x).raw()), a >> 4);
    EXPECT_EQ((bits<5, 2>(x).raw()), a >> 2 & 15);
    EXPECT_EQ((bits<7, 0>(x).raw()), a);
    EXPECT_EQ(trunc<3>(x).raw(), a & 7);
    EXPECT_EQ(zext<64>(x).raw(), a);
    EXPECT_EQ(sext<64>(x).raw(), static_cast<std::uint64_t>(static_cast<std::int8_t>(a)));
    EXPECT_EQ(sext<12>(x).raw(), a < 128 ? a : a | 0xf00);
    EXPECT_EQ(sext<8>(x).raw(), a);
    EXPECT_EQ(concat(bits<7, 3>(x), bits<2, 0>(x)).raw(), a);
    EXPECT_EQ(concat(x, C<4>::lit(5)).raw(), a << 4 | 5);
  }
}

TEST(Bv, DecideIsTheValueOverConcrete) {
  EXPECT_TRUE(decide(ult(C<8>::lit(3), C<8>::lit(4))));
  EXPECT_FALSE(decide(C<8>::lit(3) == C<8>::lit(4)));
}

}  // namespace
}  // namespace probity
