// SPDX-License-Identifier: Apache-2.0
// What the helpers that change an sk_buff do, over a value domain and over whatever keeps the
// sk_buff (net/core/filter.c, net/core/skbuff.c, include/net/inet_ecn.h of Linux 6.18): the order
// of the checks, what each answers, which bytes move where and which fields change. The
// interpreter's sk_buff is bytes (helper_skb.cpp), that of the symbolic execution terms
// (symex/skb_model.cpp); both run this text. Lengths are decided by packet_bounds.hpp,
// bpf_skb_adjust_room is room_rule.hpp.
//
// A text asks the sk_buff where it must branch: decide() tells which side it is on, known() the
// value of an argument that must be a constant. A keeper that cannot tell answers anything, drops
// what the text did, and runs it again later.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "domain/bv.hpp"
#include "runtime/checksum.hpp"
#include "runtime/packet_bounds.hpp"

namespace probity::runtime {

/// Fields of struct __sk_buff that helpers change.
enum class SkbField : std::uint8_t { packet_type, protocol, vlan_tci, vlan_proto, hash };
/// Its name in the table of ctx fields.
constexpr std::string_view skb_field_name(SkbField field) {
  switch (field) {
    case SkbField::packet_type: return "pkt_type";
    case SkbField::protocol: return "protocol";
    case SkbField::vlan_tci: return "vlan_tci";
    case SkbField::vlan_proto: return "vlan_proto";
    case SkbField::hash: return "hash";
  }
  return {};
}

/// Ethernet types as __sk_buff shows them, and sizes of headers.
namespace skb_numbers {
constexpr std::uint64_t type_ipv4 = 0x0008, type_ipv6 = 0xdd86;
constexpr std::uint64_t type_vlan = 0x0081, type_service_vlan = 0xa888;
constexpr std::uint32_t ethernet_bytes = 14, ipv4_bytes = 20, ipv6_bytes = 40;
constexpr std::uint32_t tag_bytes = 4, tag_offset = 12;
}  // namespace skb_numbers

/// What a helper answers, and whether packet pointers from before the call are stale.
template <Domain D>
struct SkbAnswer {
  Bv<D, 64> value;
  bool moved = false;
};

/// Who keeps an sk_buff. Offsets count from data; inserted bytes are zeros; a byte behind the end
/// is any value.
template <typename S>
concept SkbKeeper =
    Domain<typename S::Values> &&
    requires(S skb, Bool<typename S::Values> condition, Bv<typename S::Values, 8> byte,
             Bv<typename S::Values, 32> number, Bv<typename S::Values, 64> word, SkbField field,
             std::uint32_t count, std::string_view name, bool flag) {
      { skb.decide(condition) } -> std::same_as<bool>;
      { skb.known(word, name) } -> std::same_as<std::optional<std::uint64_t>>;
      skb.refuse(name);  // what the text cannot follow
      { skb.has_memory(name) } -> std::same_as<bool>;
      { skb.field(field) } -> std::same_as<Bv<typename S::Values, 32>>;
      skb.set_field(field, number);
      { skb.hash_is_known() } -> std::same_as<bool>;
      skb.set_hash_known(flag);
      { skb.unknown_hash() } -> std::same_as<Bv<typename S::Values, 32>>;
      { skb.is_encapsulated() } -> std::same_as<bool>;
      skb.set_encapsulated();
      { skb.length() } -> std::same_as<Bv<typename S::Values, 64>>;
      { skb.linear_bytes() } -> std::same_as<Bv<typename S::Values, 64>>;
      { skb.link_header_bytes() } -> std::same_as<std::uint32_t>;
      { skb.network_offset() } -> std::same_as<std::uint32_t>;
      { skb.transport_offset() } -> std::same_as<std::optional<std::uint32_t>>;
      skb.set_network_offset(count);
      skb.set_transport_offset(count);
      { skb.byte(count) } -> std::same_as<Bv<typename S::Values, 8>>;
      skb.set_byte(count, byte);
      { skb.network_bytes() } -> std::same_as<Bv<typename S::Values, 64>>;
      { skb.network_byte(count) } -> std::same_as<Bv<typename S::Values, 8>>;
      skb.set_network_byte(count, byte);
      skb.insert(count, count);
      skb.remove(count, count);
      skb.grow_head(count);
      skb.set_length(number);
      skb.forget_checksum_level();
    };

template <SkbKeeper S>
using SkbResult = SkbAnswer<typename S::Values>;

/// An answer after which packet pointers are as good as before.
template <SkbKeeper S>
constexpr SkbResult<S> skb_stays(std::int64_t value) {
  return {Bv<typename S::Values, 64>::lit(static_cast<std::uint64_t>(value)), false};
}
template <SkbKeeper S>
constexpr SkbResult<S> skb_moved(std::int64_t value) {
  return {Bv<typename S::Values, 64>::lit(static_cast<std::uint64_t>(value)), true};
}

template <Domain D>
constexpr Bool<D> is_vlan_type(Bv<D, 16> type) {
  return (type == Bv<D, 16>::lit(skb_numbers::type_vlan)) |
         (type == Bv<D, 16>::lit(skb_numbers::type_service_vlan));
}

/// Is there a tag beside the packet? What __sk_buff::vlan_present shows.
template <Domain D>
constexpr Bool<D> vlan_tag_present(Bv<D, 32> protocol, Bv<D, 32> tci) {
  return (protocol | tci) != Bv<D, 32>::lit(0);
}

/// A VLAN tag, beside a packet or in it: the numbers that __sk_buff shows.
template <Domain D>
struct SkbTag {
  Bv<D, 16> protocol;
  Bv<D, 16> tci;
};

template <SkbKeeper S>
constexpr Bv<typename S::Values, 16> skb_protocol_of(S& skb) {
  return trunc<16>(skb.field(SkbField::protocol));
}
template <SkbKeeper S>
constexpr Bool<typename S::Values> has_tag_beside(S& skb) {
  return vlan_tag_present(skb.field(SkbField::vlan_proto), skb.field(SkbField::vlan_tci));
}
template <SkbKeeper S>
constexpr void set_tag_beside(S& skb, SkbTag<typename S::Values> tag) {
  skb.set_field(SkbField::vlan_proto, zext<32>(tag.protocol));
  skb.set_field(SkbField::vlan_tci, zext<32>(tag.tci));
}

/// bpf_skb_vlan_push: a tag beside the packet moves into it, the new one lies beside.
template <SkbKeeper S>
constexpr SkbResult<S> skb_vlan_push(S& skb, Bv<typename S::Values, 64> protocol,
                                     Bv<typename S::Values, 64> tci) {
  using D = typename S::Values;
  if (!skb.has_memory("skb_vlan_push")) return skb_stays<S>(errno_of::nomem);
  if (skb.decide(has_tag_beside(skb))) {
    const Bv<D, 16> type = trunc<16>(skb.field(SkbField::vlan_proto));
    const Bv<D, 16> old = trunc<16>(skb.field(SkbField::vlan_tci));
    constexpr std::uint32_t at = skb_numbers::tag_offset;
    skb.insert(at, skb_numbers::tag_bytes);
    skb.set_byte(at, trunc<8>(type));
    skb.set_byte(at + 1, bits<15, 8>(type));
    skb.set_byte(at + 2, bits<15, 8>(old));
    skb.set_byte(at + 3, trunc<8>(old));
    skb.set_field(SkbField::protocol, zext<32>(type));
  }
  const Bv<D, 16> wanted = trunc<16>(protocol);
  const Bv<D, 16> usual = Bv<D, 16>::lit(skb_numbers::type_vlan);
  set_tag_beside(skb, {ite(is_vlan_type(wanted), wanted, usual), trunc<16>(tci)});
  return skb_moved<S>(errno_of::done);
}

/// vlan_set_encap_proto(): what the type behind a removed tag says.
template <SkbKeeper S>
constexpr Bv<typename S::Values, 16> type_behind_tag(S& skb) {
  using D = typename S::Values;
  constexpr std::uint64_t first_ethertype = 0x06;         // its high byte
  constexpr std::uint64_t novell = 0x0100, llc = 0x0400;  // ETH_P_802_3, ETH_P_802_2
  const Bv<D, 8> ones = Bv<D, 8>::lit(0xff);
  const Bool<D> is_type = ule(Bv<D, 8>::lit(first_ethertype), skb.byte(16));
  const Bool<D> longer = ule(Bv<D, 64>::lit(20), skb.linear_bytes());
  const Bool<D> all_ones = longer & (skb.byte(18) == ones) & (skb.byte(19) == ones);
  return ite(is_type, concat(skb.byte(17), skb.byte(16)),
             ite(all_ones, Bv<D, 16>::lit(novell), Bv<D, 16>::lit(llc)));
}

/// Takes the tag out of the packet; nothing: the packet is too short for one.
template <SkbKeeper S>
constexpr std::optional<SkbTag<typename S::Values>> take_tag(S& skb) {
  using D = typename S::Values;
  constexpr std::uint32_t tagged_bytes = skb_numbers::ethernet_bytes + skb_numbers::tag_bytes;
  if (skb.decide(ult(skb.linear_bytes(), Bv<D, 64>::lit(tagged_bytes)))) return std::nullopt;
  const SkbTag<D> tag{skb_protocol_of(skb), concat(skb.byte(14), skb.byte(15))};
  const Bv<D, 16> type = type_behind_tag(skb);
  skb.remove(skb_numbers::tag_offset, skb_numbers::tag_bytes);
  if (skb.network_offset() < skb_numbers::ethernet_bytes) {
    skb.set_network_offset(skb_numbers::ethernet_bytes);
  }
  skb.set_field(SkbField::protocol, zext<32>(type));
  return tag;
}

/// bpf_skb_vlan_pop: the tag beside the packet goes, or the one in it; a further one in it then
/// lies beside.
template <SkbKeeper S>
constexpr SkbResult<S> skb_vlan_pop(S& skb) {
  using D = typename S::Values;
  if (skb.decide(has_tag_beside(skb))) {
    set_tag_beside(skb, {Bv<D, 16>::lit(0), Bv<D, 16>::lit(0)});
  } else {
    if (!skb.decide(is_vlan_type(skb_protocol_of(skb)))) return skb_stays<S>(errno_of::done);
    if (!take_tag(skb)) return skb_stays<S>(errno_of::nomem);
  }
  if (!skb.decide(is_vlan_type(skb_protocol_of(skb)))) return skb_moved<S>(errno_of::done);
  const std::optional<SkbTag<D>> tag = take_tag(skb);
  if (!tag) return skb_moved<S>(errno_of::nomem);
  set_tag_beside(skb, *tag);
  return skb_moved<S>(errno_of::done);
}

template <SkbKeeper S>
constexpr void forget_hash(S& skb) {
  skb.set_field(SkbField::hash, Bv<typename S::Values, 32>::lit(0));
  skb.set_hash_known(false);
}

/// bpf_skb_change_proto: IPv4 to IPv6 or back; the network header grows or shrinks.
template <SkbKeeper S>
constexpr SkbResult<S> skb_change_proto(S& skb, Bv<typename S::Values, 64> protocol,
                                        Bv<typename S::Values, 64> flags) {
  using D = typename S::Values;
  namespace numbers = skb_numbers;
  constexpr std::uint32_t longer = numbers::ipv6_bytes - numbers::ipv4_bytes;
  if (skb.decide(flags != Bv<D, 64>::lit(0))) return skb_stays<S>(errno_of::invalid);
  const auto is = [](Bv<D, 16> type, std::uint64_t wanted) {
    return type == Bv<D, 16>::lit(wanted);
  };
  const Bv<D, 16> from = skb_protocol_of(skb);
  const Bv<D, 16> to = trunc<16>(protocol);
  const bool to_ipv6 = skb.decide(is(from, numbers::type_ipv4) & is(to, numbers::type_ipv6));
  if (!to_ipv6 && !skb.decide(is(from, numbers::type_ipv6) & is(to, numbers::type_ipv4))) {
    return skb_stays<S>(errno_of::no_support);
  }
  const std::uint32_t link = skb.link_header_bytes();
  if (!skb.has_memory("skb_change_proto")) return skb_stays<S>(errno_of::nomem);
  if (to_ipv6) {
    skb.insert(link, longer);
  } else {
    if (skb.decide(ult(skb.linear_bytes(), Bv<D, 64>::lit(link + longer)))) {
      return skb_stays<S>(errno_of::nomem);
    }
    skb.remove(link, longer);
  }
  skb.set_field(SkbField::protocol, zext<32>(to));
  forget_hash(skb);
  return skb_moved<S>(errno_of::done);
}

/// bpf_skb_change_type: among PACKET_HOST to PACKET_OTHERHOST.
template <SkbKeeper S>
constexpr SkbResult<S> skb_change_type(S& skb, Bv<typename S::Values, 64> type) {
  using D = typename S::Values;
  const Bv<D, 32> last = Bv<D, 32>::lit(3);  // PACKET_OTHERHOST
  const Bv<D, 32> wanted = trunc<32>(type);
  if (skb.decide(ult(last, skb.field(SkbField::packet_type)) | ult(last, wanted))) {
    return skb_stays<S>(errno_of::invalid);
  }
  skb.set_field(SkbField::packet_type, wanted);
  return skb_stays<S>(errno_of::done);
}

/// bpf_skb_change_tail.
template <SkbKeeper S>
constexpr SkbResult<S> skb_change_tail(S& skb, Bv<typename S::Values, 64> length,
                                       Bv<typename S::Values, 64> flags) {
  using D = typename S::Values;
  const std::uint32_t least = skb.transport_offset().value_or(skb.network_offset());
  const Bv<D, 32> wanted = trunc<32>(length);
  const Bv<D, 64> answer = skb_tail_answer(wanted, Bv<D, 32>::lit(least), flags);
  if (skb.decide(answer != Bv<D, 64>::lit(0))) return skb_stays<S>(errno_of::invalid);
  if (skb.is_encapsulated()) return skb_stays<S>(errno_of::no_support);
  if (!skb.has_memory("skb_change_tail")) return skb_stays<S>(errno_of::nomem);
  skb.set_length(wanted);
  return skb_moved<S>(errno_of::done);
}

/// bpf_skb_change_head.
template <SkbKeeper S>
constexpr SkbResult<S> skb_change_head(S& skb, Bv<typename S::Values, 64> more,
                                       Bv<typename S::Values, 64> flags) {
  using D = typename S::Values;
  const Bv<D, 64> answer = skb_head_answer(trunc<32>(skb.length()), trunc<32>(more), flags);
  if (skb.decide(answer != Bv<D, 64>::lit(0))) return skb_stays<S>(errno_of::invalid);
  if (!skb.has_memory("skb_change_head")) return skb_stays<S>(errno_of::nomem);
  const auto count = skb.known(zext<64>(trunc<32>(more)), "bpf_skb_change_head by a length");
  if (!count) return {};
  skb.grow_head(static_cast<std::uint32_t>(*count));
  return skb_moved<S>(errno_of::done);
}

/// bpf_skb_pull_data: all of the packet that a program sees is linear already.
template <SkbKeeper S>
constexpr SkbResult<S> skb_pull_data(S& skb, Bv<typename S::Values, 64> length) {
  const auto wanted = zext<64>(trunc<32>(length));
  const bool inside = skb.decide(ule(wanted, skb.linear_bytes()));
  return inside ? skb_moved<S>(errno_of::done) : skb_stays<S>(errno_of::nomem);
}

/// bpf_get_hash_recalc: the kernel's hash of a flow has a random key.
template <SkbKeeper S>
constexpr SkbResult<S> skb_hash(S& skb) {
  if (!skb.hash_is_known()) {
    skb.set_field(SkbField::hash, skb.unknown_hash());
    skb.set_hash_known(true);
  }
  return {zext<64>(skb.field(SkbField::hash)), false};
}

/// bpf_set_hash_invalid.
template <SkbKeeper S>
constexpr SkbResult<S> skb_forget_hash(S& skb) {
  forget_hash(skb);
  return skb_stays<S>(errno_of::done);
}

/// bpf_set_hash.
template <SkbKeeper S>
constexpr SkbResult<S> skb_set_hash(S& skb, Bv<typename S::Values, 64> hash) {
  skb.set_field(SkbField::hash, trunc<32>(hash));
  skb.set_hash_known(true);
  return skb_stays<S>(errno_of::done);
}

/// The protocol behind VLAN tags, found as skb_protocol() finds it: counted from data.
template <SkbKeeper S>
constexpr Bv<typename S::Values, 16> inner_protocol(S& skb) {
  using D = typename S::Values;
  constexpr int max_tags = 8;  // VLAN_MAX_DEPTH
  Bv<D, 16> type = skb_protocol_of(skb);
  std::uint32_t at = skb_numbers::ethernet_bytes;
  for (int tag = 1; skb.decide(is_vlan_type(type)); ++tag) {
    const Bv<D, 64> last = Bv<D, 64>::lit(at + skb_numbers::tag_bytes);
    if (tag == max_tags || skb.decide(ult(skb.linear_bytes(), last))) return Bv<D, 16>::lit(0);
    type = concat(skb.byte(at + 3), skb.byte(at + 2));
    at += skb_numbers::tag_bytes;
  }
  return type;
}

/// IP_ECN_set_ce(): the checksum changes with the two bits.
template <SkbKeeper S>
constexpr SkbResult<S> mark_ipv4(S& skb) {
  using D = typename S::Values;
  const Bv<D, 8> traffic = skb.network_byte(1);
  const Bv<D, 2> ecn = trunc<2>(traffic);
  if (skb.decide(ecn == Bv<D, 2>::lit(0))) return skb_moved<S>(0);  // not ECN-capable
  if (skb.decide(ecn == Bv<D, 2>::lit(3))) return skb_moved<S>(1);  // marked already
  // htons(0xfffb) + htons(ecn + 1)
  const Bv<D, 8> high = zext<8>(ecn) + Bv<D, 8>::lit(0xfc);
  const Bv<D, 16> added = concat(high, Bv<D, 8>::lit(0xff));
  const Bv<D, 16> old = concat(skb.network_byte(11), skb.network_byte(10));
  const Bv<D, 16> checksum = csum16_add(old, added);
  skb.set_network_byte(10, trunc<8>(checksum));
  skb.set_network_byte(11, bits<15, 8>(checksum));
  skb.set_network_byte(1, traffic | Bv<D, 8>::lit(3));
  return skb_moved<S>(1);
}

/// IP6_ECN_set_ce(): two bits of the traffic class, in the second byte.
template <SkbKeeper S>
constexpr SkbResult<S> mark_ipv6(S& skb) {
  using D = typename S::Values;
  const Bv<D, 8> traffic = skb.network_byte(1);
  if (skb.decide(bits<5, 4>(traffic) == Bv<D, 2>::lit(0))) return skb_moved<S>(0);
  skb.set_network_byte(1, traffic | Bv<D, 8>::lit(0x30));
  return skb_moved<S>(1);
}

/// bpf_skb_ecn_set_ce.
template <SkbKeeper S>
constexpr SkbResult<S> skb_ecn_set_ce(S& skb) {
  using D = typename S::Values;
  const Bv<D, 16> protocol = inner_protocol(skb);
  const bool ipv4 = skb.decide(protocol == Bv<D, 16>::lit(skb_numbers::type_ipv4));
  if (!ipv4 && !skb.decide(protocol == Bv<D, 16>::lit(skb_numbers::type_ipv6))) {
    return skb_moved<S>(0);
  }
  const Bv<D, 64> needed = Bv<D, 64>::lit(ipv4 ? skb_numbers::ipv4_bytes : skb_numbers::ipv6_bytes);
  if (skb.decide(ult(skb.linear_bytes(), needed) | ult(skb.network_bytes(), needed))) {
    return skb_moved<S>(0);
  }
  return ipv4 ? mark_ipv4(skb) : mark_ipv6(skb);
}

}  // namespace probity::runtime
