// SPDX-License-Identifier: Apache-2.0
// What helpers that put something out ask and answer, over a value domain: perf events
// (net/core/filter.c: bpf_xdp_event_output, bpf_skb_event_output) and records of ring buffers
// (kernel/bpf/ringbuf.c) of Linux 6.18. Who reads them, and when, is the engine's to know.
#pragma once

#include "domain/bv.hpp"
#include "runtime/packet_bounds.hpp"

namespace probity::runtime {

/// Flags of bpf_perf_event_output: an index in the map, and how much of the packet to append.
namespace event_flags {
constexpr std::uint64_t index_mask = 0xffff'ffff;      ///< BPF_F_INDEX_MASK, also BPF_F_CURRENT_CPU
constexpr unsigned length_low = 32, length_high = 51;  ///< BPF_F_CTXLEN_MASK
constexpr std::uint64_t known = index_mask | 0xfffffull << length_low;
}  // namespace event_flags

/// Bytes of the packet that the event holds.
template <Domain D>
constexpr Bv<D, 64> event_packet_bytes(Bv<D, 64> flags) {
  return zext<64>(bits<event_flags::length_high, event_flags::length_low>(flags));
}

/// bpf_perf_event_output on a packet of `length` bytes: an error, or 0 where the event is put out.
template <Domain D>
constexpr Bv<D, 64> event_refusal(Bv<D, 64> flags, Bv<D, 64> length) {
  const Bool<D> unknown = (flags & Bv<D, 64>::lit(~event_flags::known)) != Bv<D, 64>::lit(0);
  const Bv<D, 64> inside = ite(ult(length, event_packet_bytes(flags)), answer<D>(errno_of::fault),
                               answer<D>(errno_of::done));
  return ite(unknown, answer<D>(errno_of::invalid), inside);
}

/// What a record takes in a ring buffer: its header and itself, to 8 bytes. 0: no buffer is so
/// large.
constexpr std::uint64_t ringbuf_room(std::uint64_t record_bytes) {
  constexpr std::uint64_t header_bytes = 8;  // BPF_RINGBUF_HDR_SZ
  constexpr std::uint64_t max_record_bytes = 0xffff'ffff / 4;
  if (record_bytes > max_record_bytes) return 0;
  return (record_bytes + header_bytes + 7) / 8 * 8;
}
/// Does it fit a buffer of `buffer_bytes`, of which `used` are taken?
constexpr bool ringbuf_fits(std::uint64_t room, std::uint64_t buffer_bytes, std::uint64_t used) {
  return room != 0 && room <= buffer_bytes && used + room <= buffer_bytes - 1;
}

/// bpf_ringbuf_output asks for its flags before it takes room; bpf_ringbuf_reserve knows none.
template <Domain D>
constexpr Bool<D> ringbuf_output_takes(Bv<D, 64> flags) {
  constexpr std::uint64_t known_flags = 3;  // BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP
  return ule(flags, Bv<D, 64>::lit(known_flags));
}
template <Domain D>
constexpr Bv<D, 64> ringbuf_output_answer(Bv<D, 64> flags, Bool<D> has_room) {
  return ite(ringbuf_output_takes(flags),
             ite(has_room, answer<D>(errno_of::done), answer<D>(errno_of::again)),
             answer<D>(errno_of::invalid));
}
template <Domain D>
constexpr Bool<D> ringbuf_reserve_takes(Bv<D, 64> flags) {
  return flags == Bv<D, 64>::lit(0);
}

}  // namespace probity::runtime
