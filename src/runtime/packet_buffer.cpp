// SPDX-License-Identifier: Apache-2.0
// Layout as in net/bpf/test_run.c; adjustments as in net/core/filter.c (bpf_xdp_adjust_head, _meta,
// _tail).
#include "runtime/packet_buffer.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "runtime/map.hpp"

namespace probity::runtime {
namespace {

constexpr std::uint32_t page_bytes = 4096;
constexpr std::uint32_t xdp_headroom_bytes = 256;  // XDP_PACKET_HEADROOM
constexpr std::uint32_t xdp_frame_bytes = 40;      // sizeof(struct xdp_frame), at the page's start
constexpr std::uint32_t shared_info_bytes = 320;   // skb_shared_info, at its end
constexpr std::uint32_t xdp_hard_end = page_bytes - shared_info_bytes;
constexpr std::uint32_t max_linear_bytes = xdp_hard_end - xdp_headroom_bytes;
constexpr std::uint32_t max_packet_bytes = 1u << 20;
constexpr std::uint32_t max_metadata_bytes = 252;

Expected<void> require_length(const RunInput& input) {
  const std::size_t length = input.packet.size();
  if (length < ethernet_header_bytes || length > max_packet_bytes) {
    return error(Fault::bad_input, fmt::format("packet: length {} is outside {}..{}", length,
                                               ethernet_header_bytes, max_packet_bytes));
  }
  return {};
}

}  // namespace

Expected<PacketBuffer> PacketBuffer::make_xdp(const RunInput& input) {
  TRY(require_length(input));
  if (input.metadata_size % 4 != 0 || input.metadata_size > max_metadata_bytes ||
      input.metadata_size + ethernet_header_bytes > input.packet.size()) {
    return error(Fault::bad_input, fmt::format("metadata_size {} is not a multiple of 4 in 0..{}",
                                               input.metadata_size, max_metadata_bytes));
  }
  PacketBuffer buffer;
  const std::size_t linear = std::min<std::size_t>(input.packet.size(), max_linear_bytes);
  buffer.page_.assign(page_bytes, 0);
  buffer.meta_ = xdp_headroom_bytes;
  buffer.data_ = buffer.meta_ + input.metadata_size;
  buffer.end_ = buffer.meta_ + static_cast<std::uint32_t>(linear);
  std::copy_n(input.packet.begin(), linear, buffer.page_.begin() + xdp_headroom_bytes);
  buffer.fragments_.assign(input.packet.begin() + static_cast<std::ptrdiff_t>(linear),
                           input.packet.end());
  return buffer;
}

Expected<PacketBuffer> PacketBuffer::make_skb(const RunInput& input, std::uint32_t pulled_bytes) {
  TRY(require_length(input));
  PacketBuffer buffer = make_raw(input);
  buffer.pulled_ = pulled_bytes;
  buffer.data_ = pulled_bytes;
  buffer.meta_ = pulled_bytes;
  return buffer;
}

PacketBuffer PacketBuffer::make_raw(const RunInput& input) {
  PacketBuffer buffer;
  buffer.page_ = input.packet;
  buffer.end_ = static_cast<std::uint32_t>(input.packet.size());
  return buffer;
}

std::int64_t PacketBuffer::adjust_head(std::int32_t delta) {
  const std::int64_t metadata = data_ - meta_;
  const std::int64_t moved = std::int64_t{data_} + delta;
  if (moved < xdp_frame_bytes + metadata) return errno_of::invalid;
  if (moved > std::int64_t{end_} - ethernet_header_bytes) return errno_of::invalid;
  std::memmove(page_.data() + moved - metadata, page_.data() + meta_,
               static_cast<std::size_t>(metadata));
  data_ = static_cast<std::uint32_t>(moved);
  meta_ = static_cast<std::uint32_t>(moved - metadata);
  return 0;
}

std::int64_t PacketBuffer::adjust_meta(std::int32_t delta) {
  const std::int64_t moved = std::int64_t{meta_} + delta;
  if (moved < xdp_frame_bytes || moved > data_) return errno_of::invalid;
  const std::int64_t metadata = data_ - moved;
  if (metadata % 4 != 0 || metadata > max_metadata_bytes) return errno_of::access;
  meta_ = static_cast<std::uint32_t>(moved);
  return 0;
}

std::int64_t PacketBuffer::adjust_tail(std::int32_t delta) {
  if (!fragments_.empty()) return errno_of::not_supported;
  const std::int64_t moved = std::int64_t{end_} + delta;
  if (moved > xdp_hard_end) return errno_of::invalid;
  if (moved < std::int64_t{data_} + ethernet_header_bytes) return errno_of::invalid;
  if (delta > 0) std::memset(page_.data() + end_, 0, static_cast<std::size_t>(delta));
  end_ = static_cast<std::uint32_t>(moved);
  return 0;
}

Bytes PacketBuffer::output() const {
  Bytes result(pulled_, 0);  // the kernel pushes an empty link header back
  result.insert(result.end(), page_.begin() + meta_, page_.begin() + end_);
  result.insert(result.end(), fragments_.begin(), fragments_.end());
  return result;
}

}  // namespace probity::runtime
