// SPDX-License-Identifier: Apache-2.0
// Code<D>: where an encoder puts bytes, over a value domain. Concrete writes into memory that the
// caller provides; every other domain keeps the symbolic bytes of one instruction sequence, so that
// a proof can decode what was emitted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "domain/concrete.hpp"

namespace probity::isa {

/// More than any single eBPF instruction, prologue or stub becomes on any target.
constexpr std::size_t max_sequence_bytes = 1024;

template <Domain D>
class Code {
 public:
  template <unsigned W>
  void put(Bv<D, W> word) {  // little-endian
    static_assert(W % 8 == 0);
    if constexpr (W == 8) {
      if (size_ < bytes_.size()) bytes_[size_] = word;
      ++size_;
    } else {
      put(bits<7, 0>(word));
      put(bits<W - 1, 8>(word));
    }
  }
  /// The low `count` bytes of `bytes`, up to 8.
  void put_literal(std::uint64_t bytes, unsigned count) {
    for (; count > 0; --count, bytes >>= 8) put(Bv<D, 8>::lit(bytes & 0xff));
  }
  /// Overwrites the byte at `at`, below size(): a distance that was not known yet.
  void replace(std::uint32_t at, Bv<D, 8> byte) {
    if (at < bytes_.size()) bytes_[at] = byte;
  }
  /// Bytes put so far.
  std::uint32_t size() const { return size_; }
  std::span<const Bv<D, 8>> bytes() const { return std::span(bytes_).first(size_); }

 private:
  std::array<Bv<D, 8>, max_sequence_bytes> bytes_{};
  std::uint32_t size_ = 0;
};

/// Machine code in memory. `room` must leave max_sequence_bytes beyond the last position at which a
/// sequence starts; the driver checks that once per sequence, not once per byte.
template <>
class Code<Concrete> {
 public:
  constexpr explicit Code(std::uint8_t* room) : start_(room), at_(room) {}

  template <unsigned W>
  [[gnu::always_inline]] void put(Bv<Concrete, W> word) {
    static_assert(W == 8 || W == 16 || W == 32 || W == 64);
    const std::uint64_t value = word.raw();
    std::memcpy(at_, &value, W / 8);  // hosts are little-endian (checked in base)
    at_ += W / 8;
  }
  [[gnu::always_inline]] void put_literal(std::uint64_t bytes, unsigned count) {
    std::memcpy(at_, &bytes, 8);
    at_ += count;
  }
  void replace(std::uint32_t at, Bv<Concrete, 8> byte) {
    start_[at] = static_cast<std::uint8_t>(byte.raw());
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(at_ - start_); }
  std::span<const std::uint8_t> bytes() const { return {start_, at_}; }
  void rewind() { at_ = start_; }

 private:
  std::uint8_t* start_;
  std::uint8_t* at_;
};

}  // namespace probity::isa
