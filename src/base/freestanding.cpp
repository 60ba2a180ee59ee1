// SPDX-License-Identifier: Apache-2.0
// What std::string_view needs from a C++ runtime, for machines that have none: two C functions and
// the hook that libstdc++ calls where substr() would throw. All are weak, so a machine that brings
// its own wins. Compiled in the freestanding build only; the memory functions stay the machine's.
#include <cstddef>

#include "base/check.hpp"

extern "C" {

[[gnu::weak]] std::size_t strlen(const char* text) {
  const volatile char* end = text;  // volatile: or the compiler makes this loop a call of strlen
  while (*end != '\0') ++end;
  return static_cast<std::size_t>(end - text);
}

[[gnu::weak]] void* memchr(const void* memory, int wanted, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(memory);
  for (std::size_t i = 0; i < size; ++i) {
    if (bytes[i] == static_cast<unsigned char>(wanted))
      return const_cast<unsigned char*>(bytes + i);
  }
  return nullptr;
}

}  // extern "C"

namespace std {

[[gnu::weak, noreturn]] void __throw_out_of_range_fmt(const char* format, ...) {
  probity::panic(format, "std::string_view", 0);
}

}  // namespace std
