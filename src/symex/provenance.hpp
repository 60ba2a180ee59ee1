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

/// A memory region of one path; 0 is "not a pointer". A pointer that a program loaded from ctx also
/// carries which load that was and whether it is data_end or data_meta; both point into the same
/// region, which base_of() is.
using RegionId = std::uint32_t;
namespace region_bits {
constexpr RegionId index = (1u << 22) - 1;
constexpr unsigned load_shift = 22;
constexpr RegionId last_load = 255;  ///< also stands for all later ones
constexpr RegionId meta = 1u << 30;
constexpr RegionId end = 1u << 31;
}  // namespace region_bits
constexpr RegionId base_of(RegionId region) {
  return region & region_bits::index;
}
/// The number of the load of ctx, from 1 up; 0: none.
constexpr RegionId load_of(RegionId region) {
  return region >> region_bits::load_shift & region_bits::last_load;
}

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
