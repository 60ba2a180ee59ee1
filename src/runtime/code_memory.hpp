// SPDX-License-Identifier: Apache-2.0
// CodeMemory: machine code in pages that are writable or executable, never both. The code is
// written once, then the pages become executable for good; they are given back on destruction.
#pragma once

#include <cstdint>
#include <span>

#include "base/diagnostic.hpp"

namespace probity::runtime {

class CodeMemory {
 public:
  /// At least `size_bytes` writable bytes, filled with zeros. Fault::system when the system
  /// refuses.
  static Expected<CodeMemory> allocate(std::size_t size_bytes);

  CodeMemory() = default;
  CodeMemory(CodeMemory&& other) noexcept;
  CodeMemory& operator=(CodeMemory&& other) noexcept;
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;
  ~CodeMemory();

  /// Empty once the pages are executable.
  std::span<std::uint8_t> writable() { return sealed_ ? std::span<std::uint8_t>() : bytes_; }
  std::span<const std::uint8_t> bytes() const { return bytes_; }

  /// Makes the pages executable and no longer writable.
  Expected<void> seal();

 private:
  std::span<std::uint8_t> bytes_;  // whole pages
  bool sealed_ = false;
};

}  // namespace probity::runtime
