// SPDX-License-Identifier: Apache-2.0
// Residues: what a term is modulo 65535, as a sum of coefficient * atom. That is the arithmetic of
// Internet checksums (RFC 1071, RFC 1624): there 2^16 = 1, so a 32-bit word is the sum of its
// halves, swapping the bytes of a word multiplies it by 256, complementing 16 bits negates it, and
// folding a sum, (x & 0xffff) + (x >> 16), or adding its carry back at the low end leaves it as it
// is. Two checksums of the same words in any order then have the same form.
// Every step is an identity of integers with the multiple of 65535 in view, proved by z3 in
// tests/unit/term/checksum_test.cpp; a term that no step fits is an atom, which is always right.
// Canonical atoms: of x the shifted values x >> l (what is left of x above a low slice), so that
// slices of x that cover it add up to x again.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <vector>

#include "term/id_table.hpp"
#include "term/term.hpp"

namespace probity::term {

/// constant + sum of coefficient * atom, modulo 65535; no coefficient is 0.
struct ResidueForm {
  static constexpr std::uint32_t modulus = 65535;
  std::uint32_t constant = 0;
  std::map<Id, std::uint32_t> atoms;

  /// Adds factor * other; any factor below `modulus`.
  void add(const ResidueForm& other, std::uint32_t factor);
  void add_atom(Id atom, std::uint32_t coefficient);
  ResidueForm times(std::uint32_t factor) const;
  friend auto operator<=>(const ResidueForm&, const ResidueForm&) = default;
};

struct Residue {
  ResidueForm form;
  /// When the value is zero, all of these are.
  std::vector<Id> parts;
  bool never_zero = false;
};

/// Faults to plant: tests must see each of them.
enum class ResidueMutation : std::uint8_t {
  none,
  unbounded_sums,   ///< a sum that may wrap counts as one that does not
  unbounded_folds,  ///< a fold that may lose its carry counts as one that does not
  any_carry,        ///< any bit that is added counts as the carry of the rest
  byte_weight,      ///< the high part of a concatenation counts once, not 2^width times
  no_premise,       ///< a lemma does not say what it rests on
};

class Residues {
 public:
  explicit Residues(Store& store, ResidueMutation mutation = ResidueMutation::none)
      : store_(store), mutation_(mutation), bounds_(store) {}

  /// Valid until the next call. Terms of more than 64 bits are atoms.
  const Residue& of(Id a);
  /// x and its low bits, for an x >> low_width.
  struct Cut {
    Id whole;
    Id low;
    unsigned low_width = 0;
  };
  std::optional<Cut> cut_at(Id a);
  /// What x never exceeds.
  Value highest(Id x);
  /// The form where x >> l and the low l bits of x, if both are in it, are x.
  ResidueForm settled(ResidueForm form);

 private:
  /// A sum modulo 2^width, all its sums opened.
  struct Sum {
    unsigned width = 0;
    Value constant = 0;
    std::map<Id, Value> atoms;
    friend bool operator==(const Sum&, const Sum&) = default;
  };
  struct Carry {
    Id sum;
    Id addend;
  };

  struct Range {
    __int128 low = 0;
    __int128 high = 0;
    bool positive = true;  ///< no atom is taken away
  };

  Residue atom(Id a) const { return {{0, {{a, 1}}}, {a}, false}; }
  Residue compute(Id a);
  Residue concatenation(Id a);
  Residue slice(Id a);
  Residue shifted(Id x, unsigned low);
  std::optional<Cut> zero_under(Id condition);
  Residue under(Id condition, Id a);
  Residue choice(Id a);
  Id bare(Id a) const;
  Value highest_fold(const Cut& cut);
  Sum opened(Id a);
  void add(Sum& sum, Id atom, Value coefficient) const;
  Sum difference(const Sum& a, const Sum& b) const;
  std::optional<Range> range(const Sum& sum);
  bool never_carries(const Carry& carry);
  std::optional<Residue> of_sum(const Sum& sum);
  std::optional<Residue> without_wrap(const Sum& sum);
  std::optional<Residue> with_carry(const Sum& sum);
  std::optional<Residue> end_around(const Carry& carry);
  std::optional<Residue> folded(const Sum& sum);
  std::optional<Carry> carry_of(Id atom, unsigned width) const;
  Residue settled(Residue residue);
  bool is_top_slice(Id a);

  Store& store_;
  ResidueMutation mutation_;
  IntervalAnalysis bounds_;
  IdTable<Residue> known_;
  unsigned depth_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace probity::term
