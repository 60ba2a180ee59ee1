// SPDX-License-Identifier: Apache-2.0
// What bpf_fib_lookup asks before it looks at routes, over a value domain (net/core/filter.c of
// Linux 6.18). Routes and neighbours are the machine's.
#pragma once

#include "runtime/packet_bounds.hpp"

namespace probity::runtime {

constexpr std::uint64_t fib_params_bytes = 64;  ///< sizeof(struct bpf_fib_lookup)

/// An error, or 0 where the question is a good one. `family` is the struct's first byte.
template <Domain D>
constexpr Bv<D, 64> fib_refusal(std::uint64_t params_bytes, Bv<D, 64> flags, Bv<D, 8> family) {
  constexpr std::uint64_t known_flags = 0x3f;
  constexpr std::uint64_t ipv4 = 2, ipv6 = 10;  // AF_INET, AF_INET6
  if (params_bytes < fib_params_bytes) return answer<D>(errno_of::invalid);
  const Bool<D> known = (family == Bv<D, 8>::lit(ipv4)) | (family == Bv<D, 8>::lit(ipv6));
  const Bv<D, 64> asked = ite(known, answer<D>(errno_of::done), answer<D>(errno_of::no_family));
  return ite(ult(Bv<D, 64>::lit(known_flags), flags), answer<D>(errno_of::invalid), asked);
}

}  // namespace probity::runtime
