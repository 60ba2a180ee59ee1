// SPDX-License-Identifier: Apache-2.0
// See text_format.hpp. Integers are printed as C's printf does, which the kernel's own follows.
#include "runtime/text_format.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "runtime/map.hpp"

namespace probity::runtime {
namespace {

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}
bool ends_conversion(char c) {
  return c == 0 || is_space(c) || std::ispunct(static_cast<unsigned char>(c)) != 0;
}
bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 128 && (std::isprint(byte) != 0 || is_space(c));
}

/// One pass over a format.
class Formatter {
 public:
  Formatter(std::string_view format, std::span<const std::uint64_t> arguments,
            const TextReader& read_text, const BytesReader& read_bytes)
      : format_(format), arguments_(arguments), read_text_(read_text), read_bytes_(read_bytes) {}

  FormattedText run() {
    while (at_ < format_.size() && result_.error == 0 && result_.unsupported.empty()) step();
    result_.arguments = next_;
    return result_;
  }

 private:
  char at(std::size_t index) const { return index < format_.size() ? format_[index] : '\0'; }
  void fail() { result_.error = errno_of::invalid; }

  void step() {
    const char c = format_[at_];
    if (!is_text(c)) return fail();
    if (c != '%') {
      result_.text += c;
      ++at_;
    } else if (at(at_ + 1) == '%') {
      result_.text += '%';
      at_ += 2;
    } else if (next_ >= arguments_.size()) {
      fail();
    } else {
      ++at_;
      conversion();
    }
  }

  void conversion() {
    flags_.clear();
    while (std::string_view("0+- ").contains(at(at_)) && at(at_) != 0) flags_ += format_[at_++];
    width_ = 0;
    while (at(at_) >= '0' && at(at_) <= '9') {
      width_ = std::min<std::size_t>(width_ * 10 + static_cast<std::size_t>(at(at_) - '0'), 4096);
      ++at_;
    }
    switch (at(at_)) {
      case 'p': return pointer();
      case 's': return text();
      case 'c': return character();
      default: return integer();
    }
  }

  void put(std::string_view text) {
    const std::size_t padding = width_ - std::min(width_, text.size());
    const bool left = flags_.contains('-');
    if (!left) result_.text.append(padding, ' ');
    result_.text += text;
    if (left) result_.text.append(padding, ' ');
  }

  void text() {
    ++at_;
    if (!ends_conversion(at(at_))) return fail();
    const std::optional<std::string> found = read_text_(arguments_[next_++]);
    put(found.value_or(""));
  }

  void character() {
    ++at_;
    if (!ends_conversion(at(at_))) return fail();
    put(std::string(1, static_cast<char>(arguments_[next_++])));
  }

  void pointer() {
    const char kind = at(at_ + 1);
    if (kind == 'S' || kind == 'B') {
      result_.unsupported = "a conversion that names a function of the kernel";
      return;
    }
    if (kind == 'K' || ends_conversion(kind)) {
      at_ += kind == 'K' ? 2 : 1;
      ++next_;
      result_.has_hidden_address = true;
      return put(std::string(16, '.'));
    }
    if (kind == 'x') {
      at_ += 2;
      return put(fmt::format("{:x}", arguments_[next_++]));
    }
    if ((kind == 'k' || kind == 'u') && at(at_ + 2) == 's') {
      at_ += 2;
      return text();
    }
    const char version = at(at_ + 2);
    if ((kind != 'i' && kind != 'I') || (version != '4' && version != '6')) return fail();
    at_ += 3;
    const std::size_t size = version == '4' ? 4 : 16;
    const Bytes bytes = read_bytes_(arguments_[next_++], size).value_or(Bytes(size));
    if (version == '4') return put(ipv4_text(bytes, kind));
    if (kind == 'I') return put(ipv6_text(bytes, ":"));
    put(ipv6_text(bytes, ""));
  }

  static std::string ipv4_text(const Bytes& bytes, char kind) {
    const char* const form = kind == 'i' ? "{:03}.{:03}.{:03}.{:03}" : "{}.{}.{}.{}";
    return fmt::format(fmt::runtime(form), bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  static std::string ipv6_text(const Bytes& bytes, std::string_view separator) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      if (i != 0) text += separator;
      text += fmt::format("{:02x}{:02x}", bytes[i], bytes[i + 1]);
    }
    return text;
  }

  void integer() {
    bool is_long = false;
    for (int i = 0; i < 2 && at(at_) == 'l'; ++i, ++at_) is_long = true;
    const char kind = at(at_);
    if (kind == 0 || !std::string_view("iduxX").contains(kind)) return fail();
    ++at_;
    const std::uint64_t raw = arguments_[next_++];
    const bool is_signed = kind == 'i' || kind == 'd';
    const auto value = static_cast<std::int64_t>(raw);
    const std::int64_t shown = is_long ? value : static_cast<std::int32_t>(raw);
    const bool negative = is_signed && shown < 0;
    std::uint64_t magnitude = is_long ? raw : static_cast<std::uint32_t>(raw);
    if (negative) magnitude = 0 - static_cast<std::uint64_t>(shown);
    std::string digits = kind == 'x'   ? fmt::format("{:x}", magnitude)
                         : kind == 'X' ? fmt::format("{:X}", magnitude)
                                       : fmt::format("{}", magnitude);
    std::string sign = negative ? "-" : "";
    if (is_signed && !negative && flags_.contains('+')) sign = "+";
    if (is_signed && !negative && sign.empty() && flags_.contains(' ')) sign = " ";
    const bool zeros = flags_.contains('0') && !flags_.contains('-');
    const std::size_t length = sign.size() + digits.size();
    if (zeros && width_ > length) digits.insert(0, width_ - length, '0');
    put(sign + digits);
  }

  std::string_view format_;
  std::span<const std::uint64_t> arguments_;
  const TextReader& read_text_;
  const BytesReader& read_bytes_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  std::string flags_;
  std::size_t width_ = 0;
  FormattedText result_;
};

}  // namespace

FormattedText format_text(std::span<const std::uint8_t> format,
                          std::span<const std::uint64_t> arguments, const TextReader& read_text,
                          const BytesReader& read_bytes) {
  const auto end = std::ranges::find(format, std::uint8_t{0});
  if (end == format.end()) return {errno_of::invalid, {}, {}, false};
  const std::string_view text(reinterpret_cast<const char*>(format.data()),
                              static_cast<std::size_t>(end - format.begin()));
  return Formatter(text, arguments, read_text, read_bytes).run();
}

}  // namespace probity::runtime
