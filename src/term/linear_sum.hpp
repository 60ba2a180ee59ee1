// SPDX-License-Identifier: Apache-2.0
// LinearSum: constant + sum of coefficient * atom modulo 2^width, atoms sorted by id, at most
// `capacity` of them. Two equal sums have equal monomials, whatever the order they were added in.
#pragma once

#include <algorithm>
#include <array>

#include "term/term.hpp"

namespace probity::term {

class LinearSum {
 public:
  static constexpr std::size_t capacity = 24;
  struct Monomial {
    Id atom;
    Value coefficient;
    friend bool operator==(const Monomial&, const Monomial&) = default;
  };

  explicit LinearSum(unsigned width) : mask_(mask<Value>(width)) {}

  Value constant() const { return constant_; }
  std::span<const Monomial> monomials() const { return {monomials_.data(), size_}; }
  friend bool operator==(const LinearSum& a, const LinearSum& b) {
    return a.constant_ == b.constant_ && std::ranges::equal(a.monomials(), b.monomials());
  }
  std::size_t size() const { return size_; }
  /// More than `capacity` atoms were added: the sum is incomplete.
  bool overflowed() const { return overflowed_; }

  void add_constant(Value value) { constant_ = (constant_ + value) & mask_; }

  void add(Id atom, Value coefficient) {
    const auto end = monomials_.begin() + size_;
    const auto place = std::lower_bound(monomials_.begin(), end, atom,
                                        [](const Monomial& m, Id id) { return m.atom < id; });
    if (place != end && place->atom == atom) {
      place->coefficient = (place->coefficient + coefficient) & mask_;
      if (place->coefficient == 0) {
        std::move(place + 1, end, place);
        --size_;
      }
      return;
    }
    if ((coefficient & mask_) == 0) return;
    if (size_ == capacity) {
      overflowed_ = true;
      return;
    }
    std::move_backward(place, end, end + 1);
    *place = {atom, coefficient & mask_};
    ++size_;
  }

  void remove(Id atom) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (monomials_[i].atom != atom) continue;
      std::move(monomials_.begin() + i + 1, monomials_.begin() + size_, monomials_.begin() + i);
      --size_;
      return;
    }
  }

  /// Every coefficient and the constant times `factor`; `factor` must be odd, so that no
  /// coefficient vanishes.
  void scale(Value factor) {
    constant_ = (constant_ * factor) & mask_;
    for (std::size_t i = 0; i < size_; ++i) {
      monomials_[i].coefficient = (monomials_[i].coefficient * factor) & mask_;
    }
  }

 private:
  Value mask_;
  Value constant_ = 0;
  std::size_t size_ = 0;
  bool overflowed_ = false;
  std::array<Monomial, capacity> monomials_;
};

}  // namespace probity::term
