// SPDX-License-Identifier: Apache-2.0
// See helper_effect.hpp.
#include "program/helper_effect.hpp"

#include <algorithm>
#include <span>
#include <string_view>

#include "program/helper.hpp"

namespace probity::program {
namespace {

// A tail call that falls through moved nothing; the kernel's checker takes it for a mover anyway.
constexpr std::string_view packet_movers[] = {
    "bpf_skb_store_bytes", "bpf_l3_csum_replace", "bpf_l4_csum_replace",  "bpf_clone_redirect",
    "bpf_skb_vlan_push",   "bpf_skb_vlan_pop",    "bpf_skb_change_proto", "bpf_skb_change_tail",
    "bpf_skb_pull_data",   "bpf_skb_change_head", "bpf_xdp_adjust_head",  "bpf_skb_adjust_room",
    "bpf_xdp_adjust_meta", "bpf_msg_pull_data",   "bpf_xdp_adjust_tail",  "bpf_lwt_push_encap",
    "bpf_tail_call",
};

constexpr std::string_view pointer_followers[] = {"bpf_trace_vprintk", "bpf_snprintf"};

bool is_named(const Helper& helper, std::span<const std::string_view> names) {
  return std::ranges::find(names, helper.name) != names.end();
}

const Helper* modelled(std::uint32_t id) {
  const Helper* helper = find_helper(id);
  return helper != nullptr && helper->is_modelled() ? helper : nullptr;
}

}  // namespace

bool may_move_packet(std::uint32_t helper) {
  const Helper* known = modelled(helper);
  return known == nullptr || is_named(*known, packet_movers);
}

bool may_follow_pointers(std::uint32_t helper) {
  const Helper* known = modelled(helper);
  return known == nullptr || is_named(*known, pointer_followers);
}

bool may_call_back(std::uint32_t helper) {
  const Helper* known = modelled(helper);
  return known == nullptr || std::ranges::find(known->args, ArgKind::func) != known->args.end();
}

}  // namespace probity::program
