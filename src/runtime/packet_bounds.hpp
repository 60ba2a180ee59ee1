// SPDX-License-Identifier: Apache-2.0
// Head, tail and metadata arithmetic of packets, over a value domain: bpf_xdp_adjust_head, _meta
// and _tail, copies into and out of the packet, bpf_skb_change_tail and bpf_skb_change_head
// (net/core/filter.c of Linux 6.18). A packet lies in a frame: metadata, data and end are signed
// offsets in it, from wherever the caller counts.
//
// A move tells what the helper answers and the bounds afterwards; with an answer other than 0 the
// bounds are the old ones. What moves with them (the metadata's bytes, zeros behind a grown tail)
// is the engine's to do. An engine that forks on the answer takes the bounds of the side it is on.
#pragma once

#include "domain/bv.hpp"
#include "runtime/error_number.hpp"

namespace probity::runtime {

namespace packet_limits {
constexpr std::uint64_t min_packet_bytes = 14;     ///< ETH_HLEN
constexpr std::uint64_t max_metadata_bytes = 252;  ///< multiple of 4 below 256
constexpr std::uint64_t xdp_headroom_bytes = 256;  ///< XDP_PACKET_HEADROOM
constexpr std::uint64_t xdp_frame_bytes = 40;      ///< struct xdp_frame, at the frame's start
constexpr std::uint64_t page_bytes = 4096;         ///< a frame of BPF_PROG_TEST_RUN
constexpr std::uint64_t shared_info_bytes = 320;   ///< struct skb_shared_info, at its end
constexpr std::uint64_t xdp_hard_end = page_bytes - shared_info_bytes;
constexpr std::uint64_t skb_max_bytes = 4 * page_bytes - shared_info_bytes;  ///< BPF_SKB_MAX_LEN
}  // namespace packet_limits

template <Domain D>
struct PacketBounds {
  Bv<D, 64> meta;  ///< meta == data: no metadata
  Bv<D, 64> data;
  Bv<D, 64> end;
};

/// The part of the frame a packet may occupy: behind struct xdp_frame, before skb_shared_info.
template <Domain D>
struct FrameLimits {
  Bv<D, 64> first;
  Bv<D, 64> last;
};

template <Domain D>
struct PacketMove {
  PacketBounds<D> before;
  PacketBounds<D> moved;  ///< the bounds if the answer is 0
  Bv<D, 64> result;

  constexpr Bool<D> answers(std::int64_t value) const {
    return result == Bv<D, 64>::lit(static_cast<std::uint64_t>(value));
  }
  constexpr PacketBounds<D> bounds() const {
    const Bool<D> done = answers(errno_of::done);
    return {ite(done, moved.meta, before.meta), ite(done, moved.data, before.data),
            ite(done, moved.end, before.end)};
  }
};

template <Domain D>
constexpr Bv<D, 64> answer(std::int64_t value) {
  return Bv<D, 64>::lit(static_cast<std::uint64_t>(value));
}

/// bpf_xdp_adjust_head: data moves and takes the metadata along.
template <Domain D>
constexpr PacketMove<D> xdp_head_moved(PacketBounds<D> packet, FrameLimits<D> limits,
                                       Bv<D, 32> delta) {
  const Bv<D, 64> by = sext<64>(delta);
  const PacketBounds<D> then{packet.meta + by, packet.data + by, packet.end};
  const Bv<D, 64> last = packet.end - Bv<D, 64>::lit(packet_limits::min_packet_bytes);
  const Bool<D> outside = slt(then.meta, limits.first) | slt(last, then.data);
  return {packet, then, ite(outside, answer<D>(errno_of::invalid), answer<D>(errno_of::done))};
}

/// bpf_xdp_adjust_meta: data_meta moves; first its place is checked, then its size.
template <Domain D>
constexpr PacketMove<D> xdp_meta_moved(PacketBounds<D> packet, FrameLimits<D> limits,
                                       Bv<D, 32> delta) {
  const PacketBounds<D> then{packet.meta + sext<64>(delta), packet.data, packet.end};
  const Bv<D, 64> size = then.data - then.meta;
  const Bool<D> outside = slt(then.meta, limits.first) | slt(then.data, then.meta);
  const Bool<D> odd = (bits<1, 0>(size) != Bv<D, 2>::lit(0)) |
                      ult(Bv<D, 64>::lit(packet_limits::max_metadata_bytes), size);
  const Bv<D, 64> sized = ite(odd, answer<D>(errno_of::access), answer<D>(errno_of::done));
  return {packet, then, ite(outside, answer<D>(errno_of::invalid), sized)};
}

/// bpf_xdp_adjust_tail of a packet without fragments: the end moves.
template <Domain D>
constexpr PacketMove<D> xdp_tail_moved(PacketBounds<D> packet, FrameLimits<D> limits,
                                       Bv<D, 32> delta) {
  const PacketBounds<D> then{packet.meta, packet.data, packet.end + sext<64>(delta)};
  const Bv<D, 64> least = packet.data + Bv<D, 64>::lit(packet_limits::min_packet_bytes);
  const Bool<D> outside = slt(limits.last, then.end) | slt(then.end, least);
  return {packet, then, ite(outside, answer<D>(errno_of::invalid), answer<D>(errno_of::done))};
}

/// Do `size` bytes from `offset` lie in a packet of `length` bytes? Sizes are below 2^32.
template <Domain D>
constexpr Bool<D> in_packet(Bv<D, 32> offset, Bv<D, 32> size, Bv<D, 64> length) {
  return ule(zext<64>(offset) + zext<64>(size), length);
}

/// bpf_xdp_load_bytes and bpf_xdp_store_bytes: what they answer for a range of the packet.
template <Domain D>
constexpr Bv<D, 64> xdp_range_answer(Bv<D, 32> offset, Bv<D, 32> size, Bv<D, 64> length) {
  const Bv<D, 32> most = Bv<D, 32>::lit(0xffff);
  const Bv<D, 64> inside =
      ite(in_packet(offset, size, length), answer<D>(errno_of::done), answer<D>(errno_of::invalid));
  return ite(ult(most, offset) | ult(most, size), answer<D>(errno_of::fault), inside);
}

/// bpf_skb_load_bytes and bpf_skb_store_bytes: the same.
template <Domain D>
constexpr Bv<D, 64> skb_range_answer(Bv<D, 32> offset, Bv<D, 32> size, Bv<D, 64> length) {
  const Bool<D> outside = slt(offset, Bv<D, 32>::lit(0)) | ~in_packet(offset, size, length);
  return ite(outside, answer<D>(errno_of::fault), answer<D>(errno_of::done));
}

/// bpf_skb_store_bytes asks for its flags first: BPF_F_RECOMPUTE_CSUM and BPF_F_INVALIDATE_HASH,
/// which touch no byte.
template <Domain D>
constexpr Bv<D, 64> skb_store_answer(Bv<D, 32> offset, Bv<D, 32> size, Bv<D, 64> length,
                                     Bv<D, 64> flags) {
  constexpr std::uint64_t known_flags = 3;
  const Bool<D> refused = ult(Bv<D, 64>::lit(known_flags), flags);
  return ite(refused, answer<D>(errno_of::invalid), skb_range_answer(offset, size, length));
}

/// bpf_skb_change_tail: whether an sk_buff may become `length` bytes long (`min_bytes` reach the
/// network header, or the transport header where the device may compute a checksum).
template <Domain D>
constexpr Bv<D, 64> skb_tail_answer(Bv<D, 32> length, Bv<D, 32> min_bytes, Bv<D, 64> flags) {
  const Bool<D> refused = (flags != Bv<D, 64>::lit(0)) | ult(length, min_bytes) |
                          ult(Bv<D, 32>::lit(packet_limits::skb_max_bytes), length);
  return ite(refused, answer<D>(errno_of::invalid), answer<D>(errno_of::done));
}

/// bpf_skb_change_head: whether `more` bytes may go in front of an sk_buff of `length` bytes.
template <Domain D>
constexpr Bv<D, 64> skb_head_answer(Bv<D, 32> length, Bv<D, 32> more, Bv<D, 64> flags) {
  const Bv<D, 32> whole = length + more;
  const Bool<D> refused = (flags != Bv<D, 64>::lit(0)) | ult(whole, length) |
                          ult(Bv<D, 32>::lit(packet_limits::skb_max_bytes), whole);
  return ite(refused, answer<D>(errno_of::invalid), answer<D>(errno_of::done));
}

}  // namespace probity::runtime
