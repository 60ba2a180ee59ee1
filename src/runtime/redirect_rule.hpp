// SPDX-License-Identifier: Apache-2.0
// What bpf_redirect and its kin answer, over a value domain (net/core/filter.c, and
// include/linux/filter.h for maps, of Linux 6.18): the answer depends only on flags and, for maps,
// on whether the entry is there. Which device a packet then takes is known after the program ended.
#pragma once

#include "domain/bv.hpp"

namespace probity::runtime {

/// enum xdp_action and TC_ACT_*; BPF_REDIRECT of LWT programs is TC_ACT_REDIRECT's number.
namespace verdict_of {
constexpr std::uint64_t xdp_aborted = 0;
constexpr std::uint64_t xdp_redirect = 4;
constexpr std::uint64_t tc_shot = 2;
constexpr std::uint64_t tc_redirect = 7;
}  // namespace verdict_of

namespace redirect_flags {
constexpr std::uint64_t ingress = 1;           ///< BPF_F_INGRESS
constexpr std::uint64_t action_mask = 3;       ///< of a map redirect: what a missing entry answers
constexpr std::uint64_t broadcast = 8;         ///< BPF_F_BROADCAST, device maps only
constexpr std::uint64_t exclude_ingress = 16;  ///< BPF_F_EXCLUDE_INGRESS, device maps only
}  // namespace redirect_flags

/// bpf_redirect of an XDP program: no flag is known.
template <Domain D>
constexpr Bv<D, 64> xdp_redirect_answer(Bv<D, 64> flags) {
  return ite(flags == Bv<D, 64>::lit(0), Bv<D, 64>::lit(verdict_of::xdp_redirect),
             Bv<D, 64>::lit(verdict_of::xdp_aborted));
}

/// bpf_redirect of an sk_buff program (known_flags BPF_F_INGRESS), bpf_redirect_peer and
/// bpf_redirect_neigh (known_flags 0).
template <Domain D>
constexpr Bv<D, 64> skb_redirect_answer(Bv<D, 64> flags, std::uint64_t known_flags) {
  const Bv<D, 64> others = flags & Bv<D, 64>::lit(~known_flags);
  return ite(others == Bv<D, 64>::lit(0), Bv<D, 64>::lit(verdict_of::tc_redirect),
             Bv<D, 64>::lit(verdict_of::tc_shot));
}

/// bpf_clone_redirect: are the flags taken? Else it answers -EINVAL, and nothing is sent.
template <Domain D>
constexpr Bool<D> clone_redirect_takes(Bv<D, 64> flags) {
  return (flags & Bv<D, 64>::lit(~redirect_flags::ingress)) == Bv<D, 64>::lit(0);
}

/// bpf_redirect_neigh: struct bpf_redir_neigh is given as a whole or not at all.
constexpr std::uint64_t redirect_params_bytes = 20;
template <Domain D>
constexpr Bv<D, 64> neigh_redirect_answer(std::uint64_t params_bytes, Bv<D, 64> flags) {
  const bool too_short = params_bytes != 0 && params_bytes < redirect_params_bytes;
  return too_short ? Bv<D, 64>::lit(verdict_of::tc_shot) : skb_redirect_answer(flags, 0);
}

enum class RedirectTargets : std::uint8_t {
  devices,  ///< devmap, devmap_hash: one entry or all of them
  others,   ///< cpumap, xskmap: one entry
};

/// bpf_redirect_map; `present`: the map has the entry.
template <Domain D>
constexpr Bv<D, 64> map_redirect_answer(RedirectTargets targets, Bv<D, 64> flags, Bool<D> present) {
  const std::uint64_t many = targets == RedirectTargets::devices
                                 ? redirect_flags::broadcast | redirect_flags::exclude_ingress
                                 : 0;
  const Bv<D, 64> zero = Bv<D, 64>::lit(0);
  const Bv<D, 64> unknown = flags & Bv<D, 64>::lit(~(redirect_flags::action_mask | many));
  const Bv<D, 64> to_all = flags & Bv<D, 64>::lit(many & redirect_flags::broadcast);
  const Bv<D, 64> answered =
      ite(present | (to_all != zero), Bv<D, 64>::lit(verdict_of::xdp_redirect),
          flags & Bv<D, 64>::lit(redirect_flags::action_mask));
  return ite(unknown == zero, answered, Bv<D, 64>::lit(verdict_of::xdp_aborted));
}

}  // namespace probity::runtime
