// SPDX-License-Identifier: Apache-2.0
// Number formatting for TextSink: digits are produced backwards into a small local buffer, so that
// nothing here needs a heap, a locale or a library.
#include "base/fixed_text.hpp"

namespace probity {

TextSink& TextSink::append(std::string_view text) {
  for (const char c : text) append_char(c);
  return *this;
}

TextSink& TextSink::append_char(char c) {
  if (size_ < buffer_.size()) {
    buffer_[size_++] = c;
  } else {
    truncated_ = true;
  }
  return *this;
}

TextSink& TextSink::append_signed(std::int64_t value) {
  if (value >= 0) return append_unsigned(static_cast<std::uint64_t>(value));
  append_char('-');
  return append_unsigned(0 - static_cast<std::uint64_t>(value));
}

TextSink& TextSink::append_unsigned(std::uint64_t value) {
  char digits[20];
  std::size_t n = 0;
  do {
    digits[n++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (n != 0) append_char(digits[--n]);
  return *this;
}

TextSink& TextSink::append_hex(std::uint64_t value, unsigned min_digits) {
  char digits[16];
  std::size_t n = 0;
  do {
    digits[n++] = "0123456789abcdef"[value & 15];
    value >>= 4;
  } while (value != 0);
  append("0x");
  for (std::size_t i = n; i < min_digits; ++i) append_char('0');
  while (n != 0) append_char(digits[--n]);
  return *this;
}

}  // namespace probity
