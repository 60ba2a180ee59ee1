// SPDX-License-Identifier: Apache-2.0
// The tables of ctx.hpp.
#include "runtime/ctx.hpp"

#include <array>

namespace probity::runtime {
namespace {

using namespace ctx_types;
using program::ProgType;

// clang-format off
constexpr auto whole = CtxParts::whole;
constexpr auto any = CtxParts::any;

// Columns: name, offset, bytes, bits that the kernel keeps, kind, sizes of a load, who reads, who
// writes, for whom BPF_PROG_TEST_RUN takes the field from ctx_in.
constexpr std::array<CtxRow, 6> xdp_rows = {{
    {"data",            0,  4, 32, CtxField::data,      whole, xdp, none, none},
    {"data_end",        4,  4, 32, CtxField::data_end,  whole, xdp, none, none},
    {"data_meta",       8,  4, 32, CtxField::data_meta, whole, xdp, none, none},
    {"ingress_ifindex", 12, 4, 32, CtxField::value,     whole, xdp, none, xdp},
    {"rx_queue_index",  16, 4, 32, CtxField::value,     whole, xdp, none, xdp},
    {"egress_ifindex",  20, 4, 32, CtxField::value,     whole, xdp, none, none},
}};

constexpr std::array<CtxRow, 43> skb_rows = {{
    {"len",             0,   4, 32, CtxField::length,    any,   skb,         none,              none},
    {"pkt_type",        4,   4, 3,  CtxField::value,     any,   skb,         none,              none},
    {"mark",            8,   4, 32, CtxField::value,     any,   skb,         tc | cgroup | lwt, skb},
    {"queue_mapping",   12,  4, 16, CtxField::value,     any,   skb,         tc,                none},
    {"protocol",        16,  4, 16, CtxField::value,     any,   skb,         none,              none},
    {"vlan_present",    20,  4, 1,  CtxField::value,     any,   skb,         none,              none},
    {"vlan_tci",        24,  4, 16, CtxField::value,     any,   skb,         none,              none},
    {"vlan_proto",      28,  4, 16, CtxField::value,     any,   skb,         none,              none},
    {"priority",        32,  4, 32, CtxField::value,     any,   skb,         tc | cgroup | lwt, skb},
    {"ingress_ifindex", 36,  4, 32, CtxField::value,     any,   skb,         none,              skb},
    {"ifindex",         40,  4, 32, CtxField::value,     any,   skb,         none,              skb},
    {"tc_index",        44,  4, 16, CtxField::value,     any,   skb,         tc,                none},
    {"cb[0]",           48,  4, 32, CtxField::value,     any,   skb,         skb,               skb},
    {"cb[1]",           52,  4, 32, CtxField::value,     any,   skb,         skb,               skb},
    {"cb[2]",           56,  4, 32, CtxField::value,     any,   skb,         skb,               skb},
    {"cb[3]",           60,  4, 32, CtxField::value,     any,   skb,         skb,               skb},
    {"cb[4]",           64,  4, 32, CtxField::value,     any,   skb,         skb,               skb},
    {"hash",            68,  4, 32, CtxField::value,     any,   skb,         none,              none},
    {"tc_classid",      72,  4, 16, CtxField::value,     any,   tc,          tc,                none},
    {"data",            76,  4, 32, CtxField::data,      whole, direct,      none,              none},
    {"data_end",        80,  4, 32, CtxField::data_end,  whole, direct,      none,              none},
    {"napi_id",         84,  4, 32, CtxField::value,     any,   skb,         none,              none},
    {"family",          88,  4, 32, CtxField::value,     any,   cgroup,      none,              none},
    {"remote_ip4",      92,  4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"local_ip4",       96,  4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"remote_ip6[0]",   100, 4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"remote_ip6[1]",   104, 4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"remote_ip6[2]",   108, 4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"remote_ip6[3]",   112, 4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"local_ip6[0]",    116, 4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"local_ip6[1]",    120, 4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"local_ip6[2]",    124, 4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"local_ip6[3]",    128, 4, 32, CtxField::value,     whole, cgroup,      none,              none},
    {"remote_port",     132, 4, 32, CtxField::value,     any,   cgroup,      none,              none},
    {"local_port",      136, 4, 32, CtxField::value,     any,   cgroup,      none,              none},
    {"data_meta",       140, 4, 32, CtxField::data_meta, whole, tc,          none,              none},
    {"tstamp",          152, 8, 64, CtxField::value,     whole, tc | cgroup, tc | cgroup,       skb},
    {"wire_len",        160, 4, 32, CtxField::value,     any,   tc,          none,              skb},
    {"gso_segs",        164, 4, 16, CtxField::value,     any,   skb,         none,              skb},
    {"sk",              168, 8, 64, CtxField::socket,    whole, skb,         none,              none},
    {"gso_size",        176, 4, 16, CtxField::value,     any,   skb,         none,              skb},
    {"tstamp_type",     180, 1, 8,  CtxField::value,     whole, tc,          none,              none},
    {"hwtstamp",        184, 8, 64, CtxField::value,     whole, tc | cgroup, none,              skb},
}};

constexpr std::array<CtxRow, 3> flow_rows = {{
    {"data",            76,  4, 32, CtxField::data,      whole, flow, none, none},
    {"data_end",        80,  4, 32, CtxField::data_end,  whole, flow, none, none},
    {"flow_keys",       144, 8, 64, CtxField::flow_keys, whole, flow, none, none},
}};
// clang-format on

}  // namespace

std::uint8_t ctx_type_bit(ProgType type) {
  if (type == ProgType::xdp) return xdp;
  if (type == ProgType::sched_cls || type == ProgType::sched_act) return tc;
  if (type == ProgType::cgroup_skb) return cgroup;
  if (type == ProgType::socket_filter) return socket;
  if (type == ProgType::lwt_in || type == ProgType::lwt_out) return lwt_in_out;
  if (type == ProgType::lwt_xmit) return ctx_types::lwt_xmit;
  if (type == ProgType::flow_dissector) return flow;
  return none;
}

std::span<const CtxRow> ctx_rows(ProgType type) {
  const std::uint8_t bit = ctx_type_bit(type);
  if (bit == xdp) return xdp_rows;
  if (bit == flow) return flow_rows;
  if (bit != none) return skb_rows;
  return {};
}

const CtxRow* find_ctx_row(ProgType type, std::uint32_t offset, unsigned size_bytes) {
  if (size_bytes == 0 || offset % size_bytes != 0) return nullptr;
  for (const CtxRow& row : ctx_rows(type)) {
    const std::uint64_t end = row.offset + std::uint64_t{row.size_bytes};
    if (offset < row.offset || std::uint64_t{offset} + size_bytes > end) continue;
    return row.parts == CtxParts::any || size_bytes == row.size_bytes ? &row : nullptr;
  }
  if (size_bytes == 8 && is_ctx_array(type, offset, size_bytes)) {
    return find_ctx_row(type, offset, 4);
  }
  return nullptr;
}

bool is_ctx_array(ProgType type, std::uint32_t offset, unsigned size_bytes) {
  constexpr std::uint32_t cb_begin = 48;
  constexpr std::uint32_t cb_end = 68;
  const bool in_cb = offset >= cb_begin && std::uint64_t{offset} + size_bytes <= cb_end;
  return in_cb && (ctx_type_bit(type) & skb) != 0;
}

const CtxRow* find_ctx_row(ProgType type, std::string_view name) {
  for (const CtxRow& row : ctx_rows(type)) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace probity::runtime
