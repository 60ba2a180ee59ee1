// SPDX-License-Identifier: Apache-2.0
// Escaping control characters; bytes of UTF-8 stay.
#include "object/printable.hpp"

#include <fmt/core.h>

namespace probity::object {

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      result += fmt::format("\\x{:02x}", byte);
    else
      result += c;
  }
  return result;
}

}  // namespace probity::object
