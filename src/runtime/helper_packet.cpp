// SPDX-License-Identifier: Apache-2.0
// Helpers on the packet's bytes: XDP adjustments, copies in and out. What each checks, and what it
// answers where it cannot, is packet_bounds.hpp.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

HelperFlow xdp_adjust_head(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const auto delta = static_cast<std::int32_t>(call.arg32(2));
  return call.returns_moved(call.session.packet().adjust_head(delta));
}

HelperFlow xdp_adjust_meta(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const auto delta = static_cast<std::int32_t>(call.arg32(2));
  return call.returns_moved(call.session.packet().adjust_meta(delta));
}

HelperFlow xdp_adjust_tail(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const auto delta = static_cast<std::int32_t>(call.arg32(2));
  return call.returns_moved(call.session.packet().adjust_tail(delta));
}

HelperFlow xdp_get_buff_len(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return call.returns(call.session.packet().length());
}

using B32 = Bv<Concrete, 32>;
using B64 = Bv<Concrete, 64>;

HelperFlow xdp_load_bytes(HelperCall& call) {
  const std::uint32_t offset = call.arg32(2);
  const std::uint32_t size = call.arg32(4);
  std::uint8_t* to = call.memory(3, size, Access::write);
  if (to == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  PacketBuffer& packet = call.session.packet();
  const B64 answer = xdp_range_answer(B32::lit(offset), B32::lit(size), B64::lit(packet.length()));
  if (answer.raw() != 0) return call.returns(static_cast<std::int64_t>(answer.raw()));
  Bytes bytes(size);  // the destination may lie in the packet
  if (!packet.read(offset, bytes)) return call.returns(errno_of::invalid);
  std::ranges::copy(bytes, to);
  return call.returns(0);
}

HelperFlow xdp_store_bytes(HelperCall& call) {
  const std::uint32_t offset = call.arg32(2);
  const std::uint32_t size = call.arg32(4);
  const std::uint8_t* from = call.memory(3, size, Access::read);
  if (from == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  PacketBuffer& packet = call.session.packet();
  const B64 answer = xdp_range_answer(B32::lit(offset), B32::lit(size), B64::lit(packet.length()));
  if (answer.raw() != 0) return call.returns(static_cast<std::int64_t>(answer.raw()));
  const Bytes bytes(from, from + size);
  return call.returns(packet.write(offset, bytes) ? 0 : errno_of::invalid);
}

HelperFlow skb_load_bytes(HelperCall& call) {
  const std::uint32_t offset = call.arg32(2);
  const std::uint32_t size = call.arg32(4);
  std::uint8_t* to = call.memory(3, size, Access::write);
  if (to == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::span<const std::uint8_t> data = call.session.packet().data();
  const B64 answer = skb_range_answer(B32::lit(offset), B32::lit(size), B64::lit(data.size()));
  // A flow dissector's test run has no sk_buff to load from.
  const bool no_skb = ctx_type_bit(call.session.program_type()) == ctx_types::flow;
  if (no_skb || answer.raw() != 0) {
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
  const std::uint32_t link_bytes = call.session.packet().link_header_bytes();
  const std::uint64_t at = std::uint64_t{offset} + (start == from_network ? link_bytes : 0);
  const bool known = start == from_link || start == from_network;
  if (!known || offset > max_offset || !in_bounds(at, size, frame.size())) {
    std::memset(to, 0, size);
    return call.returns(errno_of::fault);
  }
  std::memmove(to, frame.data() + at, size);
  return call.returns(0);
}

HelperFlow skb_store_bytes(HelperCall& call) {
  const std::uint32_t offset = call.arg32(2);
  const std::uint32_t size = call.arg32(4);
  const std::uint8_t* from = call.memory(3, size, Access::read);
  if (from == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::span<std::uint8_t> data = call.session.packet().data();
  const B64 answer = skb_store_answer(B32::lit(offset), B32::lit(size), B64::lit(data.size()),
                                      B64::lit(call.arg(5)));
  if (answer.raw() == 0) std::memmove(data.data() + offset, from, size);
  return call.returns(static_cast<std::int64_t>(answer.raw()));
}

constexpr std::uint8_t skb_writers = ctx_types::tc | ctx_types::lwt_xmit;

constexpr std::array<HelperModel, 9> models = {{
    {9, skb_writers, skb_store_bytes},
    {26, ctx_types::skb | ctx_types::flow, skb_load_bytes},
    {44, ctx_types::xdp, xdp_adjust_head},
    {54, ctx_types::xdp, xdp_adjust_meta},
    {65, ctx_types::xdp, xdp_adjust_tail},
    {68, ctx_types::tc | ctx_types::cgroup | ctx_types::socket, skb_load_bytes_relative},
    {188, ctx_types::xdp, xdp_get_buff_len},
    {189, ctx_types::xdp, xdp_load_bytes},
    {190, ctx_types::xdp, xdp_store_bytes},
}};

}  // namespace

std::span<const HelperModel> packet_helpers() {
  return models;
}

}  // namespace probity::runtime
