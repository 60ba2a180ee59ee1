// SPDX-License-Identifier: Apache-2.0
// Concrete: a value is a uint64_t below 2^width. This is the domain of the interpreter, the target
// emulators and the JIT that ships; it must compile to what one would write by hand.
#pragma once

#include <cstdint>

#include "domain/bv.hpp"

namespace probity {

struct Concrete {
  using Word = std::uint64_t;
  static constexpr Word lit(unsigned, std::uint64_t value) { return value; }
  static constexpr Word un(Op op, unsigned width, Word a) { return fold<Word>(op, width, a, 0); }
  static constexpr Word bin(Op op, unsigned width, Word a, Word b) {
    return fold<Word>(op, width, a, b);
  }
  static constexpr Word ite(unsigned, Word condition, Word a, Word b) { return condition ? a : b; }
  static constexpr Word zext(unsigned, unsigned, Word a) { return a; }
  static constexpr Word sext(unsigned from, unsigned to, Word a) {
    return static_cast<Word>(as_signed<Word>(a, from)) & mask<Word>(to);
  }
  static constexpr Word extract(unsigned low, unsigned width, Word a) {
    return (a >> low) & mask<Word>(width);
  }
  static constexpr Word concat(unsigned, unsigned low_width, Word high, Word low) {
    return high << low_width | low;
  }
  static constexpr bool decide(Word condition) { return condition != 0; }
};
static_assert(PathDomain<Concrete>);

}  // namespace probity
