// SPDX-License-Identifier: Apache-2.0
// Layout as in net/bpf/test_run.c; adjustments as in net/core/filter.c (bpf_xdp_adjust_head, _meta,
// _tail).
#include "runtime/packet_buffer.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/map.hpp"

namespace probity::runtime {
namespace {

using namespace packet_limits;
using B32 = Bv<Concrete, 32>;
using B64 = Bv<Concrete, 64>;

constexpr std::uint32_t max_linear_bytes = xdp_hard_end - xdp_headroom_bytes;
constexpr std::uint32_t max_packet_bytes = 1u << 20;
constexpr FrameLimits<Concrete> frame_limits = {B64::lit(xdp_frame_bytes), B64::lit(xdp_hard_end)};

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
  constexpr std::uint64_t room = xdp_headroom_bytes - xdp_frame_bytes;
  if (input.metadata_size % 4 != 0 || input.metadata_size > room ||
      input.metadata_size + ethernet_header_bytes > input.packet.size()) {
    return error(Fault::bad_input, fmt::format("metadata_size {} is not a multiple of 4 in 0..{}",
                                               input.metadata_size, room));
  }
  PacketBuffer buffer;
  // Metadata lies in the headroom, and takes from it.
  const std::size_t most = max_linear_bytes + input.metadata_size;
  const std::size_t linear = std::min<std::size_t>(input.packet.size(), most);
  buffer.page_.assign(page_bytes, 0);
  buffer.meta_ = xdp_headroom_bytes - input.metadata_size;
  buffer.data_ = xdp_headroom_bytes;
  buffer.end_ = buffer.meta_ + static_cast<std::uint32_t>(linear);
  std::copy_n(input.packet.begin(), linear, buffer.page_.begin() + buffer.meta_);
  buffer.fragments_.assign(input.packet.begin() + static_cast<std::ptrdiff_t>(linear),
                           input.packet.end());
  return buffer;
}

Expected<PacketBuffer> PacketBuffer::make_skb(const RunInput& input, std::uint32_t pulled_bytes) {
  TRY(require_length(input));
  PacketBuffer buffer = make_raw(input);
  buffer.data_ = pulled_bytes;
  buffer.meta_ = pulled_bytes;
  buffer.network_ = ethernet_header_bytes;
  buffer.restored_ = pulled_bytes;
  return buffer;
}

PacketBuffer PacketBuffer::make_raw(const RunInput& input) {
  PacketBuffer buffer;
  buffer.page_ = input.packet;
  buffer.end_ = static_cast<std::uint32_t>(input.packet.size());
  return buffer;
}

PacketBounds<Concrete> PacketBuffer::bounds() const {
  return {B64::lit(meta_), B64::lit(data_), B64::lit(end_)};
}

std::int64_t PacketBuffer::take(const PacketMove<Concrete>& move) {
  const PacketBounds<Concrete> bounds = move.bounds();
  meta_ = static_cast<std::uint32_t>(bounds.meta.raw());
  data_ = static_cast<std::uint32_t>(bounds.data.raw());
  end_ = static_cast<std::uint32_t>(bounds.end.raw());
  return static_cast<std::int64_t>(move.result.raw());
}

std::int64_t PacketBuffer::adjust_head(std::int32_t delta) {
  const std::uint32_t old_meta = meta_;
  const std::uint32_t metadata_bytes = data_ - meta_;
  const B32 by = B32::lit(static_cast<std::uint32_t>(delta));
  const std::int64_t result = take(xdp_head_moved(bounds(), frame_limits, by));
  std::memmove(page_.data() + meta_, page_.data() + old_meta, metadata_bytes);
  return result;
}

std::int64_t PacketBuffer::adjust_meta(std::int32_t delta) {
  const B32 by = B32::lit(static_cast<std::uint32_t>(delta));
  return take(xdp_meta_moved(bounds(), frame_limits, by));
}

std::int64_t PacketBuffer::adjust_tail(std::int32_t delta) {
  if (!fragments_.empty()) return delta < 0 ? shrink_fragments(delta) : grow_fragments(delta);
  const std::uint32_t old_end = end_;
  const B32 by = B32::lit(static_cast<std::uint32_t>(delta));
  const std::int64_t result = take(xdp_tail_moved(bounds(), frame_limits, by));
  if (end_ > old_end) std::memset(page_.data() + old_end, 0, end_ - old_end);
  return result;
}

std::int64_t PacketBuffer::shrink_fragments(std::int32_t delta) {
  const std::int64_t less = -std::int64_t{delta};
  if (less > std::int64_t{length()} - ethernet_header_bytes) return errno_of::invalid;
  const std::int64_t left = static_cast<std::int64_t>(fragments_.size()) - less;
  fragments_.resize(static_cast<std::size_t>(std::max<std::int64_t>(left, 0)));
  if (left < 0) end_ -= static_cast<std::uint32_t>(-left);
  return 0;
}

std::int64_t PacketBuffer::grow_fragments(std::int32_t delta) {
  const std::size_t last_fragment = (fragments_.size() - 1) % page_bytes + 1;
  if (static_cast<std::size_t>(delta) > page_bytes - last_fragment) return errno_of::invalid;
  fragments_.resize(fragments_.size() + static_cast<std::size_t>(delta));
  return 0;
}

bool PacketBuffer::read(std::uint32_t offset, std::span<std::uint8_t> out) const {
  if (!in_bounds(offset, out.size(), length())) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t at = offset + i;
    out[i] = at < data_bytes() ? page_[data_ + at] : fragments_[at - data_bytes()];
  }
  return true;
}

bool PacketBuffer::write(std::uint32_t offset, std::span<const std::uint8_t> bytes) {
  if (!in_bounds(offset, bytes.size(), length())) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t at = offset + i;
    (at < data_bytes() ? page_[data_ + at] : fragments_[at - data_bytes()]) = bytes[i];
  }
  return true;
}

void PacketBuffer::insert(std::uint32_t offset, std::uint32_t count) {
  page_.insert(page_.begin() + data_ + offset, count, 0);
  end_ += count;
}

void PacketBuffer::remove(std::uint32_t offset, std::uint32_t count) {
  const auto first = page_.begin() + data_ + offset;
  page_.erase(first, first + count);
  end_ -= count;
}

void PacketBuffer::grow_head(std::uint32_t count) {
  insert(0, count);
  network_ += count;
  if (transport_) *transport_ += count;
  link_ = data_;
}

void PacketBuffer::set_length(std::uint32_t bytes) {
  page_.resize(data_ + bytes);
  end_ = data_ + bytes;
}

Bytes PacketBuffer::output() const {
  Bytes result(restored_, 0);  // the kernel pushes an empty link header back
  result.insert(result.end(), page_.begin() + meta_, page_.begin() + end_);
  result.insert(result.end(), fragments_.begin(), fragments_.end());
  return result;
}

}  // namespace probity::runtime
