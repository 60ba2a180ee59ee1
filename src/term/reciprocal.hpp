// SPDX-License-Identifier: Apache-2.0
// Reciprocals: x * factor >> shift is x / divisor for every x up to a bound. With M the factor, d
// the divisor, P = 2^shift and e = M * d - P: let x = q * d + r, r < d. Then x * M = q * P + t with
// t = q * e + r * M, and d * t = x * e + r * P < P + (d - 1) * P = d * P where e >= 0 and
// x * e < P. So 0 <= t < P, and q is what the shift leaves. The rewriter takes such a product for
// the division that it is; an optimizer finds the factor. The same three conditions serve both.
// Source: Granlund, Montgomery: Division by invariant integers using multiplication (1994).
#pragma once

#include <optional>

#include "term/term.hpp"

namespace probity::term {

struct Reciprocal {
  Value factor = 0;
  unsigned shift = 0;  ///< below 64
  Value divisor = 0;
  friend bool operator==(const Reciprocal&, const Reciprocal&) = default;

  constexpr Value power() const { return Value{1} << shift; }
  /// The factor is not too small: a multiple of the divisor gives its whole quotient.
  constexpr bool covers() const { return factor * divisor >= power(); }
  /// Nor too large: what it is too much does not add up to one more, for no x up to `high`.
  constexpr bool is_close(Value high) const {
    const Value excess = factor * divisor - power();
    return excess == 0 || high <= (power() - 1) / excess;
  }
  /// The product has `width` bits.
  constexpr bool fits(Value high, unsigned width) const {
    return factor == 0 || high <= mask<Value>(width) / factor;
  }
  /// x * factor >> shift is x / divisor at this width, for every x up to `high`. Numbers have 64
  /// bits at most, so nothing here leaves a Value.
  constexpr bool is_right(Value high, unsigned width) const {
    return divisor != 0 && covers() && is_close(high) && fits(high, width);
  }
  /// Precise enough not to be a product that is a quotient by chance, as those of small numbers
  /// are: such a product stays what it is. An odd factor can be told from those of x.
  constexpr bool is_meant(Value high) const {
    const Value enough = high / 2 < 0xffff ? high / 2 : 0xffff;
    const bool precise = factor > 0xff && factor > enough;
    return precise && divisor > 2 && factor * divisor - power() < divisor;
  }
};

/// The division that x * factor >> shift is meant to be, if it is one for every x up to `high`.
constexpr std::optional<Reciprocal> reciprocal_by(Value factor, unsigned shift, Value high,
                                                  unsigned width) {
  if (factor == 0 || shift == 0 || shift >= width || width > 64) return std::nullopt;
  Reciprocal found{factor, shift, 0};
  found.divisor = (found.power() + factor - 1) / factor;
  if (!found.is_right(high, width) || !found.is_meant(high)) return std::nullopt;
  return found;
}

/// The least odd factor, up to `largest`, that divides by `divisor` for every x up to `high`.
constexpr std::optional<Reciprocal> reciprocal_of(Value divisor, Value high, unsigned width,
                                                  Value largest) {
  for (unsigned shift = 1; shift < width; ++shift) {
    const Value factor = ((Value{1} << shift) + divisor - 1) / divisor;
    if (factor > largest) break;
    if (factor % 2 == 0) continue;
    const auto found = reciprocal_by(factor, shift, high, width);
    if (found && found->divisor == divisor) return found;
  }
  return std::nullopt;
}

}  // namespace probity::term
