// SPDX-License-Identifier: Apache-2.0
// Addresses of kernel symbols for __ksym variables without a type, from /proc/kallsyms. An
// unprivileged reader sees zeros there, which is an answer about nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"

namespace probity::object {

struct KernelSymbol {
  enum class State : std::uint8_t { absent, ambiguous, hidden, found } state = State::absent;
  std::uint64_t address = 0;
};

/// Looks the names up in a file of `ADDRESS TYPE NAME [MODULE]` lines; one answer per name.
Expected<std::vector<KernelSymbol>> find_kernel_symbols(const std::string& path,
                                                        std::span<const std::string_view> names);

}  // namespace probity::object
