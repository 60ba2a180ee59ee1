// SPDX-License-Identifier: Apache-2.0
// Unaligned little- and big-endian access to byte buffers, and a bounded reader. eBPF bytecode,
// maps and packets are little-endian here; network fields are big-endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace probity {

static_assert(std::endian::native == std::endian::little,
              "a big-endian host needs byte swaps here");

/// Reads a little-endian `T` at `data`; no alignment needed. The caller owns the bounds.
template <typename T>
  requires std::is_trivially_copyable_v<T>
T load_le(const std::uint8_t* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

/// Writes `value` little-endian at `data`; no alignment needed. The caller owns the bounds.
template <typename T>
  requires std::is_trivially_copyable_v<T>
void store_le(std::uint8_t* data, T value) {
  std::memcpy(data, &value, sizeof value);
}

/// True when `[offset, offset + size)` lies inside a buffer of `length` bytes; never overflows.
constexpr bool in_bounds(std::uint64_t offset, std::uint64_t size, std::uint64_t length) {
  return size <= length && offset <= length - size;
}

}  // namespace probity
