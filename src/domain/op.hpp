// SPDX-License-Identifier: Apache-2.0
// Op: the operations of bv_ops.def as an enum, and fold(): their one meaning on numbers. Every
// other place that needs an operation's value (the Concrete domain, constant folding of terms,
// evaluation of models, the Abstract domain on singletons) calls fold.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace probity {

enum class Op : std::uint8_t {
#define BV_UN(name, smt, meaning) name,
#define BV_BIN(name, smt, meaning) name,
#define BV_REL(name, smt, meaning) name,
#include "domain/bv_ops.def"
};

/// `(not_|neg)` take one operand; `is_relation` ones yield one bit.
constexpr bool is_unary(Op op) { return op == Op::not_ || op == Op::neg; }
constexpr bool is_relation(Op op) { return op >= Op::eq; }

/// The SMT-LIB 2 name, e.g. "bvadd".
constexpr std::string_view smt_name(Op op) {
  switch (op) {
#define BV_UN(name, smt, meaning) \
  case Op::name: return smt;
#define BV_BIN(name, smt, meaning) \
  case Op::name: return smt;
#define BV_REL(name, smt, meaning) \
  case Op::name: return smt;
#include "domain/bv_ops.def"
  }
  return {};
}

template <typename T>
constexpr T mask(unsigned width) {
  return width >= sizeof(T) * 8 ? ~T(0) : T((T(1) << width) - 1);
}

namespace detail {
template <typename T>
struct SignedOf {
  using type = std::make_signed_t<T>;
};
template <>
struct SignedOf<unsigned __int128> {
  using type = __int128;
};
}  // namespace detail

template <typename T>
constexpr typename detail::SignedOf<T>::type as_signed(T value, unsigned width) {
  using S = typename detail::SignedOf<T>::type;
  const unsigned shift = unsigned(sizeof(T) * 8) - width;
  return S(S(value << shift) >> shift);
}

/// SMT-LIB bvsdiv: truncates towards zero; by zero gives 1 or -1; the one overflow wraps.
template <typename T, typename S>
constexpr T signed_div(T, T b, S sa, S sb) {
  if (b == 0) return sa < 0 ? T(1) : ~T(0);
  if (sb == -1) return T(0) - T(sa);
  return T(sa / sb);
}

/// SMT-LIB bvsrem: the sign follows the dividend; by zero gives the dividend.
template <typename T, typename S>
constexpr T signed_rem(T a, T b, S sa, S sb) {
  if (b == 0) return a;
  if (sb == -1) return T(0);
  return T(sa % sb);
}

/// The value of `op` on numbers of `w` bits; `b` is ignored by unary operations. T is unsigned, w
/// <= bits of T.
template <typename T>
constexpr T fold(Op op, unsigned w, T a, T b) {
  [[maybe_unused]] const auto sa = as_signed<T>(a, w);
  [[maybe_unused]] const auto sb = as_signed<T>(b, w);
  switch (op) {
#define BV_UN(name, smt, meaning) \
  case Op::name: return T(meaning) & mask<T>(w);
#define BV_BIN(name, smt, meaning) \
  case Op::name: return T(meaning) & mask<T>(w);
#define BV_REL(name, smt, meaning) \
  case Op::name: return (meaning) ? T(1) : T(0);
#include "domain/bv_ops.def"
  }
  return T(0);
}

}  // namespace probity
