// SPDX-License-Identifier: Apache-2.0
// The formats of bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf (kernel/bpf/helpers.c:
// bpf_bprintf_prepare): which conversions the kernel takes, and the text they give.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/engine.hpp"

namespace probity::runtime {

struct FormattedText {
  std::int64_t error = 0;           ///< what the helper answers instead of formatting; 0: nothing
  std::string text;                 ///< without the final zero
  std::string_view unsupported;     ///< a conversion whose text depends on the kernel, or empty
  bool has_hidden_address = false;  ///< %p, which the kernel hashes to 16 digits: here 16 dots
  std::size_t arguments = 0;        ///< how many the conversions took
};

/// The zero-terminated text that an argument points at, for %s; nullopt where it cannot be read.
using TextReader = std::function<std::optional<std::string>(std::uint64_t address)>;
/// `size` bytes that an argument points at, for %pI4 and its kin.
using BytesReader = std::function<std::optional<Bytes>(std::uint64_t address, std::size_t size)>;

/// `format` with its final zero, as the program passes it.
FormattedText format_text(std::span<const std::uint8_t> format,
                          std::span<const std::uint64_t> arguments, const TextReader& read_text,
                          const BytesReader& read_bytes);

}  // namespace probity::runtime
