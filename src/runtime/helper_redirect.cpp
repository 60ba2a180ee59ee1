// SPDX-License-Identifier: Apache-2.0
// Helpers that send the packet elsewhere: redirect, redirect_map, redirect_neigh, redirect_peer and
// clone_redirect (net/core/filter.c), on redirect_rule.hpp. Where the packet then goes is not
// followed; that it was sent is recorded.
#include <array>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/redirect_rule.hpp"

namespace probity::runtime {
namespace {

using B64 = Bv<Concrete, 64>;

/// Answers, and records a packet that is sent.
HelperFlow answer_redirect(HelperCall& call, B64 result, std::uint64_t flags) {
  const bool xdp = call.session.is_xdp();
  const std::uint64_t sent = xdp ? verdict_of::xdp_redirect : verdict_of::tc_redirect;
  if (result.raw() == sent) call.record({call.arg32(1), flags}, {});
  return call.returns(static_cast<std::int64_t>(result.raw()));
}

HelperFlow redirect(HelperCall& call) {
  const B64 flags = B64::lit(call.arg(2));
  const B64 result = call.session.is_xdp() ? xdp_redirect_answer(flags)
                                           : skb_redirect_answer(flags, redirect_flags::ingress);
  return answer_redirect(call, result, flags.raw());
}

HelperFlow redirect_peer(HelperCall& call) {
  return answer_redirect(call, skb_redirect_answer(B64::lit(call.arg(2)), 0), call.arg(2));
}

HelperFlow redirect_neigh(HelperCall& call) {
  const std::uint64_t size = call.arg(3);
  if (call.memory(2, size, Access::read) == nullptr) return HelperFlow::fault;
  const B64 flags = B64::lit(call.arg(4));
  return answer_redirect(call, neigh_redirect_answer(size, flags), flags.raw());
}

HelperFlow redirect_map(HelperCall& call) {
  Map* map = call.map_taken_by(1, [](program::MapType type) {
    return type == program::MapType::devmap || type == program::MapType::devmap_hash ||
           type == program::MapType::cpumap || type == program::MapType::xskmap;
  });
  if (map == nullptr) return HelperFlow::fault;
  const program::MapType type = map->definition().type;
  const bool devices = type == program::MapType::devmap || type == program::MapType::devmap_hash;
  const std::uint64_t flags = call.arg(3);
  const std::uint32_t index = call.arg32(2);
  std::array<std::uint8_t, 4> key{};
  store_le(key.data(), index);
  const Bool<Concrete> present = Bool<Concrete>::lit(map->lookup(key) != nullptr ? 1 : 0);
  const Bv<Concrete, 64> result =
      map_redirect_answer(devices ? RedirectTargets::devices : RedirectTargets::others,
                          Bv<Concrete, 64>::lit(flags), present);
  if (result.raw() == verdict_of::xdp_redirect) call.record({index, flags}, {});
  return call.returns(static_cast<std::int64_t>(result.raw()));
}

/// The devices there are take every packet.
HelperFlow clone_redirect(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const std::uint32_t ifindex = call.arg32(2);
  const std::uint64_t flags = call.arg(3);
  const bool taken = clone_redirect_takes(B64::lit(flags)).raw() != 0;
  if (!taken || !call.session.has_device(ifindex)) return call.returns(errno_of::invalid);
  PacketBuffer& packet = call.session.packet();
  if (packet.length() == 0 || packet.link_header_bytes() == 0) return call.returns(errno_of::range);
  const std::span<const std::uint8_t> frame = packet.frame();
  call.record({ifindex, flags}, Bytes(frame.begin(), frame.end()));
  return call.returns(0);
}

constexpr std::array<HelperModel, 5> models = {{
    {13, ctx_types::tc | ctx_types::lwt_xmit, clone_redirect},
    {23, ctx_types::xdp | ctx_types::tc | ctx_types::lwt_xmit, redirect},
    {51, ctx_types::xdp, redirect_map},
    {152, ctx_types::tc, redirect_neigh},
    {155, ctx_types::tc, redirect_peer},
}};

}  // namespace

std::span<const HelperModel> redirect_helpers() {
  return models;
}

}  // namespace probity::runtime
