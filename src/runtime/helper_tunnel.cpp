// SPDX-License-Identifier: Apache-2.0
// Helpers on tunnel metadata: skb_set_tunnel_key and skb_get_tunnel_key (net/core/filter.c). A test
// packet came through no tunnel; what a program sets is what it gets, with the ends swapped.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

/// Offsets in struct bpf_tunnel_key; the shorter ones are sizes of its older layouts.
namespace key_at {
constexpr std::size_t remote = 4, remote_second_word = 8, ext = 22, label = 24, local = 28;
constexpr std::size_t size_bytes = 44, address_bytes = 16, word_bytes = 4;
}  // namespace key_at

constexpr std::uint64_t flag_ipv6 = 1;  // BPF_F_TUNINFO_IPV6

bool is_layout(std::uint64_t size) {
  return size == key_at::size_bytes || size == key_at::local || size == key_at::label ||
         size == key_at::ext || size == key_at::remote_second_word;
}

HelperFlow skb_set_tunnel_key(HelperCall& call) {
  constexpr std::uint64_t known_flags = 0x1f;
  const std::uint64_t size = call.arg(3);
  const std::uint8_t* from = call.memory(2, size, Access::read);
  if (from == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::uint64_t flags = call.arg(4);
  if ((flags & ~known_flags) != 0 || !is_layout(size)) return call.returns(errno_of::invalid);
  Bytes key(from, from + size);
  key.resize(key_at::size_bytes);
  const bool ipv6 = (flags & flag_ipv6) != 0;
  const bool labelled = load_le<std::uint32_t>(key.data() + key_at::label) != 0;
  if ((!ipv6 && labelled) || load_le<std::uint16_t>(key.data() + key_at::ext) != 0)
    return call.returns(errno_of::invalid);
  call.record({flags}, key);
  call.session.skb_notes().tunnel_key = std::move(key);
  call.session.skb_notes().tunnel_flags = flags;
  return call.returns(0);
}

/// The key as the receiver of what was set would see it.
Bytes received_key(const Bytes& set, bool ipv6) {
  Bytes key = set;
  const std::size_t address = ipv6 ? key_at::address_bytes : key_at::word_bytes;
  std::fill_n(key.begin() + key_at::remote, key_at::address_bytes, std::uint8_t{0});
  std::fill_n(key.begin() + key_at::local, key_at::address_bytes, std::uint8_t{0});
  std::copy_n(set.begin() + key_at::local, address, key.begin() + key_at::remote);
  std::copy_n(set.begin() + key_at::remote, address, key.begin() + key_at::local);
  return key;
}

HelperFlow skb_get_tunnel_key(HelperCall& call) {
  constexpr std::uint64_t wants_flags = 16;  // BPF_F_TUNINFO_FLAGS
  constexpr std::int64_t other_protocol = -71;
  const std::uint64_t size = call.arg(3);
  std::uint8_t* to = call.memory(2, size, Access::write);
  if (to == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::uint64_t flags = call.arg(4);
  const SkbNotes& notes = call.session.skb_notes();
  std::memset(to, 0, size);
  if (notes.tunnel_key.empty() || (flags & ~(flag_ipv6 | wants_flags)) != 0)
    return call.returns(errno_of::invalid);
  const bool ipv6 = (notes.tunnel_flags & flag_ipv6) != 0;
  if (ipv6 != ((flags & flag_ipv6) != 0)) return call.returns(other_protocol);
  if (!is_layout(size) || (size == key_at::remote_second_word && ipv6))
    return call.returns(errno_of::invalid);
  if ((flags & wants_flags) != 0) {
    return call.refuse(FaultKind::unsupported, flags, "the flags of a tunnel are not modelled");
  }
  const Bytes key = received_key(notes.tunnel_key, ipv6);
  std::copy_n(key.begin(), size, to);
  return call.returns(0);
}

constexpr std::array<HelperModel, 2> models = {{
    {20, ctx_types::tc | ctx_types::lwt_xmit, skb_get_tunnel_key},
    {21, ctx_types::tc | ctx_types::lwt_xmit, skb_set_tunnel_key},
}};

}  // namespace

std::span<const HelperModel> tunnel_helpers() {
  return models;
}

}  // namespace probity::runtime
