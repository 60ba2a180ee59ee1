// SPDX-License-Identifier: Apache-2.0
// clang writes the value for the compiled layout into the slot, so a settled relocation changes no
// bits.
#include "object/core.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace probity::object {
namespace {

constexpr std::uint32_t kind_type_id_local = 6;  // enum bpf_core_relo_kind
constexpr std::uint32_t last_field_kind = 5;     // byte offset, size, exists, signed, two shifts

/// Fixed by the user-space ABI or by a protocol; sorted.
constexpr std::string_view fixed_types[] = {
    "__sk_buff",    "arphdr",      "bpf_sock",  "bpf_sock_addr",   "bpf_sock_tuple",
    "ethhdr",       "icmp6hdr",    "icmphdr",   "in6_addr",        "iphdr",
    "ipv6_opt_hdr", "ipv6hdr",     "sk_msg_md", "sk_reuseport_md", "tcphdr",
    "udphdr",       "vlan_ethhdr", "vlan_hdr",  "xdp_md",
};
static_assert(std::ranges::is_sorted(fixed_types));

bool is_settled(const CoreRecord& record) {
  if (record.kind == kind_type_id_local) return true;
  const std::string_view name = record.type_name.substr(0, record.type_name.find("___"));
  return record.kind <= last_field_kind && std::ranges::binary_search(fixed_types, name);
}

}  // namespace

std::optional<std::string> apply_core(std::span<CoreRelocation> relocations) {
  std::size_t left = 0;
  const CoreRelocation* first = nullptr;
  for (CoreRelocation& relocation : relocations) {
    relocation.applied = is_settled(relocation.record);
    if (relocation.applied) continue;
    if (first == nullptr) first = &relocation;
    ++left;
  }
  if (first == nullptr) return std::nullopt;
  return fmt::format("needs {} CO-RE relocations against kernel types, first {} {} at slot {}",
                     left, first->record.type_name, first->record.access, first->slot);
}

}  // namespace probity::object
