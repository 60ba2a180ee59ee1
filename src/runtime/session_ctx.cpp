// SPDX-License-Identifier: Apache-2.0
// The ctx of a run: its values follow net/bpf/test_run.c (an sk_buff on device lo, ifindex 1,
// all-zero MAC address, with the protocol and packet type that eth_type_trans() finds, and a socket
// with the packet's addresses), its loads and stores the rewriting in net/core/filter.c.
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "domain/concrete.hpp"
#include "runtime/ctx_input.hpp"
#include "runtime/link_header.hpp"
#include "runtime/session.hpp"

namespace probity::runtime {
namespace {

using program::ProgType;

/// Offsets in struct __sk_buff.
namespace skb_at {
constexpr std::size_t pkt_type = 4, mark = 8, protocol = 16, vlan_present = 20, vlan_tci = 24;
constexpr std::size_t vlan_proto = 28, ifindex = 40, family = 88, remote_ip4 = 92, local_ip4 = 96;
constexpr std::size_t remote_ip6 = 100, local_ip6 = 116, wire_len = 160;
}  // namespace skb_at

/// Offsets in struct bpf_sock.
namespace sock_at {
constexpr std::size_t family = 4, src_ip4 = 24, src_ip6 = 28, dst_ip4 = 52, dst_ip6 = 56;
constexpr std::size_t state = 72, rx_queue_mapping = 76, size_bytes = 80;
}  // namespace sock_at

constexpr std::uint32_t family_ipv4 = 2;
constexpr std::uint32_t family_ipv6 = 10;
constexpr std::uint32_t protocol_ipv4 = 0x0008;  // as __sk_buff shows it
constexpr std::uint32_t protocol_ipv6 = 0xdd86;

using Byte = Bv<Concrete, 8>;

/// The first sixteen bytes of a frame; zeros where it is shorter.
std::array<Byte, 16> head_of(std::span<const std::uint8_t> frame) {
  std::array<Byte, 16> head;
  for (std::size_t i = 0; i < head.size(); ++i)
    head[i] = Byte::lit(i < frame.size() ? frame[i] : 0);
  return head;
}

/// The protocol in network byte order, as __sk_buff shows it.
std::uint32_t skb_protocol(std::span<const std::uint8_t> frame) {
  const std::array<Byte, 16> head = head_of(frame);
  const std::span<const Byte> bytes(head);
  const Bool<Concrete> more = Bool<Concrete>::lit(frame.size() >= head.size() ? 1 : 0);
  const auto type = link_protocol<Concrete>(bytes.first(link_header_bytes),
                                            bytes.subspan(link_header_bytes), more);
  return static_cast<std::uint32_t>(type.raw());
}

std::uint32_t skb_packet_type(std::span<const std::uint8_t> frame) {
  const std::array<Byte, 16> head = head_of(frame);
  return static_cast<std::uint32_t>(link_packet_type<Concrete>(head).raw());
}

/// Where the addresses of the packet's network header lie; length 0: there are none.
struct Addresses {
  std::uint32_t family = 0;
  std::size_t source = 0;
  std::size_t destination = 0;
  std::size_t length = 0;
};
Addresses addresses_of(std::uint32_t protocol, std::size_t network_bytes) {
  constexpr std::size_t ipv4_header = 20, ipv6_header = 40;
  if (protocol == protocol_ipv4)
    return {family_ipv4, 12, 16, network_bytes >= ipv4_header ? std::size_t{4} : 0};
  if (protocol == protocol_ipv6)
    return {family_ipv6, 8, 24, network_bytes >= ipv6_header ? std::size_t{16} : 0};
  return {};
}

}  // namespace

void Session::fill_xdp_ctx(const RunInput& input) {
  store_le(ctx_.data() + 12, input.ingress_ifindex);
  store_le(ctx_.data() + 16, input.rx_queue_index);
  store_le(ctx_.data() + 20, input.egress_ifindex);
}

void Session::fill_skb_ctx(const RunInput& input) {
  const std::span<const std::uint8_t> frame = packet_.frame();
  store_le(ctx_.data() + skb_at::pkt_type, skb_packet_type(frame));
  store_le(ctx_.data() + skb_at::mark, input.mark);
  store_le(ctx_.data() + skb_at::protocol, skb_protocol(frame));
  store_le(ctx_.data() + skb_at::ifindex, input.ingress_ifindex);
  // Only with a ctx_in the kernel notes the length on the wire.
  const bool with_ctx = !input.fields.empty() || input.mark != 0 || input.ingress_ifindex != 1;
  if (with_ctx) store_le(ctx_.data() + skb_at::wire_len, packet_.length());
  fill_socket();
}

void Session::fill_socket() {
  constexpr std::uint32_t tcp_close = 7;
  socket_.assign(sock_at::size_bytes, 0);
  store_le(socket_.data() + sock_at::state, tcp_close);
  store_le(socket_.data() + sock_at::rx_queue_mapping, std::uint32_t{0xffff'ffff});
  const std::span<const std::uint8_t> network = packet_.network();
  const Addresses at = addresses_of(skb_protocol(packet_.frame()), network.size());
  store_le(socket_.data() + sock_at::family, at.family);
  store_le(ctx_.data() + skb_at::family, at.family);
  if (at.length == 0) return;
  const bool ipv4 = at.family == family_ipv4;
  const auto put = [&](std::size_t from, std::size_t in_socket, std::size_t in_ctx) {
    std::copy_n(network.begin() + static_cast<std::ptrdiff_t>(from), at.length,
                socket_.begin() + static_cast<std::ptrdiff_t>(in_socket));
    std::copy_n(network.begin() + static_cast<std::ptrdiff_t>(from), at.length,
                ctx_.begin() + static_cast<std::ptrdiff_t>(in_ctx));
  };
  put(at.source, ipv4 ? sock_at::src_ip4 : sock_at::src_ip6,
      ipv4 ? skb_at::local_ip4 : skb_at::local_ip6);
  put(at.destination, ipv4 ? sock_at::dst_ip4 : sock_at::dst_ip6,
      ipv4 ? skb_at::remote_ip4 : skb_at::remote_ip6);
}

Expected<void> Session::fill_ctx_fields(const RunInput& input) {
  for (const CtxValue& field : input.fields) {
    TRY(const CtxRow* row, require_ctx_value(program_type(), field));
    if (row->name == "wire_len" && field.value == 0) continue;  // the packet's length
    if (row->name == "wire_len" && field.value < packet_.length()) {
      return error(Fault::bad_input, fmt::format("ctx field wire_len: {} is below the packet's {}",
                                                 field.value, packet_.length()));
    }
    std::memcpy(ctx_.data() + row->offset, &field.value, row->size_bytes);
  }
  if (!is_xdp()) set_vlan_tag(vlan_tag());
  return {};
}

VlanTag Session::vlan_tag() const {
  return {load_le<std::uint32_t>(ctx_.data() + skb_at::vlan_proto),
          load_le<std::uint32_t>(ctx_.data() + skb_at::vlan_tci)};
}

void Session::set_vlan_tag(VlanTag tag) {
  store_le(ctx_.data() + skb_at::vlan_proto, tag.protocol);
  store_le(ctx_.data() + skb_at::vlan_tci, tag.tci);
  store_le(ctx_.data() + skb_at::vlan_present, std::uint32_t{tag.is_present()});
}

std::uint32_t Session::ctx_field(std::string_view name) const {
  const CtxRow* row = find_ctx_row(program_type(), name);
  PROBITY_CHECK(row != nullptr && row->size_bytes == 4);
  return load_le<std::uint32_t>(ctx_.data() + row->offset);
}

void Session::set_ctx_field(std::string_view name, std::uint32_t value) {
  const CtxRow* row = find_ctx_row(program_type(), name);
  PROBITY_CHECK(row != nullptr && row->size_bytes == 4);
  store_le(ctx_.data() + row->offset, value);
}

void Session::share_ctx_objects(Machine& machine) {
  const std::uint8_t type = ctx_type_bit(program_type());
  if ((type & ctx_types::skb) != 0) {
    ctx_object_ = share(machine, socket_.data(), socket_.size(), RegionKind::other, Access::read);
  } else if (type == ctx_types::flow) {
    ctx_object_ =
        share(machine, flow_keys_.data(), flow_keys_.size(), RegionKind::other, Access::write);
  }
}

SlowAccess Session::refuse_ctx(Machine& machine, std::uint32_t offset, unsigned size_bytes,
                               std::string text) {
  machine.raise(FaultKind::bad_ctx_access, runtime::address_of(region::ctx, offset), size_bytes);
  explain(std::move(text));
  return {0, Outcome::fault};
}

SlowAccess Session::ctx_load(Machine& machine, std::uint32_t offset, unsigned size_bytes) {
  constexpr std::uint32_t attach_xdp_devmap = 35;  // BPF_XDP_DEVMAP
  const CtxRow* row = find_ctx_row(program_type(), offset, size_bytes);
  if (row == nullptr) return refuse_ctx(machine, offset, size_bytes, "no such ctx field");
  const bool egress =
      row->name == "egress_ifindex" && program_.expected_attach_type != attach_xdp_devmap;
  if ((row->read & ctx_type_bit(program_type())) == 0 || egress) {
    return refuse_ctx(machine, offset, size_bytes,
                      fmt::format("ctx field {} may not be read", row->name));
  }
  const std::uint64_t base = runtime::address_of(packet_region_, 0);
  std::uint64_t whole = 0;
  switch (row->field) {
    case CtxField::data: return {base + packet_.data_offset(), Outcome::pointer};
    case CtxField::data_end:
      return {base + packet_.data_offset() + packet_.data_bytes(), Outcome::pointer};
    case CtxField::data_meta: return {base, Outcome::pointer};
    case CtxField::length: whole = packet_.length() >> (offset - row->offset) * 8; break;
    case CtxField::value: std::memcpy(&whole, ctx_.data() + offset, size_bytes); break;
    case CtxField::socket:
    case CtxField::flow_keys: whole = ctx_object_; break;
  }
  return {whole & (size_bytes == 8 ? ~0ull : (1ull << size_bytes * 8) - 1), Outcome::done};
}

std::vector<CtxValue> Session::written_ctx() const {
  std::vector<CtxValue> fields;
  const std::uint8_t type = ctx_type_bit(program_type());
  for (const CtxRow& row : ctx_rows(program_type())) {
    if ((row.write & type) == 0 || row.field != CtxField::value) continue;
    CtxValue& field = fields.emplace_back(CtxValue{std::string(row.name), 0});
    std::memcpy(&field.value, ctx_.data() + row.offset, row.size_bytes);
  }
  return fields;
}

SlowAccess Session::ctx_store(Machine& machine, std::uint32_t offset, unsigned size_bytes,
                              std::uint64_t value) {
  constexpr std::uint32_t cb_begin = 48, cb_end = 68;
  const CtxRow* row = find_ctx_row(program_type(), offset, size_bytes);
  if (row == nullptr) return refuse_ctx(machine, offset, size_bytes, "no such ctx field");
  const bool in_cb = offset >= cb_begin && offset < cb_end;
  const bool whole = size_bytes == row->size_bytes;
  if ((row->write & ctx_type_bit(program_type())) == 0 || (!whole && !in_cb)) {
    return refuse_ctx(machine, offset, size_bytes,
                      fmt::format("ctx field {} may not be written{}", row->name,
                                  row->write == ctx_types::none ? "" : " so"));
  }
  std::uint64_t stored = value;
  if (whole) {
    std::uint64_t before = 0;
    std::memcpy(&before, ctx_.data() + offset, size_bytes);
    stored = ctx_stored(*row, Bv<Concrete, 64>::lit(before), Bv<Concrete, 64>::lit(value)).raw();
  }
  std::memcpy(ctx_.data() + offset, &stored, size_bytes);
  return {};
}

PacketBytes Session::load_packet(Machine&, std::uint32_t offset, unsigned size_bytes) {
  constexpr std::int64_t net_offset = -0x100000;   // SKF_NET_OFF
  constexpr std::int64_t link_offset = -0x200000;  // SKF_LL_OFF
  const std::span<const std::uint8_t> frame = packet_.frame();
  std::int64_t at = static_cast<std::int32_t>(offset);
  if (at >= 0)
    at += packet_.pulled_bytes();
  else if (at >= net_offset)
    at += packet_.link_header_bytes() - net_offset;
  else if (at >= link_offset)
    at -= link_offset;
  if (at < 0 || !in_bounds(static_cast<std::uint64_t>(at), size_bytes, frame.size())) return {};
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size_bytes; ++i)
    value = value << 8 | frame[static_cast<std::size_t>(at) + i];
  return {value, true};
}

void Session::begin_flow_keys() {
  constexpr std::size_t nhoff = 0, thoff = 2, n_proto = 10, size_bytes = 56;
  const std::span<const std::uint8_t> frame = packet_.frame();
  flow_keys_.assign(size_bytes, 0);
  store_le(flow_keys_.data() + nhoff, static_cast<std::uint16_t>(ethernet_header_bytes));
  store_le(flow_keys_.data() + thoff, static_cast<std::uint16_t>(ethernet_header_bytes));
  std::copy_n(frame.begin() + 12, 2, flow_keys_.begin() + n_proto);
}

Bytes Session::finished_flow_keys() const {
  constexpr std::size_t nhoff = 0, thoff = 2;
  Bytes keys = flow_keys_;
  const auto last = static_cast<std::uint16_t>(packet_.length());
  const auto network =
      std::clamp<std::uint16_t>(load_le<std::uint16_t>(keys.data() + nhoff),
                                static_cast<std::uint16_t>(ethernet_header_bytes), last);
  store_le(keys.data() + nhoff, network);
  store_le(keys.data() + thoff,
           std::clamp<std::uint16_t>(load_le<std::uint16_t>(keys.data() + thoff), network, last));
  return keys;
}

}  // namespace probity::runtime
