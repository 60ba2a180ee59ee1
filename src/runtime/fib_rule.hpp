// SPDX-License-Identifier: Apache-2.0
// What bpf_fib_lookup asks before it looks at routes, over a value domain (net/core/filter.c of
// Linux 6.18), and what it does whatever the routes are: the struct changes only where a route was
// found, and never in the fields that only the program fills in. Routes and neighbours are the
// machine's.
#pragma once

#include <algorithm>
#include <array>

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

/// BPF_FIB_LKUP_RET_*: the answers are 0 to 9.
constexpr std::uint64_t last_fib_answer = 9;
/// Those after which parts of the struct were written.
constexpr std::array<std::uint64_t, 4> writing_fib_answers{0, 7, 8, 9};

constexpr bool writes_fib_params(std::uint64_t answer) {
  return std::ranges::find(writing_fib_answers, answer) != writing_fib_answers.end();
}

/// l4_protocol, sport and dport.
constexpr bool is_fib_input_only(std::uint64_t offset) {
  return offset >= 1 && offset <= 5;
}

}  // namespace probity::runtime
