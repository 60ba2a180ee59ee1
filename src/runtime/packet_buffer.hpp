// SPDX-License-Identifier: Apache-2.0
// The packet as BPF_PROG_TEST_RUN prepares it: one page with 256 bytes of headroom for XDP, the
// first 3520 bytes linear and the rest in fragments that a program without multi-buffer support
// does not see; for sk_buff programs, data after the link header where the type has none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
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
  /// Where data, and what is visible, lie in memory: moves of an XDP packet change these alone.
  std::int64_t data_place() const { return data_; }
  std::int64_t visible_place() const { return meta_; }
  std::uint32_t data_bytes() const { return end_ - data_; }
  /// data_end - data and the fragments.
  std::uint32_t length() const {
    return data_bytes() + static_cast<std::uint32_t>(fragments_.size());
  }
  /// The linear bytes from data on.
  std::span<std::uint8_t> data() { return {page_.data() + data_, data_bytes()}; }
  /// The bytes from the link header on (sk_buff).
  std::span<std::uint8_t> frame() { return {page_.data() + link_, end_ - link_}; }
  /// The bytes from the network header on (sk_buff); none when it lies behind the end.
  std::span<std::uint8_t> network() {
    return {page_.data() + std::min(network_, end_), end_ - std::min(network_, end_)};
  }
  /// Link header in front of data.
  std::uint32_t pulled_bytes() const { return data_ - link_; }
  /// From the link header to the network header: skb_mac_header_len().
  std::uint32_t link_header_bytes() const { return network_ - link_; }
  /// From data to the network header; 0 when it lies before data.
  std::uint32_t network_offset() const { return network_ - std::min(network_, data_); }
  /// From data to the transport header, once something set it.
  std::optional<std::uint32_t> transport_offset() const {
    if (!transport_) return std::nullopt;
    return *transport_ - data_;
  }
  void set_network_offset(std::uint32_t offset) { network_ = data_ + offset; }
  void set_transport_offset(std::uint32_t offset) { transport_ = data_ + offset; }

  /// Copies `out.size()` bytes from `offset` behind data, fragments included; false outside.
  bool read(std::uint32_t offset, std::span<std::uint8_t> out) const;
  bool write(std::uint32_t offset, std::span<const std::uint8_t> bytes);

  // What sk_buff helpers do; the caller has checked the bounds. All of them move the memory.
  /// Puts `count` zeros at `offset` behind data; headers keep their distance from data.
  void insert(std::uint32_t offset, std::uint32_t count);
  void remove(std::uint32_t offset, std::uint32_t count);
  /// Puts `count` zeros in front of the packet, which then starts with the link header.
  void grow_head(std::uint32_t count);
  /// Cuts the end, or adds zeros there.
  void set_length(std::uint32_t bytes);

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
  std::int64_t shrink_fragments(std::int32_t delta);
  std::int64_t grow_fragments(std::int32_t delta);

  Bytes page_;
  Bytes fragments_;
  std::uint32_t meta_ = 0;
  std::uint32_t data_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t link_ = 0;     // of an sk_buff: where its link header
  std::uint32_t network_ = 0;  // and its network header start
  std::optional<std::uint32_t> transport_;
  std::uint32_t restored_ = 0;  // bytes of link header that the test run puts back
};

}  // namespace probity::runtime
