// SPDX-License-Identifier: Apache-2.0
// Expressions of rules.def: what stands where an immediate, an offset or a side condition is. A
// small letter is a number of the pattern, a capital letter the 64 bits of a register before the
// rule. One evaluation, a template over the value domain: the matcher computes fields with it at
// Concrete and side conditions at Abstract, the proof states both at Symbolic. All values have 64
// bits; relations give 0 or 1. Loosest first: == != < <= > >= s< s<= s> s>= (no sign: unsigned),
// then | ^ & << >> + - * / %, then - and ~. Functions: low(x, n) and sext(x, n) of the n low bits,
// fits(x, n): x is a signed number of n bits, be16(x), be32(x), be64(x).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "base/diagnostic.hpp"
#include "domain/bv.hpp"
#include "isa/bpf/semantics_impl.hpp"

namespace probity::opt {

struct Expression {
  enum class Op : std::uint8_t {
    number,
    variable,
    neg,
    not_,
    add,
    sub,
    mul,
    div,
    mod,
    and_,
    or_,
    xor_,
    shl,
    shr,
    eq,
    ne,
    ult,
    ule,
    slt,
    sle,
    low,
    sext,
    fits,
    be16,
    be32,
    be64,
  };
  Op op = Op::number;
  std::uint64_t number = 0;  ///< of `number`
  char name = 0;             ///< of `variable`: i, or A for a register
  std::vector<Expression> args;
  friend bool operator==(const Expression&, const Expression&) = default;
};

/// The letters that occur, each once, in order.
std::string variables_of(const Expression& expression);

Expected<Expression> parse_expression(std::string_view text);

namespace detail {

template <Domain D>
constexpr Bv<D, 64> sign_extended(Bv<D, 64> x, Bv<D, 64> bits) {
  const Bv<D, 64> unused = Bv<D, 64>::lit(64) - bits;
  return ashr(shl(x, unused), unused);
}

template <Domain D>
constexpr Bv<D, 64> binary(Expression::Op op, Bv<D, 64> a, Bv<D, 64> b) {
  using E = Expression::Op;
  switch (op) {
    case E::add: return a + b;
    case E::sub: return a - b;
    case E::mul: return a * b;
    case E::div: return udiv(a, b);
    case E::mod: return urem(a, b);
    case E::and_: return a & b;
    case E::or_: return a | b;
    case E::xor_: return a ^ b;
    case E::shl: return shl(a, b);
    case E::shr: return lshr(a, b);
    case E::eq: return zext<64>(a == b);
    case E::ne: return zext<64>(a != b);
    case E::ult: return zext<64>(ult(a, b));
    case E::ule: return zext<64>(ule(a, b));
    case E::slt: return zext<64>(slt(a, b));
    case E::sle: return zext<64>(sle(a, b));
    case E::low: return a & ~shl(~Bv<D, 64>::lit(0), b);
    case E::sext: return sign_extended(a, b);
    case E::fits: return zext<64>(sign_extended(a, b) == a);
    case E::number:
    case E::variable:
    case E::neg:
    case E::not_:
    case E::be16:
    case E::be32:
    case E::be64: break;
  }
  PROBITY_CHECK(false);
}

}  // namespace detail

/// The value; `value_of(letter)` gives a Bv<D, 64>.
template <Domain D, typename ValueOf>
constexpr Bv<D, 64> evaluate(const Expression& e, const ValueOf& value_of) {
  using E = Expression::Op;
  const auto arg = [&](std::size_t i) { return evaluate<D>(e.args[i], value_of); };
  switch (e.op) {
    case E::number: return Bv<D, 64>::lit(e.number);
    case E::variable: return value_of(e.name);
    case E::neg: return -arg(0);
    case E::not_: return ~arg(0);
    case E::be16: return zext<64>(bpf::reverse_bytes(trunc<16>(arg(0))));
    case E::be32: return zext<64>(bpf::reverse_bytes(trunc<32>(arg(0))));
    case E::be64: return bpf::reverse_bytes(arg(0));
    case E::add:
    case E::sub:
    case E::mul:
    case E::div:
    case E::mod:
    case E::and_:
    case E::or_:
    case E::xor_:
    case E::shl:
    case E::shr:
    case E::eq:
    case E::ne:
    case E::ult:
    case E::ule:
    case E::slt:
    case E::sle:
    case E::low:
    case E::sext:
    case E::fits: return detail::binary<D>(e.op, arg(0), arg(1));
  }
  PROBITY_CHECK(false);
}

}  // namespace probity::opt
