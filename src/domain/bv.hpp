// SPDX-License-Identifier: Apache-2.0
// Bv<D, W>: a bit vector of W bits over a value domain D; the width is part of the type, the domain
// is deduced at calls. All operators follow SMT-LIB (division by zero included); what an ISA does
// differently it says itself, in terms of these. Relations yield Bool<D>, which does not convert to
// bool: only decide() of a PathDomain does.
#pragma once

#include <cstdint>

#include "domain/domain.hpp"

namespace probity {

template <Domain D, unsigned W>
class Bv;
template <Domain D>
using Bool = Bv<D, 1>;

template <Domain D, unsigned W>
class Bv {
  static_assert(W >= 1 && W <= 64);

 public:
  using Word = typename D::Word;

  constexpr Bv() = default;
  static constexpr Bv lit(std::uint64_t value) {
    return Bv(D::lit(W, value & mask<std::uint64_t>(W)));
  }
  /// For the domain, term and engine layers: wraps a word that is known to have W bits.
  static constexpr Bv of(Word word) { return Bv(word); }
  constexpr Word raw() const { return word_; }

#define PROBITY_BV_UN(symbol, op) \
  friend constexpr Bv symbol(Bv a) { return Bv(D::un(Op::op, W, a.word_)); }
#define PROBITY_BV_BIN(symbol, op) \
  friend constexpr Bv symbol(Bv a, Bv b) { return Bv(D::bin(Op::op, W, a.word_, b.word_)); }
#define PROBITY_BV_REL(symbol, op)                           \
  friend constexpr Bool<D> symbol(Bv a, Bv b) {              \
    return Bool<D>::of(D::bin(Op::op, W, a.word_, b.word_)); \
  }
  PROBITY_BV_UN(operator~, not_)
  PROBITY_BV_UN(operator-, neg)
  PROBITY_BV_BIN(operator&, and_)
  PROBITY_BV_BIN(operator|, or_)
  PROBITY_BV_BIN(operator^, xor_)
  PROBITY_BV_BIN(operator+, add)
  PROBITY_BV_BIN(operator-, sub)
  PROBITY_BV_BIN(operator*, mul)
  PROBITY_BV_BIN(udiv, udiv)
  PROBITY_BV_BIN(urem, urem)
  PROBITY_BV_BIN(sdiv, sdiv)
  PROBITY_BV_BIN(srem, srem)
  PROBITY_BV_BIN(shl, shl)
  PROBITY_BV_BIN(lshr, lshr)
  PROBITY_BV_BIN(ashr, ashr)
  PROBITY_BV_REL(operator==, eq)
  PROBITY_BV_REL(ult, ult)
  PROBITY_BV_REL(ule, ule)
  PROBITY_BV_REL(slt, slt)
  PROBITY_BV_REL(sle, sle)
#undef PROBITY_BV_UN
#undef PROBITY_BV_BIN
#undef PROBITY_BV_REL
  friend constexpr Bool<D> operator!=(Bv a, Bv b) { return ~(a == b); }
  friend constexpr Bv ite(Bool<D> condition, Bv then, Bv otherwise) {
    return Bv(D::ite(W, condition.raw(), then.word_, otherwise.word_));
  }

 private:
  constexpr explicit Bv(Word word) : word_(word) {}
  Word word_{};
};

/// The low `To` bits, zero- or sign-extended, or truncated: `To` against W decides which is
/// allowed.
template <unsigned To, Domain D, unsigned W>
constexpr Bv<D, To> zext(Bv<D, W> a) {
  static_assert(To >= W);
  if constexpr (To == W) return a;
  else return Bv<D, To>::of(D::zext(W, To, a.raw()));
}
template <unsigned To, Domain D, unsigned W>
constexpr Bv<D, To> sext(Bv<D, W> a) {
  static_assert(To >= W);
  if constexpr (To == W) return a;
  else return Bv<D, To>::of(D::sext(W, To, a.raw()));
}

/// Bits hi..lo, both included.
template <unsigned Hi, unsigned Lo, Domain D, unsigned W>
constexpr Bv<D, Hi - Lo + 1> bits(Bv<D, W> a) {
  static_assert(Hi >= Lo && Hi < W);
  if constexpr (Lo == 0 && Hi == W - 1) return a;
  else return Bv<D, Hi - Lo + 1>::of(D::extract(Lo, Hi - Lo + 1, a.raw()));
}
/// The low `To` bits.
template <unsigned To, Domain D, unsigned W>
constexpr Bv<D, To> trunc(Bv<D, W> a) {
  return bits<To - 1, 0>(a);
}

/// `high` above `low`.
template <Domain D, unsigned H, unsigned L>
constexpr Bv<D, H + L> concat(Bv<D, H> high, Bv<D, L> low) {
  return Bv<D, H + L>::of(D::concat(H, L, high.raw(), low.raw()));
}

/// Branches on a value: only where the domain can (a translator, the concrete engine).
template <PathDomain D>
constexpr bool decide(Bool<D> condition) {
  return D::decide(condition.raw());
}

/// The value as a number, one decide() per bit: for register numbers and the like, which are
/// literals wherever a translator is proved. Unrolled it is the value itself in Concrete.
template <PathDomain D, unsigned W>
constexpr unsigned pick(Bv<D, W> value) {
  static_assert(W <= 16);
  if constexpr (W == 1) {
    return decide(value) ? 1 : 0;
  } else {
    return pick(bits<W - 1, 1>(value)) << 1 | pick(bits<0, 0>(value));
  }
}

}  // namespace probity
