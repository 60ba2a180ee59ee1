// SPDX-License-Identifier: Apache-2.0
// Hexadecimal packet text. The reader works line by line and knows the column of every digit;
// offsets are checked against the bytes read so far, because a dump with a line missing is a
// different packet.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "packet/packet.hpp"

namespace probity::packet {

namespace {

constexpr std::size_t row_bytes = 16;
constexpr std::size_t max_offset_digits = 8;

std::optional<unsigned> digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

bool is_separator(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == ',';
}

/// What an error shows of a character.
std::string shown(char c) {
  const bool printable = c > ' ' && c < 127;
  return printable ? fmt::format("'{}'", c)
                   : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
}

class Reader {
 public:
  Reader(std::string_view place, std::size_t max_bytes) : place_(place), max_bytes_(max_bytes) {}

  Expected<void> read_line(std::string_view line) {
    ++line_number_;
    line = line.substr(0, line.find('#'));
    const std::size_t gutter = line.find('|');
    is_dump_ = is_dump_ || gutter != std::string_view::npos;
    line = line.substr(0, gutter);
    std::size_t at = skip_separators(line, 0);
    const std::size_t end = word_end(line, at);
    const bool has_colon = end > at && end <= line.size() && line[end - 1] == ':';
    if (has_colon || (is_dump_ && end > at)) {
      TRY(check_offset(line.substr(at, end - at - (has_colon ? 1 : 0)), at));
      at = end;
    }
    for (at = skip_separators(line, at); at < line.size(); at = skip_separators(line, at)) {
      const std::size_t stop = word_end(line, at);
      TRY(read_word(line.substr(at, stop - at), at));
      at = stop;
    }
    return {};
  }

  Bytes take() { return std::move(bytes_); }

 private:
  static std::size_t skip_separators(std::string_view line, std::size_t at) {
    while (at < line.size() && is_separator(line[at])) ++at;
    return at;
  }
  static std::size_t word_end(std::string_view line, std::size_t at) {
    while (at < line.size() && !is_separator(line[at])) ++at;
    return at;
  }

  std::unexpected<Diagnostic> fail(std::size_t column, std::string_view message) const {
    return error(Fault::bad_input,
                 fmt::format("{}:{}:{}: {}", place_, line_number_, column + 1, message));
  }

  Expected<void> check_offset(std::string_view digits, std::size_t column) const {
    if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
    std::uint64_t offset = 0;
    for (const char c : digits) {
      const std::optional<unsigned> value = digit_value(c);
      if (!value) return fail(column, fmt::format("{} in a hexadecimal offset", shown(c)));
      offset = offset << 4 | *value;
    }
    if (digits.empty() || digits.size() > max_offset_digits) {
      return fail(column,
                  fmt::format("an offset of {} digits (1..{})", digits.size(), max_offset_digits));
    }
    if (offset == bytes_.size()) return {};
    return fail(column, fmt::format("offset 0x{:x}, but {} (0x{:x}) bytes came before", offset,
                                    bytes_.size(), bytes_.size()));
  }

  Expected<void> read_word(std::string_view word, std::size_t column) {
    if (word.starts_with("0x") || word.starts_with("0X")) {
      word.remove_prefix(2);
      column += 2;
    }
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (!digit_value(word[i])) {
        return fail(column + i, fmt::format("{} is not a hexadecimal digit", shown(word[i])));
      }
    }
    if (word.empty() || word.size() % 2 != 0) {
      return fail(column, fmt::format("{} hexadecimal digits; bytes have two each", word.size()));
    }
    if (word.size() / 2 > max_bytes_ - bytes_.size()) {
      return fail(column, fmt::format("more than {} bytes", max_bytes_));
    }
    for (std::size_t i = 0; i < word.size(); i += 2) {
      bytes_.push_back(
          static_cast<std::uint8_t>(*digit_value(word[i]) << 4 | *digit_value(word[i + 1])));
    }
    return {};
  }

  std::string_view place_;
  std::size_t max_bytes_;
  std::size_t line_number_ = 0;
  bool is_dump_ = false;  // a gutter was seen: every line from there on starts with an offset
  Bytes bytes_;
};

}  // namespace

Expected<Bytes> parse_hex(std::string_view text, std::string_view place, std::size_t max_bytes) {
  Reader reader(place, max_bytes);
  while (!text.empty()) {
    const std::size_t newline = std::min(text.find('\n'), text.size());
    TRY(reader.read_line(text.substr(0, newline)));
    text.remove_prefix(std::min(newline + 1, text.size()));
  }
  return reader.take();
}

std::string print_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % row_bytes == 0) text += fmt::format("{:04x}:", i);
    text += fmt::format(" {:02x}", bytes[i]);
    if (i % row_bytes == row_bytes - 1 || i + 1 == bytes.size()) text += '\n';
  }
  return text;
}

}  // namespace probity::packet
