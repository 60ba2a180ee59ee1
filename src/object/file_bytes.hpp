// SPDX-License-Identifier: Apache-2.0
// A whole file as bytes, with a limit on its size: objects, a kernel's types and its symbols. Every
// refusal names the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"

namespace probity::object {

/// All bytes of the file; "-" is standard input. The diagnostic names the file; more than
/// limits::file_bytes is refused.
Expected<std::vector<std::uint8_t>> read_file_bytes(const std::string& path);

}  // namespace probity::object
