// SPDX-License-Identifier: Apache-2.0
// Input and output files of the commands. Input is read under a named size limit, checked before
// memory is taken; a path of `-` is standard input. Output appears whole or not at all: it is
// written beside its final name and renamed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"

namespace probity::report {

/// No input file of any command may be larger (messages carry this number).
constexpr std::uint64_t max_input_bytes = 64ull << 20;

/// The bytes of `path`, or of standard input when it is `-`; directories and larger inputs are
/// refused.
Expected<std::vector<std::uint8_t>> read_input(const std::string& path, std::uint64_t limit_bytes);
/// The same as text.
Expected<std::string> read_input_text(const std::string& path, std::uint64_t limit_bytes);

/// Writes a temporary file in the same folder, then renames it over `path`; on an error `path` is
/// untouched. A symbolic link stays one; devices and pipes are written to, never replaced.
Expected<void> write_file_atomically(const std::string& path, std::string_view contents);

/// Writes all of `text` to a file descriptor. A reader that closed its end is no error: it has seen
/// enough.
Expected<void> write_all(int descriptor, std::string_view text);

}  // namespace probity::report
