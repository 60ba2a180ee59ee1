// SPDX-License-Identifier: Apache-2.0
// Helpers that change an sk_buff: VLAN tags, room in its headers, its length, protocol, type, hash
// and ECN bits (net/core/filter.c, net/core/skbuff.c, include/net/inet_ecn.h). Lengths are decided
// by packet_bounds.hpp.
#include <array>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/checksum.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

using B16 = Bv<Concrete, 16>;
using B32 = Bv<Concrete, 32>;
using B64 = Bv<Concrete, 64>;

// Ethernet types as __sk_buff shows them.
constexpr std::uint32_t type_ipv4 = 0x0008, type_ipv6 = 0xdd86;
constexpr std::uint32_t type_vlan = 0x0081, type_service_vlan = 0xa888;
constexpr std::uint32_t ipv4_bytes = 20, ipv6_bytes = 40, vlan_bytes = 4;
constexpr std::int64_t no_support = -524;  // ENOTSUPP

constexpr bool is_vlan(std::uint32_t type) {
  return type == type_vlan || type == type_service_vlan;
}
std::uint32_t protocol_of(const Session& session) {
  return session.ctx_field("protocol");
}
void set_protocol(Session& session, std::uint32_t type) {
  session.set_ctx_field("protocol", type);
}
void forget_hash(Session& session) {
  session.set_ctx_field("hash", 0);
  session.skb_notes().hash_is_known = false;
}
std::uint32_t be16(std::uint32_t value) {
  return (value & 0xff) << 8 | (value >> 8 & 0xff);
}

/// A tag beside the packet moves into it when there is one already; the new one lies beside.
HelperFlow skb_vlan_push(HelperCall& call) {
  constexpr std::uint32_t tag_offset = 12;
  if (!call.require_ctx(1)) return HelperFlow::fault;
  Session& session = call.session;
  const std::uint32_t wanted = call.arg32(2) & 0xffff;
  const VlanTag beside = session.vlan_tag();
  if (beside.is_present()) {
    session.packet().insert(tag_offset, vlan_bytes);
    std::uint8_t* tag = session.packet().data().data() + tag_offset;
    store_le(tag, static_cast<std::uint16_t>(beside.protocol));
    store_le(tag + 2, static_cast<std::uint16_t>(be16(beside.tci)));
    set_protocol(session, beside.protocol);
  }
  session.set_vlan_tag({is_vlan(wanted) ? wanted : type_vlan, call.arg32(3) & 0xffff});
  return call.returns_moved(0);
}

/// vlan_set_encap_proto(): what the type behind a removed tag says.
std::uint32_t type_behind_tag(std::span<const std::uint8_t> frame) {
  constexpr std::uint32_t first_ethertype = 0x0600;
  constexpr std::uint32_t novell = 0x0100, llc = 0x0400;  // ETH_P_802_3, ETH_P_802_2
  const std::uint32_t type = load_le<std::uint16_t>(frame.data() + 16);
  if (be16(type) >= first_ethertype) return type;
  const bool all_ones = frame.size() >= 20 && frame[18] == 0xff && frame[19] == 0xff;
  return all_ones ? novell : llc;
}

/// Takes the tag out of the packet; false where it is too short.
bool take_tag(Session& session, VlanTag& tag) {
  constexpr std::uint32_t tagged_header = ethernet_header_bytes + vlan_bytes;
  PacketBuffer& packet = session.packet();
  if (packet.data_bytes() < tagged_header) return false;
  const std::span<const std::uint8_t> frame = packet.data();
  tag = {protocol_of(session), be16(load_le<std::uint16_t>(frame.data() + 14))};
  const std::uint32_t type = type_behind_tag(frame);
  packet.remove(12, vlan_bytes);
  packet.set_network_offset(std::max(packet.network_offset(), ethernet_header_bytes));
  set_protocol(session, type);
  return true;
}

HelperFlow skb_vlan_pop(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  Session& session = call.session;
  VlanTag taken;
  if (session.vlan_tag().is_present()) {
    session.set_vlan_tag({});
  } else {
    if (!is_vlan(protocol_of(session))) return call.returns(0);
    if (!take_tag(session, taken)) return call.returns(errno_of::nomem);
  }
  if (!is_vlan(protocol_of(session))) return call.returns_moved(0);
  if (!take_tag(session, taken)) return call.returns(errno_of::nomem);
  session.set_vlan_tag(taken);
  return call.returns_moved(0);
}

HelperFlow skb_change_proto(HelperCall& call) {
  constexpr std::uint32_t longer = ipv6_bytes - ipv4_bytes;
  if (!call.require_ctx(1)) return HelperFlow::fault;
  Session& session = call.session;
  PacketBuffer& packet = session.packet();
  if (call.arg(3) != 0) return call.returns(errno_of::invalid);
  const std::uint32_t from = protocol_of(session);
  const std::uint32_t to = call.arg32(2) & 0xffff;
  const std::uint32_t link = packet.link_header_bytes();
  if (from == type_ipv4 && to == type_ipv6) {
    packet.insert(link, longer);
  } else if (from == type_ipv6 && to == type_ipv4) {
    if (packet.data_bytes() < link + longer) return call.returns(errno_of::nomem);
    packet.remove(link, longer);
  } else {
    return call.returns(no_support);
  }
  set_protocol(session, to);
  forget_hash(session);
  return call.returns_moved(0);
}

HelperFlow skb_change_type(HelperCall& call) {
  constexpr std::uint32_t last_type = 3;  // PACKET_OTHERHOST
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const std::uint32_t now = call.session.ctx_field("pkt_type");
  if (now > last_type || call.arg32(2) > last_type) return call.returns(errno_of::invalid);
  call.session.set_ctx_field("pkt_type", call.arg32(2));
  return call.returns(0);
}

HelperFlow skb_change_tail(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  PacketBuffer& packet = call.session.packet();
  const std::uint32_t least = packet.transport_offset().value_or(packet.network_offset());
  const std::uint32_t wanted = call.arg32(2);
  const B64 answer = skb_tail_answer(B32::lit(wanted), B32::lit(least), B64::lit(call.arg(3)));
  if (answer.raw() != 0) return call.returns(static_cast<std::int64_t>(answer.raw()));
  if (call.session.skb_notes().is_encapsulated) return call.returns(no_support);
  packet.set_length(wanted);
  return call.returns_moved(0);
}

HelperFlow skb_change_head(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  PacketBuffer& packet = call.session.packet();
  const std::uint32_t more = call.arg32(2);
  const B64 answer =
      skb_head_answer(B32::lit(packet.length()), B32::lit(more), B64::lit(call.arg(3)));
  if (answer.raw() != 0) return call.returns(static_cast<std::int64_t>(answer.raw()));
  packet.grow_head(more);
  return call.returns_moved(0);
}

/// BPF_F_ADJ_ROOM_*.
namespace room {
constexpr std::uint64_t fixed_gso = 1, encap_ipv4 = 2, encap_ipv6 = 4, encap_gre = 8;
constexpr std::uint64_t encap_udp = 16, no_csum_reset = 32, encap_ethernet = 64;
constexpr std::uint64_t decap_ipv4 = 128, decap_ipv6 = 256;
constexpr unsigned inner_link_shift = 56;
constexpr std::uint64_t known = 0x1ff | 0xffull << inner_link_shift;
constexpr std::uint64_t encap_network = encap_ipv4 | encap_ipv6;
constexpr std::uint64_t decap_network = decap_ipv4 | decap_ipv6;
}  // namespace room

bool has(std::uint64_t flags, std::uint64_t wanted) {
  return (flags & wanted) == wanted;
}

/// What bpf_skb_net_grow checks of an encapsulation, 0 when it is one.
std::int64_t encapsulation_answer(const Session& session, std::uint32_t more, std::uint64_t flags,
                                  bool already) {
  const std::uint64_t inner_link = flags >> room::inner_link_shift;
  const std::uint32_t protocol = protocol_of(session);
  if (protocol != type_ipv4 && protocol != type_ipv6) return no_support;
  if (has(flags, room::encap_network)) return errno_of::invalid;
  if (has(flags, room::encap_gre | room::encap_udp)) return errno_of::invalid;
  if (has(flags, room::encap_ethernet) && inner_link < ethernet_header_bytes)
    return errno_of::invalid;
  constexpr std::int64_t in_progress_already = -114;  // EALREADY
  if (already) return in_progress_already;
  return inner_link > more ? errno_of::invalid : 0;
}

std::int64_t grow_room(Session& session, std::uint32_t at, std::uint32_t more,
                       std::uint64_t flags) {
  PacketBuffer& packet = session.packet();
  SkbNotes& notes = session.skb_notes();
  const bool encapsulates = (flags & room::encap_network) != 0;
  if (encapsulates) {
    const std::int64_t answer = encapsulation_answer(session, more, flags, notes.is_encapsulated);
    if (answer != 0) return answer;
  }
  packet.insert(at, more);
  if (!encapsulates) return 0;
  notes.is_encapsulated = true;
  const bool to_ipv6 = has(flags, room::encap_ipv6);
  if ((flags & (room::encap_gre | room::encap_udp)) != 0) {
    packet.set_transport_offset(packet.link_header_bytes() + (to_ipv6 ? ipv6_bytes : ipv4_bytes));
  }
  set_protocol(session, to_ipv6 ? type_ipv6 : type_ipv4);
  return 0;
}

std::int64_t shrink_room(Session& session, std::uint32_t at, std::uint32_t less,
                         std::uint64_t flags) {
  constexpr std::uint64_t known = room::fixed_gso | room::decap_network | room::no_csum_reset;
  PacketBuffer& packet = session.packet();
  if ((flags & ~known) != 0) return errno_of::invalid;
  if (packet.data_bytes() < at + less) return errno_of::nomem;
  packet.remove(at, less);
  if (has(flags, room::decap_ipv6)) set_protocol(session, type_ipv6);
  if (has(flags, room::decap_ipv4)) set_protocol(session, type_ipv4);
  return 0;
}

/// The least network header that must stay when room is taken away, or an error number.
std::int64_t least_network_bytes(std::uint32_t protocol, std::uint64_t flags, bool shrinks) {
  if ((flags & room::decap_network) == 0) return protocol == type_ipv4 ? ipv4_bytes : ipv6_bytes;
  if (!shrinks || has(flags, room::decap_network)) return errno_of::invalid;
  return has(flags, room::decap_ipv4) ? ipv4_bytes : ipv6_bytes;
}

HelperFlow skb_adjust_room(HelperCall& call) {
  constexpr std::uint32_t max_delta = 0xfff;
  constexpr std::uint32_t behind_network_header = 0, behind_link_header = 1;
  if (!call.require_ctx(1)) return HelperFlow::fault;
  Session& session = call.session;
  PacketBuffer& packet = session.packet();
  const auto delta = static_cast<std::int32_t>(call.arg32(2));
  const std::uint32_t mode = call.arg32(3);
  const std::uint64_t flags = call.arg(4);
  const bool shrinks = delta < 0;
  const std::uint32_t by = shrinks ? 0 - call.arg32(2) : call.arg32(2);
  if ((flags & ~room::known) != 0) return call.returns(errno_of::invalid);
  if (by > max_delta) return call.returns(errno_of::fault);
  const std::uint32_t protocol = protocol_of(session);
  if (protocol != type_ipv4 && protocol != type_ipv6) return call.returns(no_support);
  if (mode != behind_network_header && mode != behind_link_header) return call.returns(no_support);
  const std::uint32_t network = protocol == type_ipv4 ? ipv4_bytes : ipv6_bytes;
  const std::uint32_t at =
      packet.link_header_bytes() + (mode == behind_network_header ? network : 0);
  const std::int64_t least = least_network_bytes(protocol, flags, shrinks);
  if (least < 0) return call.returns(least);
  const std::int64_t now = std::int64_t{packet.length()} - packet.network_offset();
  const bool too_short = shrinks && (by >= now || now - by < least);
  const bool too_long = !shrinks && packet.length() + by > packet_limits::skb_max_bytes;
  if (too_short || too_long) return call.returns(no_support);
  const std::int64_t result =
      shrinks ? shrink_room(session, at, by, flags) : grow_room(session, at, by, flags);
  if (result == 0 && (flags & room::no_csum_reset) == 0) session.skb_notes().checksum_level.reset();
  return call.returns_moved(result);
}

/// The protocol behind VLAN tags, found as skb_protocol() finds it: counted from data.
std::uint32_t inner_protocol(Session& session) {
  constexpr int max_tags = 8;  // VLAN_MAX_DEPTH
  std::uint32_t type = protocol_of(session);
  std::uint32_t at = ethernet_header_bytes;
  for (int tag = 1; is_vlan(type); ++tag) {
    const std::span<const std::uint8_t> data = session.packet().data();
    if (tag == max_tags || !in_bounds(at, vlan_bytes, data.size())) return 0;
    type = load_le<std::uint16_t>(data.data() + at + 2);
    at += vlan_bytes;
  }
  return type;
}

/// IP_ECN_set_ce(): the checksum changes with the two bits.
std::int64_t mark_ipv4(std::span<std::uint8_t> header) {
  constexpr std::uint32_t not_ect = 1, marked = 0;  // after the addition below
  const std::uint32_t ecn = (header[1] + 1u) & 3;
  if (ecn == not_ect) return 0;
  if (ecn == marked) return 1;
  const B16 added = B16::lit(be16(0xfffb) + be16(ecn));
  const B16 checksum = csum16_add(B16::lit(load_le<std::uint16_t>(header.data() + 10)), added);
  store_le(header.data() + 10, static_cast<std::uint16_t>(checksum.raw()));
  header[1] |= 3;
  return 1;
}

std::int64_t mark_ipv6(std::span<std::uint8_t> header) {
  constexpr std::uint8_t ecn_bits = 0x30;  // of the traffic class, in the second byte
  if ((header[1] & ecn_bits) == 0) return 0;
  header[1] |= ecn_bits;
  return 1;
}

HelperFlow skb_ecn_set_ce(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const std::uint32_t protocol = inner_protocol(call.session);
  const std::span<std::uint8_t> network = call.session.packet().network();
  const bool ipv4 = protocol == type_ipv4;
  if (!ipv4 && protocol != type_ipv6) return call.returns(0);
  const std::uint32_t needed = ipv4 ? ipv4_bytes : ipv6_bytes;
  if (call.session.packet().data_bytes() < needed || network.size() < needed)
    return call.returns(0);
  return call.returns(ipv4 ? mark_ipv4(network) : mark_ipv6(network));
}

/// The kernel's hash of a flow has a random key, so an unknown hash is an input of the run.
HelperFlow get_hash_recalc(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  if (call.session.skb_notes().hash_is_known) return call.returns(call.session.ctx_field("hash"));
  call.session.skb_notes().hash_is_known = true;
  call.session.set_ctx_field("hash", call.session.next_random());
  return call.returns_input(call.session.ctx_field("hash"));
}

HelperFlow set_hash_invalid(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  forget_hash(call.session);
  return call.returns(0);
}

HelperFlow set_hash(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  call.session.set_ctx_field("hash", call.arg32(2));
  call.session.skb_notes().hash_is_known = true;
  return call.returns(0);
}

/// Test packets start with no checksum known (CHECKSUM_NONE).
HelperFlow csum_level(HelperCall& call) {
  constexpr std::uint64_t query = 0, increment = 1, decrement = 2, reset = 3;
  constexpr std::uint32_t max_level = 3;  // SKB_MAX_CSUM_LEVEL
  if (!call.require_ctx(1)) return HelperFlow::fault;
  std::optional<std::uint32_t>& level = call.session.skb_notes().checksum_level;
  const std::uint64_t what = call.arg(2);
  if (what > reset) return call.returns(errno_of::invalid);
  if (what == query) return call.returns(level ? std::int64_t{*level} : errno_of::access);
  if (what == increment) level = level ? std::min(*level + 1, max_level) : 0;
  if (what == decrement && level) level = *level == 0 ? std::nullopt : std::optional(*level - 1);
  if (what == reset) level.reset();
  return call.returns(0);
}

constexpr std::uint8_t tc = ctx_types::tc;
constexpr std::uint8_t lwt_xmit = ctx_types::lwt_xmit;
constexpr std::array<HelperModel, 12> models = {{
    {18, tc, skb_vlan_push},
    {19, tc, skb_vlan_pop},
    {31, tc, skb_change_proto},
    {32, tc, skb_change_type},
    {34, tc | ctx_types::lwt, get_hash_recalc},
    {38, tc | lwt_xmit, skb_change_tail},
    {41, tc | lwt_xmit, set_hash_invalid},
    {43, tc | lwt_xmit, skb_change_head},
    {48, tc, set_hash},
    {50, tc, skb_adjust_room},
    {97, tc | ctx_types::cgroup, skb_ecn_set_ce},
    {135, tc | lwt_xmit, csum_level},
}};

}  // namespace

std::span<const HelperModel> skb_helpers() {
  return models;
}

}  // namespace probity::runtime
