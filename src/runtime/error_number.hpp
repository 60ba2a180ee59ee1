// SPDX-License-Identifier: Apache-2.0
// The kernel's error numbers as helpers return them: negated (<asm-generic/errno.h>, and ENOTSUPP
// of <linux/errno.h>).
#pragma once

#include <cstdint>

namespace probity::runtime::errno_of {

constexpr std::int64_t done = 0;  ///< no error
constexpr std::int64_t noent = -2;
constexpr std::int64_t too_big = -7;
constexpr std::int64_t again = -11;
constexpr std::int64_t nomem = -12;
constexpr std::int64_t access = -13;
constexpr std::int64_t fault = -14;
constexpr std::int64_t busy = -16;
constexpr std::int64_t exist = -17;
constexpr std::int64_t no_device = -19;
constexpr std::int64_t invalid = -22;
constexpr std::int64_t no_space = -28;
constexpr std::int64_t range = -34;
constexpr std::int64_t not_supported = -95;
constexpr std::int64_t no_family = -97;
constexpr std::int64_t no_buffers = -105;
constexpr std::int64_t already = -114;
constexpr std::int64_t no_support = -524;  ///< ENOTSUPP

}  // namespace probity::runtime::errno_of
