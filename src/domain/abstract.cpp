// SPDX-License-Identifier: Apache-2.0
// The transfer functions of abstract_ops.hpp and abstract_refine.hpp over plain numbers, for the
// widths that the semantics text uses: 1, 8, 16, 32 and 64 bits. Of another width nothing is known.
#include "domain/abstract.hpp"

#include "domain/abstract_refine.hpp"
#include "domain/concrete.hpp"

namespace probity {
namespace {

using Word = AbstractWord;

template <unsigned W>
using Value = abstract::AbstractValue<Concrete, W>;

template <unsigned W>
Value<W> value_of(const Word& word) {
  const auto part = [](std::uint64_t bits) { return Bv<Concrete, W>::lit(bits); };
  return {part(word.zeros),
          part(word.ones),
          part(word.low),
          part(word.high),
          part(static_cast<std::uint64_t>(word.signed_low)),
          part(static_cast<std::uint64_t>(word.signed_high))};
}

template <unsigned W>
Word word_of(const Value<W>& value) {
  const auto number = [](Bv<Concrete, W> bits) { return as_signed<std::uint64_t>(bits.raw(), W); };
  return {value.zeros.raw() | ~mask<std::uint64_t>(W),
          value.ones.raw(),
          value.low.raw(),
          value.high.raw(),
          number(value.signed_low),
          number(value.signed_high)};
}

/// Calls `act` with the width as a constant; a width that the semantics does not use gives
/// `otherwise`.
template <typename Act>
auto at_width(unsigned width, Act act, decltype(act.template operator()<64>()) otherwise) {
  switch (width) {
    case 1: return act.template operator()<1>();
    case 8: return act.template operator()<8>();
    case 16: return act.template operator()<16>();
    case 32: return act.template operator()<32>();
    case 64: return act.template operator()<64>();
    default: return otherwise;
  }
}

template <unsigned W>
Word finished(const Value<W>& value) {
  return word_of<W>(abstract::normalised(value));
}

template <unsigned W>
Word binary(Op op, const Word& x, const Word& y) {
  const Value<W> a = value_of<W>(x), b = value_of<W>(y);
  if (is_relation(op)) {
    const auto of_bounds = Bv<Concrete, 1>::of(Concrete::bin(op, W, a.low.raw(), b.low.raw()));
    return finished<1>(abstract::folded(a, b, of_bounds, abstract::relation(op, a, b)));
  }
  const auto of_bounds = Bv<Concrete, W>::of(Concrete::bin(op, W, a.low.raw(), b.low.raw()));
  return finished<W>(abstract::folded(a, b, of_bounds, abstract::binary(op, a, b)));
}

template <unsigned From, unsigned To>
Word extended(const Word& a, bool is_signed) {
  if constexpr (From >= To) {
    return From == To ? a : Abstract::any(To);
  } else {
    const Value<From> value = value_of<From>(a);
    return is_signed ? finished<To>(abstract::sext<To>(value))
                     : finished<To>(abstract::zext<To>(value));
  }
}

template <unsigned W>
std::optional<Word> if_possible(const Value<W>& value) {
  const Value<W> result = abstract::normalised(value);
  if (abstract::is_well_formed(result).raw() == 0) return std::nullopt;
  return word_of<W>(result);
}

template <unsigned W>
abstract::Operands<Concrete, W> refined(Relation relation,
                                        const abstract::Operands<Concrete, W>& operands) {
  switch (relation) {
    case Relation::eq: return abstract::if_eq(operands);
    case Relation::ne: return abstract::if_ne(operands);
    case Relation::ult: return abstract::if_ult(operands);
    case Relation::ule: return abstract::if_ule(operands);
    case Relation::slt: return abstract::if_slt(operands);
    case Relation::sle: return abstract::if_sle(operands);
    case Relation::common: return abstract::if_common(operands);
    case Relation::disjoint: return abstract::if_disjoint(operands);
  }
  return operands;
}

}  // namespace

Word Abstract::un(Op op, unsigned width, const Word& a) {
  const auto act = [&]<unsigned W>() { return finished<W>(abstract::unary(op, value_of<W>(a))); };
  return at_width(width, act, any(width));
}

Word Abstract::bin(Op op, unsigned width, const Word& a, const Word& b) {
  const auto act = [&]<unsigned W>() { return binary<W>(op, a, b); };
  return at_width(width, act, any(is_relation(op) ? 1 : width));
}

Word Abstract::ite(unsigned width, const Word& condition, const Word& a, const Word& b) {
  const auto act = [&]<unsigned W>() {
    return finished<W>(abstract::ite(value_of<1>(condition), value_of<W>(a), value_of<W>(b)));
  };
  return at_width(width, act, any(width));
}

Word Abstract::zext(unsigned from, unsigned to, const Word& a) {
  const auto act = [&]<unsigned From>() {
    return at_width(to, [&]<unsigned To>() { return extended<From, To>(a, false); }, any(to));
  };
  return at_width(from, act, any(to));
}

Word Abstract::sext(unsigned from, unsigned to, const Word& a) {
  const auto act = [&]<unsigned From>() {
    return at_width(to, [&]<unsigned To>() { return extended<From, To>(a, true); }, any(to));
  };
  return at_width(from, act, any(to));
}

Word Abstract::extract(unsigned low, unsigned width, const Word& a) {
  // The operand's width is not told; above it all bits are 0, as in any 64-bit number.
  const auto act = [&]<unsigned To>() {
    return finished<To>(abstract::extract<To>(value_of<64>(a), low));
  };
  return at_width(width, act, any(width));
}

Word Abstract::concat(unsigned high_width, unsigned low_width, const Word& high, const Word& low) {
  const auto act = [&]<unsigned W>() {
    if constexpr (W > 32 || W == 1)
      return any(high_width + low_width);
    else
      return finished<2 * W>(abstract::concat(value_of<W>(high), value_of<W>(low)));
  };
  if (high_width != low_width) return any(high_width + low_width);
  return at_width(high_width, act, any(high_width + low_width));
}

Word Abstract::join(unsigned width, const Word& a, const Word& b) {
  const auto act = [&]<unsigned W>() {
    return finished<W>(abstract::join(value_of<W>(a), value_of<W>(b)));
  };
  return at_width(width, act, any(width));
}

Word Abstract::widen(unsigned width, const Word& before, const Word& next) {
  const auto act = [&]<unsigned W>() {
    return finished<W>(abstract::widened(value_of<W>(before), value_of<W>(next)));
  };
  return at_width(width, act, any(width));
}

std::optional<AbstractOperands> Abstract::given(Relation relation, unsigned width, const Word& a,
                                                const Word& b) {
  const auto act = [&]<unsigned W>() -> std::optional<AbstractOperands> {
    const auto both = refined<W>(relation, {value_of<W>(a), value_of<W>(b)});
    const auto left = if_possible<W>(both.a), right = if_possible<W>(both.b);
    if (!left || !right) return std::nullopt;
    return AbstractOperands{*left, *right};
  };
  return at_width(width, act, AbstractOperands{a, b});
}

std::optional<Word> Abstract::with_low_half(const Word& a, const Word& half) {
  return if_possible<64>(abstract::with_low_half(value_of<64>(a), value_of<32>(half)));
}

bool Abstract::contains(unsigned width, const Word& a, std::uint64_t value) {
  const auto act = [&]<unsigned W>() {
    return abstract::contains(value_of<W>(a), Bv<Concrete, W>::lit(value)).raw() != 0;
  };
  return at_width(width, act, true);
}

std::optional<std::uint64_t> Abstract::constant(unsigned, const Word& a) {
  if (a.low != a.high) return std::nullopt;
  return a.low;
}

}  // namespace probity
