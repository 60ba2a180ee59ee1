// SPDX-License-Identifier: Apache-2.0
// Objects for the tests: our own BPF C under data/, compiled by clang when the test runs, so that
// no binary is checked in and every dialect of flags can be had.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace probity::object {

/// data/<name>.c compiled with `flags`, or nothing where no clang with a BPF back end is installed.
std::optional<std::vector<std::uint8_t>> compile_sample(std::string_view name,
                                                        std::string_view flags);

}  // namespace probity::object
