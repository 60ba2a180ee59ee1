// SPDX-License-Identifier: Apache-2.0
// Guest memory: an address is region number << 32 | offset, so no host pointer is ever a guest
// value and an access is checked by one unsigned comparison against its region. Region 0 is never
// valid: NULL and small integers lie there. The numbers below are the model's public part:
// counterexamples and the symbolic executor use the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace probity::runtime {

enum class RegionKind : std::uint8_t { null, ctx, packet, stack, map_value, other };

/// Region numbers that every program has. Global data maps and looked-up map values follow in order
/// of use.
namespace region {
constexpr std::uint32_t null = 0;
constexpr std::uint32_t ctx = 1;
constexpr std::uint32_t packet = 2;       ///< offset 0 is data_meta (or the raw memory)
constexpr std::uint32_t first_stack = 3;  ///< frame n is region 3 + n; r10 is its offset 512
constexpr std::uint32_t first_free = 11;
/// Never in the table: handles that a program can pass on but not dereference.
constexpr std::uint32_t first_map = 0x4000'0000;  ///< + index of the map
constexpr std::uint32_t function = 0x5000'0000;   ///< the offset is the slot
constexpr std::uint32_t kernel = 0x6000'0000;  ///< something of the kernel's that is not modelled
}  // namespace region

constexpr std::size_t stack_bytes_per_frame = 512;
constexpr std::size_t max_frames = 8;

using Address = std::uint64_t;
constexpr Address address_of(std::uint32_t region, std::uint64_t offset) {
  return static_cast<Address>(region) << 32 | offset;
}
constexpr std::uint32_t region_of(Address address) {
  return static_cast<std::uint32_t>(address >> 32);
}
constexpr std::uint32_t offset_of(Address address) {
  return static_cast<std::uint32_t>(address);
}

/// For an access of 1, 2, 4 and 8 bytes: the number of offsets that it may start at.
using Starts = std::array<std::uint64_t, 4>;
constexpr Starts starts_in(std::uint64_t bytes) {
  return {bytes, bytes < 2 ? 0 : bytes - 1, bytes < 4 ? 0 : bytes - 3, bytes < 8 ? 0 : bytes - 7};
}

/// A piece of host memory that guests may touch. A permission is a length: a read-only region has
/// no writable bytes, the ctx has neither, since its fields are computed (see ctx.hpp). Aligned, so
/// that translated code (jit/context.hpp) finds an entry by a shift.
struct alignas(128) Region {
  std::uint8_t* host = nullptr;
  Starts readable_starts{};
  Starts writable_starts{};
  std::uint32_t length = 0;  ///< bytes; below 2^31, so that an offset overflow leaves the region
  RegionKind kind = RegionKind::null;

  constexpr std::uint64_t readable_bytes() const { return readable_starts.front(); }
  constexpr std::uint64_t writable_bytes() const { return writable_starts.front(); }
};

enum class Access : std::uint8_t { read, write };

/// A region that can be read, and written as `access` says.
constexpr Region make_region(RegionKind kind, std::span<std::uint8_t> bytes, Access access) {
  const std::uint64_t length = bytes.size();
  return {bytes.data(), starts_in(length), starts_in(access == Access::write ? length : 0),
          static_cast<std::uint32_t>(length), kind};
}

/// The host memory of `size` bytes at `address`, or null when any byte is outside or lacks the
/// permission.
[[gnu::always_inline]] inline std::uint8_t* translate(const Region* regions, std::uint64_t count,
                                                      Address address, std::uint64_t size,
                                                      Access access) {
  const std::uint64_t number = address >> 32;
  const std::uint64_t offset = address & 0xffff'ffff;
  if (number >= count) [[unlikely]]
    return nullptr;
  const Region& r = regions[number];
  const std::uint64_t limit = access == Access::write ? r.writable_bytes() : r.readable_bytes();
  if (offset + size > limit) [[unlikely]]
    return nullptr;  // both below 2^33: no overflow
  return r.host + offset;
}

}  // namespace probity::runtime
