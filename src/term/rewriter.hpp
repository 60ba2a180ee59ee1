// SPDX-License-Identifier: Apache-2.0
// Rewriter: the smart constructors behind a Store. Every constructor (1) folds constants, (2) stops
// there when the local rules are off or the nesting limit is reached, (3) tries its rules top down,
// (4) interns. Rules are written "match -> result"; each one is checked by tests/unit/term. One
// file per group of kinds:
//   rewrite_bits.cpp (not and or xor) · rewrite_slices.cpp (concat extract extensions) ·
//   rewrite_sums.cpp (add neg, linear normal form) · rewrite_products.cpp (mul) ·
//   rewrite_division.cpp (shifts, div, rem) · rewrite_choice.cpp (ite) · rewrite_equality.cpp (eq)
//   · rewrite_order.cpp (ult and the signed relations)
//
// Canonical operands: of a commutative kind they are sorted by id with a literal last; `-a` is
// mul(a, ~0) and `a - b` is add(a, mul(b, ~0)); concat nests to the left, so the second operand is
// never a concat.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "term/interval.hpp"
#include "term/linear_sum.hpp"
#include "term/nodes.hpp"

namespace probity::term {

class Rewriter {
 public:
  Rewriter(Nodes& nodes, const RewriteOptions& options);

  Id lit(unsigned width, Value value);
  Id un(Op op, Id a);
  Id bin(Op op, Id a, Id b);
  Id ite(Id condition, Id then, Id otherwise);
  Id extract(unsigned low, unsigned width, Id a);
  Id concat(Id high, Id low);
  Id zext(unsigned to, Id a);
  Id sext(unsigned to, Id a);

 private:
  /// Rules nest at most this deep; a constructor called deeper interns what it was given.
  static constexpr unsigned max_depth = 96;
  /// One call from outside applies rules at most this often; DAGs that rules would unfold stay put.
  static constexpr unsigned max_steps = 10'000;
  class Deeper {
   public:
    explicit Deeper(unsigned& depth) : depth_(depth) { ++depth_; }
    ~Deeper() { --depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    unsigned& depth_;
  };
  bool rules_apply();

  // Asking about terms.
  const Node& at(Id a) const { return nodes_[a]; }
  Kind kind(Id a) const { return nodes_.kind(a); }
  bool is(Id a, Kind wanted) const { return nodes_.kind(a) == wanted; }
  unsigned width(Id a) const { return nodes_.width(a); }
  Id arg(Id a, unsigned i) const { return nodes_.operand(a, i); }
  bool is_lit(Id a) const { return nodes_.is_literal(a); }
  Value value(Id a) const { return nodes_.literal(a); }
  Value ones(Id a) const { return mask<Value>(width(a)); }
  bool is_zero(Id a) const { return is_lit(a) && value(a) == 0; }
  bool is_ones(Id a) const { return is_lit(a) && value(a) == ones(a); }
  bool are_complements(Id a, Id b) const;
  bool has_literal_piece(Id a) const;
  unsigned leading_zeros(Id a) const;
  Value known_zeros(Id a) const;
  Interval bounds(Id a) { return bounds_.of(nodes_, a); }

  // Plain interning, and the operand order of commutative kinds.
  Id raw(Kind kind, unsigned width, Id a, Id b);
  Id raw_sorted(Kind kind, unsigned width, Id a, Id b);
  std::pair<Id, Id> sorted(Id a, Id b) const;
  std::optional<Id> folded(Op op, Id a, Id b);
  Id true_() { return lit(1, 1); }
  Id false_() { return lit(1, 0); }
  Id boolean(bool value) { return lit(1, value ? 1 : 0); }

  // One constructor per operation.
  Id not_(Id a);
  Id and_(Id a, Id b);
  Id or_(Id a, Id b);
  Id xor_(Id a, Id b);
  Id add(Id a, Id b);
  Id sub(Id a, Id b);
  Id neg(Id a);
  Id mul(Id a, Id b);
  Id udiv(Id a, Id b);
  Id urem(Id a, Id b);
  Id sdiv(Id a, Id b);
  Id srem(Id a, Id b);
  Id shl(Id a, Id b);
  Id lshr(Id a, Id b);
  Id ashr(Id a, Id b);
  Id eq(Id a, Id b);
  Id ult(Id a, Id b);
  Id ule(Id a, Id b) { return not_(ult(b, a)); }
  Id slt(Id a, Id b) { return ult(flip_sign(a), flip_sign(b)); }

  // rewrite_bits.cpp
  std::optional<Id> absorb(Id a, Id b);
  std::optional<bool> value_given(Id fact, Id t, Value k) const;
  std::optional<Id> absorb_relation(Id a, Id b);
  bool spine_holds(Id conjunction, Id part) const;
  std::optional<Id> mask_slices(Op op, Id a, Id literal);
  std::optional<Id> split_bitwise(Op op, Id a, Id b);

  // rewrite_slices.cpp
  std::optional<Id> merge(Id high, Id low, unsigned depth);
  std::optional<Id> merge_pair(Kind kind, Id high, Id low, unsigned depth);
  std::optional<Id> whole_quotient(unsigned to, Id low);
  Id extract_rules(unsigned low, unsigned width, Id a);
  Id high_part(Id a, unsigned low_width) { return extract(low_width, width(a) - low_width, a); }
  Id low_part(Id a, unsigned low_width) { return extract(0, low_width, a); }
  Id bit(Id a, unsigned index) { return extract(index, 1, a); }
  Id sign(Id a) { return bit(a, width(a) - 1); }

  // rewrite_sums.cpp
  void collect(LinearSum& sum, Id a, Value coefficient, unsigned depth);
  void collect_shallow(LinearSum& sum, Id a, Value coefficient) const;
  LinearSum linear(Id a);
  LinearSum combined(Id a, Id b, Value factor);
  Id from_linear(const LinearSum& sum, unsigned width);
  /// A sum divided by 2^by, if all its parts can be. With less in common than the slice needs, the
  /// two slices of one sum would no longer merge.
  std::optional<Id> divided_sum(unsigned by, Id a);
  /// A sum times 2^by, in as many more bits.
  std::optional<Id> multiplied_sum(Id a, unsigned by);
  Id extract_sum(unsigned width, Id a);
  Id scaled(Id a, Value coefficient);
  Id shift_left_const(Id a, unsigned count);

  // rewrite_products.cpp
  Id mul_literal(Id a, Value factor);
  Id mul_atoms(Id a, Id b);
  std::optional<Id> distribute(const LinearSum& a, const LinearSum& b, unsigned width);
  std::optional<Id> split_product(Id a, Id b);
  Id ordered_product(Id a, Id b);

  // rewrite_division.cpp
  std::optional<Id> shift_rules(Op op, Id a, Id b);
  std::optional<Id> udiv_literal(Id a, Value divisor);
  std::optional<Id> quotient_of_product(unsigned shift, Id a);
  std::optional<Id> remainder_of_wider(const LinearSum& sum, unsigned width);
  Id absolute(Id a) { return ite(sign(a), neg(a), a); }

  // rewrite_choice.cpp
  Id ite_boolean(Id condition, Id then, Id otherwise);
  std::optional<Id> ite_common_part(Id condition, Id then, Id otherwise);

  // rewrite_equality.cpp
  std::optional<Id> eq_literal(Id a, Value value);
  std::optional<Id> eq_linear(Id a, Id b);
  std::optional<Id> eq_monomial(Id atom, Value coefficient, Value constant);
  std::optional<Id> eq_split(Id a, Id b);
  std::optional<Id> eq_choice(Id a, Id b);

  // rewrite_order.cpp
  Id flip_sign(Id a);
  std::optional<Id> ult_bounds(Id a, Id b);
  bool is_exact(const LinearSum& sum, unsigned width);
  std::optional<Id> ult_common(Id a, Id b);
  std::optional<Id> ult_offset(Id a, Id b);
  std::optional<Id> ult_split(Id a, Id b);
  std::optional<Id> ult_concat_literal(Id a, Id b);
  std::optional<Id> ult_choice(Id a, Id b);

  struct CachedExtract {
    Id argument;
    std::uint16_t slice = 0;
    Id result;
  };

  Nodes& nodes_;
  const RewriteOptions& options_;
  BoundsTable bounds_;
  unsigned depth_ = 0;
  unsigned steps_ = 0;
  std::vector<CachedExtract> extracts_;
};

}  // namespace probity::term
