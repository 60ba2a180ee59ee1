// SPDX-License-Identifier: Apache-2.0
// Reciprocals: x * M >> s, or (x + 1) * M >> s, is x / d for every x up to a bound N. With P = 2^s
// and x = q * d + r, r < d:
//   rounded up, e = M * d - P: x * M = q * P + t with t = q * e + r * M, and
//     d * t = x * e + r * P < P + (d - 1) * P where e >= 0 and x * e < P;
//   rounded down, e = P - M * d: (x + 1) * M = q * P + t with t = (r + 1) * M - q * e, which is
//     below P where e > 0, and not negative where q * e <= M.
// Either way 0 <= t < P, and q is what the shift leaves. The rewriter takes such a product for the
// division that it is; an optimizer finds the factor. The same conditions serve both. Source:
// Granlund, Montgomery: Division by invariant integers using multiplication (1994); Robison: N-bit
// unsigned division via N-bit multiply-add (2005).
#pragma once

#include <cstdint>
#include <optional>

#include "term/term.hpp"

namespace probity::term {

struct Reciprocal {
  enum class Rounded : std::uint8_t { up, down };

  Value factor = 0;
  unsigned shift = 0;  ///< below 64
  Value divisor = 0;
  Rounded rounded = Rounded::up;  ///< down: x + 1 is what is multiplied
  friend bool operator==(const Reciprocal&, const Reciprocal&) = default;

  constexpr Value power() const { return Value{1} << shift; }
  /// How far the factor is from the exact reciprocal.
  constexpr Value error() const {
    const Value product = factor * divisor;
    return rounded == Rounded::up ? product - power() : power() - product;
  }
  /// The factor is on its side of the exact reciprocal; the lower side is without it.
  constexpr bool is_on_its_side() const {
    const Value product = factor * divisor;
    return rounded == Rounded::up ? product >= power() : product < power();
  }
  /// The error does not add up to one more or one less, for no x up to `high`.
  constexpr bool is_close(Value high) const {
    if (error() == 0) return true;
    const Value most = rounded == Rounded::up ? power() - 1 : factor * divisor;
    return high <= most / error();
  }
  /// The product has `width` bits.
  constexpr bool fits(Value high, unsigned width) const {
    const Value most = rounded == Rounded::up ? high : high + 1;
    return factor == 0 || most <= mask<Value>(width) / factor;
  }
  /// It divides by the divisor at this width, for every x up to `high`. Numbers have 64 bits at
  /// most, so nothing here leaves a Value.
  constexpr bool is_right(Value high, unsigned width) const {
    return divisor != 0 && is_on_its_side() && is_close(high) && fits(high, width);
  }
  /// Precise enough not to be a product that is a quotient by chance, as those of small numbers
  /// are: such a product stays what it is.
  constexpr bool is_meant(Value high) const {
    const Value enough = high / 2 < 0xffff ? high / 2 : 0xffff;
    return factor > 0xff && factor > enough && divisor > 2 && error() < divisor;
  }
};

/// The division that the factor and the shift are meant to be, if they are for every x up to
/// `high`.
constexpr std::optional<Reciprocal> reciprocal_by(Value factor, unsigned shift,
                                                  Reciprocal::Rounded rounded, Value high,
                                                  unsigned width) {
  if (factor == 0 || shift == 0 || shift >= width || width > 64) return std::nullopt;
  Reciprocal found{factor, shift, 0, rounded};
  const Value before = rounded == Reciprocal::Rounded::up ? factor - 1 : 0;
  found.divisor = (found.power() + before) / factor;
  if (!found.is_right(high, width) || !found.is_meant(high)) return std::nullopt;
  return found;
}

/// The least factor, up to `largest`, that divides by `divisor` for every x up to `high`. It is
/// odd, so that it can be told from the factors of x.
constexpr std::optional<Reciprocal> reciprocal_of(Value divisor, Value high, unsigned width,
                                                  Value largest) {
  for (const auto rounded : {Reciprocal::Rounded::up, Reciprocal::Rounded::down}) {
    const Value before = rounded == Reciprocal::Rounded::up ? divisor - 1 : 0;
    for (unsigned shift = 1; shift < width; ++shift) {
      const Value factor = ((Value{1} << shift) + before) / divisor;
      if (factor > largest) break;
      if (factor % 2 == 0) continue;
      const auto found = reciprocal_by(factor, shift, rounded, high, width);
      if (found && found->divisor == divisor) return found;
    }
  }
  return std::nullopt;
}

}  // namespace probity::term
