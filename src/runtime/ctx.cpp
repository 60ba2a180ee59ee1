// SPDX-License-Identifier: Apache-2.0
// The tables of ctx.hpp.
#include "runtime/ctx.hpp"

#include <array>

namespace probity::runtime {
namespace {

using namespace ctx_types;
using program::ProgType;

// clang-format off
constexpr std::array<CtxRow, 6> xdp_rows = {{
    {"data",            0,  4, CtxField::data,      xdp, none},
    {"data_end",        4,  4, CtxField::data_end,  xdp, none},
    {"data_meta",       8,  4, CtxField::data_meta, xdp, none},
    {"ingress_ifindex", 12, 4, CtxField::value,     xdp, none},
    {"rx_queue_index",  16, 4, CtxField::value,     xdp, none},
    {"egress_ifindex",  20, 4, CtxField::value,     xdp, none},
}};

constexpr std::array<CtxRow, 41> skb_rows = {{
    {"len",             0,   4, CtxField::length,    skb,             none},
    {"pkt_type",        4,   4, CtxField::value,     skb,             none},
    {"mark",            8,   4, CtxField::value,     skb,             tc | cgroup},
    {"queue_mapping",   12,  4, CtxField::value,     skb,             tc},
    {"protocol",        16,  4, CtxField::value,     skb,             none},
    {"vlan_present",    20,  4, CtxField::value,     skb,             none},
    {"vlan_tci",        24,  4, CtxField::value,     skb,             none},
    {"vlan_proto",      28,  4, CtxField::value,     skb,             none},
    {"priority",        32,  4, CtxField::value,     skb,             tc | cgroup},
    {"ingress_ifindex", 36,  4, CtxField::value,     skb,             none},
    {"ifindex",         40,  4, CtxField::value,     skb,             none},
    {"tc_index",        44,  4, CtxField::value,     skb,             tc},
    {"cb[0]",           48,  4, CtxField::value,     skb,             skb},
    {"cb[1]",           52,  4, CtxField::value,     skb,             skb},
    {"cb[2]",           56,  4, CtxField::value,     skb,             skb},
    {"cb[3]",           60,  4, CtxField::value,     skb,             skb},
    {"cb[4]",           64,  4, CtxField::value,     skb,             skb},
    {"hash",            68,  4, CtxField::value,     skb,             none},
    {"tc_classid",      72,  4, CtxField::value,     tc,              tc},
    {"data",            76,  4, CtxField::data,      tc | cgroup,     none},
    {"data_end",        80,  4, CtxField::data_end,  tc | cgroup,     none},
    {"napi_id",         84,  4, CtxField::value,     skb,             none},
    {"family",          88,  4, CtxField::value,     cgroup,          none},
    {"remote_ip4",      92,  4, CtxField::value,     cgroup,          none},
    {"local_ip4",       96,  4, CtxField::value,     cgroup,          none},
    {"remote_ip6[0]",   100, 4, CtxField::value,     cgroup,          none},
    {"remote_ip6[1]",   104, 4, CtxField::value,     cgroup,          none},
    {"remote_ip6[2]",   108, 4, CtxField::value,     cgroup,          none},
    {"remote_ip6[3]",   112, 4, CtxField::value,     cgroup,          none},
    {"local_ip6[0]",    116, 4, CtxField::value,     cgroup,          none},
    {"local_ip6[1]",    120, 4, CtxField::value,     cgroup,          none},
    {"local_ip6[2]",    124, 4, CtxField::value,     cgroup,          none},
    {"local_ip6[3]",    128, 4, CtxField::value,     cgroup,          none},
    {"remote_port",     132, 4, CtxField::value,     cgroup,          none},
    {"local_port",      136, 4, CtxField::value,     cgroup,          none},
    {"data_meta",       140, 4, CtxField::data_meta, tc,              none},
    {"tstamp",          152, 8, CtxField::value,     tc | cgroup,     tc | cgroup},
    {"wire_len",        160, 4, CtxField::value,     tc,              none},
    {"gso_segs",        164, 4, CtxField::value,     skb,             none},
    {"gso_size",        176, 4, CtxField::value,     skb,             none},
    {"hwtstamp",        184, 8, CtxField::value,     tc | cgroup,     none},
}};
// clang-format on

}  // namespace

std::uint8_t ctx_type_bit(ProgType type) {
  if (type == ProgType::xdp) return xdp;
  if (type == ProgType::sched_cls || type == ProgType::sched_act) return tc;
  if (type == ProgType::cgroup_skb) return cgroup;
  if (type == ProgType::socket_filter) return socket;
  return none;
}

std::span<const CtxRow> ctx_rows(ProgType type) {
  const std::uint8_t bit = ctx_type_bit(type);
  if (bit == xdp) return xdp_rows;
  if (bit != none) return skb_rows;
  return {};
}

const CtxRow* find_ctx_row(ProgType type, std::uint32_t offset, unsigned size_bytes) {
  // __is_valid_xdp_access: the fields of xdp_md are only accessed whole; __sk_buff allows less.
  if (ctx_type_bit(type) == xdp && (size_bytes != 4 || offset % 4 != 0)) return nullptr;
  for (const CtxRow& row : ctx_rows(type)) {
    if (offset >= row.offset &&
        std::uint64_t{offset} + size_bytes <= row.offset + std::uint64_t{row.size_bytes}) {
      return &row;
    }
  }
  // cb[] is one array: it may be accessed by 8 bytes.
  constexpr std::uint32_t cb_begin = 48;
  constexpr std::uint32_t cb_end = 68;
  const bool in_cb = offset >= cb_begin && std::uint64_t{offset} + size_bytes <= cb_end;
  if (in_cb && size_bytes == 8 && offset % 8 == 0 && (ctx_type_bit(type) & skb) != 0) {
    return find_ctx_row(type, offset, 4);
  }
  return nullptr;
}

}  // namespace probity::runtime
