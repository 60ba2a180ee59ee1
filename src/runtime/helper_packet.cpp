// SPDX-License-Identifier: Apache-2.0
// Helpers on the packet: XDP adjustments, copies in and out, redirect. What each checks, and what
// it answers where it cannot, follows net/core/filter.c.
#include <array>
#include <cstring>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/redirect_rule.hpp"

namespace probity::runtime {
namespace {

constexpr std::uint32_t max_skb_offset = 0x7fff'ffff;

HelperFlow adjusted(HelperCall& call, std::int64_t result) {
  if (result == 0) call.session.renew_packet_region(call.machine);
  return call.machine.fault.kind == FaultKind::none ? call.returns(result) : HelperFlow::fault;
}

HelperFlow xdp_adjust_head(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return adjusted(call,
                  call.session.packet().adjust_head(static_cast<std::int32_t>(call.arg32(2))));
}

HelperFlow xdp_adjust_meta(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return adjusted(call,
                  call.session.packet().adjust_meta(static_cast<std::int32_t>(call.arg32(2))));
}

HelperFlow xdp_adjust_tail(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return adjusted(call,
                  call.session.packet().adjust_tail(static_cast<std::int32_t>(call.arg32(2))));
}

HelperFlow xdp_get_buff_len(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return call.returns(call.session.packet().length());
}

/// Where bytes offset..offset+size of an XDP packet lie, or the error number.
std::int64_t xdp_range(HelperCall& call, std::uint32_t offset, std::uint32_t size) {
  constexpr std::uint32_t limit = 0xffff;
  if (offset > limit || size > limit) return errno_of::fault;
  return in_bounds(offset, size, call.session.packet().data_bytes()) ? 0 : errno_of::invalid;
}

HelperFlow xdp_load_bytes(HelperCall& call) {
  const std::uint32_t offset = call.arg32(2);
  const std::uint32_t size = call.arg32(4);
  std::uint8_t* to = call.memory(3, size, Access::write);
  if (to == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::int64_t result = xdp_range(call, offset, size);
  if (result == 0) std::memmove(to, call.session.packet().data().data() + offset, size);
  return call.returns(result);
}

HelperFlow xdp_store_bytes(HelperCall& call) {
  const std::uint32_t offset = call.arg32(2);
  const std::uint32_t size = call.arg32(4);
  const std::uint8_t* from = call.memory(3, size, Access::read);
  if (from == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::int64_t result = xdp_range(call, offset, size);
  if (result == 0) std::memmove(call.session.packet().data().data() + offset, from, size);
  return call.returns(result);
}

HelperFlow skb_load_bytes(HelperCall& call) {
  const std::uint32_t offset = call.arg32(2);
  const std::uint32_t size = call.arg32(4);
  std::uint8_t* to = call.memory(3, size, Access::write);
  if (to == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::span<const std::uint8_t> data = call.session.packet().data();
  if (offset > max_skb_offset || !in_bounds(offset, size, data.size())) {
    std::memset(to, 0, size);
    return call.returns(errno_of::fault);
  }
  std::memmove(to, data.data() + offset, size);
  return call.returns(0);
}

HelperFlow skb_load_bytes_relative(HelperCall& call) {
  constexpr std::uint32_t max_offset = 0xffff;
  constexpr std::uint32_t from_link = 0, from_network = 1;
  const std::uint32_t offset = call.arg32(2);
  const std::uint32_t size = call.arg32(4);
  const std::uint32_t start = call.arg32(5);
  std::uint8_t* to = call.memory(3, size, Access::write);
  if (to == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::span<const std::uint8_t> frame = call.session.packet().frame();
  const std::uint64_t at =
      std::uint64_t{offset} + (start == from_network ? ethernet_header_bytes : 0);
  const bool known = start == from_link || start == from_network;
  if (!known || offset > max_offset || !in_bounds(at, size, frame.size())) {
    std::memset(to, 0, size);
    return call.returns(errno_of::fault);
  }
  std::memmove(to, frame.data() + at, size);
  return call.returns(0);
}

HelperFlow skb_store_bytes(HelperCall& call) {
  constexpr std::uint64_t known_flags = 3;  // BPF_F_RECOMPUTE_CSUM, BPF_F_INVALIDATE_HASH
  const std::uint32_t offset = call.arg32(2);
  const std::uint32_t size = call.arg32(4);
  const std::uint8_t* from = call.memory(3, size, Access::read);
  if (from == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  if ((call.arg(5) & ~known_flags) != 0) return call.returns(errno_of::invalid);
  const std::span<std::uint8_t> data = call.session.packet().data();
  if (offset > max_skb_offset || !in_bounds(offset, size, data.size()))
    return call.returns(errno_of::fault);
  std::memmove(data.data() + offset, from, size);
  return call.returns(0);
}

HelperFlow skb_pull_data(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const bool inside = call.arg32(2) <= call.session.packet().data_bytes();
  return call.returns(inside ? 0 : errno_of::nomem);
}

HelperFlow redirect(HelperCall& call) {
  const Bv<Concrete, 64> flags = Bv<Concrete, 64>::lit(call.arg(2));
  const bool xdp = call.session.is_xdp();
  const std::uint64_t result =
      (xdp ? xdp_redirect_answer(flags) : skb_redirect_answer(flags, redirect_flags::ingress))
          .raw();
  const std::uint64_t redirected = xdp ? verdict_of::xdp_redirect : verdict_of::tc_redirect;
  if (result == redirected) call.record({call.arg32(1), call.arg(2)}, {});
  return call.returns(static_cast<std::int64_t>(result));
}

constexpr std::array<HelperModel, 11> models = {{
    {9, ctx_types::tc, skb_store_bytes},
    {23, ctx_types::xdp | ctx_types::tc, redirect},
    {26, ctx_types::skb, skb_load_bytes},
    {39, ctx_types::tc, skb_pull_data},
    {44, ctx_types::xdp, xdp_adjust_head},
    {54, ctx_types::xdp, xdp_adjust_meta},
    {65, ctx_types::xdp, xdp_adjust_tail},
    {68, ctx_types::skb, skb_load_bytes_relative},
    {188, ctx_types::xdp, xdp_get_buff_len},
    {189, ctx_types::xdp, xdp_load_bytes},
    {190, ctx_types::xdp, xdp_store_bytes},
}};

}  // namespace

std::span<const HelperModel> packet_helpers() {
  return models;
}

}  // namespace probity::runtime
