// SPDX-License-Identifier: Apache-2.0
// Arena: scratch memory from a caller's buffer. The freestanding folders (validation, CFG,
// predecode) take one instead of a heap; an empty answer means "the buffer is too small", which
// callers report as a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>

namespace probity {

class Arena {
 public:
  constexpr explicit Arena(std::span<std::byte> buffer) : buffer_(buffer) {}

  /// `count` zero-initialised objects, or an empty span with exhausted() set.
  template <typename T>
    requires std::is_trivially_destructible_v<T>
  std::span<T> take(std::size_t count) {
    const std::size_t aligned = (used_ + alignof(T) - 1) / alignof(T) * alignof(T);
    if (aligned > buffer_.size() || count > (buffer_.size() - aligned) / sizeof(T)) {
      exhausted_ = true;
      return {};
    }
    used_ = aligned + count * sizeof(T);
    T* first = reinterpret_cast<T*>(buffer_.data() + aligned);
    for (std::size_t i = 0; i < count; ++i) new (first + i) T{};
    return {first, count};
  }

  bool exhausted() const { return exhausted_; }
  std::size_t used_bytes() const { return used_; }

 private:
  std::span<std::byte> buffer_;  // aligned to alignof(std::max_align_t)
  std::size_t used_ = 0;
  bool exhausted_ = false;
};

}  // namespace probity
