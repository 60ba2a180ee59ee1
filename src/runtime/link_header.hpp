// SPDX-License-Identifier: Apache-2.0
// What an sk_buff's fields say of the Ethernet header that it came in with, over a value domain:
// eth_type_trans() of net/ethernet/eth.c, on device lo, whose address is all zeros. Programs of
// some types see the packet without that header.
#pragma once

#include <span>

#include "domain/bv.hpp"
#include "runtime/ctx.hpp"

namespace probity::runtime {

constexpr std::uint32_t link_header_bytes = 14;

/// Bytes of link header in front of data for programs of the type.
constexpr std::uint32_t hidden_link_bytes(std::uint8_t type_bit) {
  const bool without = (type_bit & (ctx_types::cgroup | ctx_types::socket | ctx_types::lwt)) != 0;
  return without ? link_header_bytes : 0;
}

/// __sk_buff::protocol: two bytes in network order, as a little-endian number. `behind` are the two
/// bytes after the header, where there are any.
template <Domain D>
constexpr Bv<D, 16> link_protocol(std::span<const Bv<D, 8>> header,
                                  std::span<const Bv<D, 8>> behind, Bool<D> has_behind) {
  const Bv<D, 8> high = header[12];
  const Bv<D, 8> low = header[13];
  constexpr std::uint64_t first_ethertype = 0x06;         // of the high byte
  constexpr std::uint64_t novell = 0x0100, llc = 0x0400;  // ETH_P_802_3, ETH_P_802_2
  const Bv<D, 8> ones = Bv<D, 8>::lit(0xff);
  const Bool<D> is_novell = has_behind & (behind[0] == ones) & (behind[1] == ones);
  return ite(ule(Bv<D, 8>::lit(first_ethertype), high), concat(low, high),
             ite(is_novell, Bv<D, 16>::lit(novell), Bv<D, 16>::lit(llc)));
}

/// __sk_buff::pkt_type: PACKET_HOST, MULTICAST or OTHERHOST.
template <Domain D>
constexpr Bv<D, 32> link_packet_type(std::span<const Bv<D, 8>> header) {
  constexpr std::uint64_t host = 0, multicast = 2, other_host = 3;
  const Bv<D, 8> zero = Bv<D, 8>::lit(0);
  Bool<D> to_host = Bool<D>::lit(1);
  for (std::size_t i = 0; i < 6; ++i) to_host = to_host & (header[i] == zero);
  return ite((header[0] & Bv<D, 8>::lit(1)) != zero, Bv<D, 32>::lit(multicast),
             ite(to_host, Bv<D, 32>::lit(host), Bv<D, 32>::lit(other_host)));
}

}  // namespace probity::runtime
