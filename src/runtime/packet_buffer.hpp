// SPDX-License-Identifier: Apache-2.0
// The packet as BPF_PROG_TEST_RUN prepares it: one page with 256 bytes of headroom for XDP, the
// first 3520 bytes linear and the rest in fragments that a program without multi-buffer support
// does not see; for sk_buff programs, data after the link header where the type has none.
#pragma once

#include <cstdint>
#include <span>

#include "base/diagnostic.hpp"
#include "domain/concrete.hpp"
#include "runtime/engine.hpp"
#include "runtime/packet_bounds.hpp"

namespace probity::runtime {

constexpr std::uint32_t ethernet_header_bytes = 14;

class PacketBuffer {
 public:
  /// Layout for an XDP program. Refuses packets below 14 bytes and odd metadata, as the kernel
  /// does.
  static Expected<PacketBuffer> make_xdp(const RunInput& input);
  /// Layout for an sk_buff program; `pulled_bytes` of link header lie before data.
  static Expected<PacketBuffer> make_skb(const RunInput& input, std::uint32_t pulled_bytes);
  /// Raw memory: no headroom.
  static PacketBuffer make_raw(const RunInput& input);

  /// data_meta..data_end: the region a program may touch.
  std::span<std::uint8_t> visible() { return {page_.data() + meta_, end_ - meta_}; }
  std::uint32_t data_offset() const { return data_ - meta_; }  ///< of data in the region
  std::uint32_t data_bytes() const { return end_ - data_; }
  /// data_end - data and the fragments.
  std::uint32_t length() const {
    return data_bytes() + static_cast<std::uint32_t>(fragments_.size());
  }
  /// The linear bytes from data on.
  std::span<std::uint8_t> data() { return {page_.data() + data_, data_bytes()}; }
  /// The bytes from the link header on (sk_buff).
  std::span<std::uint8_t> frame() {
    return {page_.data() + data_ - pulled_, pulled_ + data_bytes()};
  }
  std::uint32_t pulled_bytes() const { return pulled_; }

  /// bpf_xdp_adjust_head, _meta, _tail: 0 or a negative error number.
  std::int64_t adjust_head(std::int32_t delta);
  std::int64_t adjust_meta(std::int32_t delta);
  std::int64_t adjust_tail(std::int32_t delta);

  /// What BPF_PROG_TEST_RUN gives back.
  Bytes output() const;

 private:
  PacketBounds<Concrete> bounds() const;
  /// The bounds after a move; its answer.
  std::int64_t take(const PacketMove<Concrete>& move);

  Bytes page_;
  Bytes fragments_;
  std::uint32_t meta_ = 0;
  std::uint32_t data_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t pulled_ = 0;
};

}  // namespace probity::runtime
