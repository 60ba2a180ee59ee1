// SPDX-License-Identifier: Apache-2.0
// Text without a heap. TextSink appends to a caller's buffer and remembers when it had to cut;
// FixedText owns its buffer. The freestanding folders print through these; hosted code uses fmt.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace probity {

/// Appends text to a caller's buffer; text beyond the capacity is cut and `truncated()` is set.
class TextSink {
 public:
  constexpr explicit TextSink(std::span<char> buffer) : buffer_(buffer) {}

  TextSink& append(std::string_view text);
  TextSink& append_char(char c);
  /// Decimal, with a minus sign when negative.
  TextSink& append_signed(std::int64_t value);
  TextSink& append_unsigned(std::uint64_t value);
  /// `0x` and lower-case digits, at least `min_digits` of them.
  TextSink& append_hex(std::uint64_t value, unsigned min_digits);

  std::string_view view() const { return {buffer_.data(), size_}; }
  bool truncated() const { return truncated_; }

 private:
  std::span<char> buffer_;
  std::size_t size_ = 0;
  bool truncated_ = false;
};

/// A string of at most `capacity` bytes, stored inline.
template <std::size_t capacity>
class FixedText {
 public:
  constexpr FixedText() = default;
  explicit FixedText(std::string_view text) { assign(text); }

  void assign(std::string_view text) {
    size_ = text.size() < capacity ? text.size() : capacity;
    for (std::size_t i = 0; i < size_; ++i) data_[i] = text[i];
  }
  constexpr std::string_view view() const { return {data_.data(), size_}; }
  friend bool operator==(const FixedText& a, const FixedText& b) { return a.view() == b.view(); }

 private:
  std::array<char, capacity> data_{};
  std::size_t size_ = 0;
};

}  // namespace probity
