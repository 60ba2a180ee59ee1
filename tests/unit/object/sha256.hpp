// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), which Linux takes as the tag of a program: the corpus records the tag of
// every program the kernel loaded, so a linked program can be compared bit by bit.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace probity::object {

/// Lower-case hex digits.
std::string sha256(std::span<const std::uint8_t> message);

}  // namespace probity::object
