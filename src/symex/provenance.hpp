// SPDX-License-Identifier: Apache-2.0
// Provenance: the domain of symbolic execution. A word is a term and the memory region it points
// into; region 0 means a plain number, otherwise the term is the 64-bit offset from the region's
// start. Adding numbers to a pointer, subtracting and comparing pointers of one region stay exact
// without ever naming an address; any other use of a pointer turns it into a number that mentions
// the variable `addr#N`, which the executor recognises (see taint.hpp). Terms come from the current
// store (term::StoreScope).
#pragma once

#include <compare>
#include <cstdint>

#include "domain/bv.hpp"
#include "term/symbolic.hpp"

namespace probity::symex {

/// A memory region of one path; 0 is "not a pointer".
using RegionId = std::uint32_t;

struct Provenance {
  struct Word {
    term::Id term;
    RegionId region = 0;
    friend constexpr auto operator<=>(const Word&, const Word&) = default;
  };
  static Word lit(unsigned width, std::uint64_t value);
  static Word un(Op op, unsigned width, Word a);
  static Word bin(Op op, unsigned width, Word a, Word b);
  static Word ite(unsigned width, Word condition, Word a, Word b);
  static Word zext(unsigned from, unsigned to, Word a);
  static Word sext(unsigned from, unsigned to, Word a);
  static Word extract(unsigned low, unsigned width, Word a);
  static Word concat(unsigned high_width, unsigned low_width, Word high, Word low);
};
static_assert(Domain<Provenance> && !PathDomain<Provenance>);

using Word = Provenance::Word;
template <unsigned W>
using Value = Bv<Provenance, W>;

/// The pointer's address as a number: `addr#N` + offset. Numbers are returned as they are.
term::Id as_number(Word word);

/// The variable that stands for the address of `region`.
term::Id address_variable(RegionId region);

}  // namespace probity::symex
