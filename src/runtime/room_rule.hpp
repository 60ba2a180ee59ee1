// SPDX-License-Identifier: Apache-2.0
// bpf_skb_adjust_room (net/core/filter.c of Linux 6.18: bpf_skb_adjust_room, bpf_skb_net_grow,
// bpf_skb_net_shrink), over a value domain and the keeper of an sk_buff of skb_rule.hpp. Sizes,
// modes and flags must be constants, as programs give them.
#pragma once

#include "runtime/skb_rule.hpp"

namespace probity::runtime {

/// BPF_F_ADJ_ROOM_* and enum bpf_adj_room_mode.
namespace room_flags {
constexpr std::uint64_t fixed_gso = 1, encap_ipv4 = 2, encap_ipv6 = 4, encap_gre = 8;
constexpr std::uint64_t encap_udp = 16, no_csum_reset = 32, encap_ethernet = 64;
constexpr std::uint64_t decap_ipv4 = 128, decap_ipv6 = 256;
constexpr unsigned inner_link_shift = 56;
constexpr std::uint64_t known = 0x1ff | 0xffull << inner_link_shift;
constexpr std::uint64_t encap_network = encap_ipv4 | encap_ipv6;
constexpr std::uint64_t decap_network = decap_ipv4 | decap_ipv6;
constexpr std::uint64_t shrinking = fixed_gso | decap_network | no_csum_reset;
constexpr std::uint32_t max_bytes = 0xfff;
constexpr std::uint32_t behind_network = 0, behind_link = 1;
}  // namespace room_flags

/// `bytes` more or less at `at` from data.
struct RoomChange {
  bool shrinks = false;
  std::uint32_t bytes = 0;
  std::uint64_t flags = 0;
  std::uint32_t network_bytes = 0;  ///< of the network header there is
  std::uint32_t at = 0;

  constexpr bool has(std::uint64_t wanted) const { return (flags & wanted) == wanted; }
};

/// What bpf_skb_net_grow checks of an encapsulation of an IP packet, 0 when it is one.
constexpr std::int64_t encapsulation_answer(const RoomChange& change, bool is_encapsulated) {
  const std::uint64_t inner_link = change.flags >> room_flags::inner_link_shift;
  if (change.has(room_flags::encap_network)) return errno_of::invalid;
  if (change.has(room_flags::encap_gre | room_flags::encap_udp)) return errno_of::invalid;
  if (change.has(room_flags::encap_ethernet) && inner_link < skb_numbers::ethernet_bytes) {
    return errno_of::invalid;
  }
  if (is_encapsulated) return errno_of::already;
  return inner_link > change.bytes ? errno_of::invalid : errno_of::done;
}

template <SkbKeeper S>
constexpr SkbResult<S> grow_room(S& skb, const RoomChange& change) {
  using D = typename S::Values;
  const bool encapsulates = (change.flags & room_flags::encap_network) != 0;
  if (encapsulates) {
    const std::int64_t answer = encapsulation_answer(change, skb.is_encapsulated());
    if (answer != errno_of::done) return skb_stays<S>(answer);
  }
  if (skb.decide(ult(skb.linear_bytes(), Bv<D, 64>::lit(change.at)))) {
    skb.refuse(
        "bpf_skb_adjust_room behind the end of the packet");  // the kernel moves what is there
    return {};
  }
  if (!skb.has_memory("skb_adjust_room")) return skb_stays<S>(errno_of::nomem);
  skb.insert(change.at, change.bytes);
  if (!encapsulates) return skb_moved<S>(errno_of::done);
  skb.set_encapsulated();
  const bool to_ipv6 = change.has(room_flags::encap_ipv6);
  if ((change.flags & (room_flags::encap_gre | room_flags::encap_udp)) != 0) {
    const std::uint32_t outer = to_ipv6 ? skb_numbers::ipv6_bytes : skb_numbers::ipv4_bytes;
    skb.set_transport_offset(skb.link_header_bytes() + outer);
  }
  const std::uint64_t type = to_ipv6 ? skb_numbers::type_ipv6 : skb_numbers::type_ipv4;
  skb.set_field(SkbField::protocol, Bv<D, 32>::lit(type));
  return skb_moved<S>(errno_of::done);
}

template <SkbKeeper S>
constexpr SkbResult<S> shrink_room(S& skb, const RoomChange& change) {
  using D = typename S::Values;
  if ((change.flags & ~room_flags::shrinking) != 0) return skb_stays<S>(errno_of::invalid);
  const Bv<D, 64> all = Bv<D, 64>::lit(std::uint64_t{change.at} + change.bytes);
  if (skb.decide(ult(skb.linear_bytes(), all))) return skb_stays<S>(errno_of::nomem);
  if (!skb.has_memory("skb_adjust_room")) return skb_stays<S>(errno_of::nomem);
  skb.remove(change.at, change.bytes);
  if (change.has(room_flags::decap_ipv6)) {
    skb.set_field(SkbField::protocol, Bv<D, 32>::lit(skb_numbers::type_ipv6));
  }
  if (change.has(room_flags::decap_ipv4)) {
    skb.set_field(SkbField::protocol, Bv<D, 32>::lit(skb_numbers::type_ipv4));
  }
  return skb_moved<S>(errno_of::done);
}

/// The least network header that must stay when room is taken away, or an error number.
constexpr std::int64_t least_network_bytes(const RoomChange& change) {
  if ((change.flags & room_flags::decap_network) == 0) return change.network_bytes;
  if (!change.shrinks || change.has(room_flags::decap_network)) return errno_of::invalid;
  return change.has(room_flags::decap_ipv4) ? skb_numbers::ipv4_bytes : skb_numbers::ipv6_bytes;
}

/// Room at a place that the flags, the mode and the protocol have settled.
template <SkbKeeper S>
constexpr SkbResult<S> change_room(S& skb, const RoomChange& change) {
  using D = typename S::Values;
  const std::int64_t least = least_network_bytes(change);
  if (least < 0) return skb_stays<S>(least);
  const std::uint64_t needed =
      std::uint64_t{skb.network_offset()} + change.bytes + static_cast<std::uint64_t>(least);
  const std::uint64_t most = packet_limits::skb_max_bytes - change.bytes;
  const Bool<D> unfit = change.shrinks ? ult(skb.length(), Bv<D, 64>::lit(needed))
                                       : ult(Bv<D, 64>::lit(most), skb.length());
  if (skb.decide(unfit)) return skb_stays<S>(errno_of::no_support);
  const SkbResult<S> result = change.shrinks ? shrink_room(skb, change) : grow_room(skb, change);
  if (result.moved && !change.has(room_flags::no_csum_reset)) skb.forget_checksum_level();
  return result;
}

/// bpf_skb_adjust_room.
template <SkbKeeper S>
constexpr SkbResult<S> skb_adjust_room(S& skb, Bv<typename S::Values, 64> delta,
                                       Bv<typename S::Values, 64> mode,
                                       Bv<typename S::Values, 64> flags) {
  using D = typename S::Values;
  namespace numbers = skb_numbers;
  const auto by = skb.known(zext<64>(trunc<32>(delta)), "bpf_skb_adjust_room by a length");
  const auto where = skb.known(zext<64>(trunc<32>(mode)), "bpf_skb_adjust_room with a mode");
  const auto bits_set = skb.known(flags, "bpf_skb_adjust_room with flags");
  if (!by || !where || !bits_set) return {};
  RoomChange change;
  change.shrinks = (*by >> 31) != 0;
  change.bytes = static_cast<std::uint32_t>(change.shrinks ? 0 - *by : *by);
  change.flags = *bits_set;
  if ((change.flags & ~room_flags::known) != 0) return skb_stays<S>(errno_of::invalid);
  if (change.bytes > room_flags::max_bytes) return skb_stays<S>(errno_of::fault);
  const Bv<D, 16> protocol = skb_protocol_of(skb);
  const bool ipv4 = skb.decide(protocol == Bv<D, 16>::lit(numbers::type_ipv4));
  if (!ipv4 && !skb.decide(protocol == Bv<D, 16>::lit(numbers::type_ipv6))) {
    return skb_stays<S>(errno_of::no_support);
  }
  if (*where != room_flags::behind_network && *where != room_flags::behind_link) {
    return skb_stays<S>(errno_of::no_support);
  }
  change.network_bytes = ipv4 ? numbers::ipv4_bytes : numbers::ipv6_bytes;
  const bool behind_network = *where == room_flags::behind_network;
  change.at = skb.link_header_bytes() + (behind_network ? change.network_bytes : 0);
  return change_room(skb, change);
}

}  // namespace probity::runtime
