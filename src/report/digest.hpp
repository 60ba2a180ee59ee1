// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) of files and texts, by libcrypto: a counterexample names the very object it
// was found in, and a page names the very script that may run in it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/diagnostic.hpp"

namespace probity::report {

/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::span<const std::uint8_t> bytes);
/// The digest in base64, as `Content-Security-Policy` spells it.
std::string sha256_base64(std::string_view text);
/// The digest of a file's contents, in hexadecimal.
Expected<std::string> sha256_of_file(const std::string& path);

}  // namespace probity::report
