// SPDX-License-Identifier: Apache-2.0
// Mutations of ELF objects that keep the file an ELF object: blind ones nearly always end at the
// first header check.
#pragma once

#include <cstddef>
#include <cstdint>

namespace probity::fuzz {

/// Changes `data` in place, one thing in one section; the answer is the new size.
std::size_t mutate_object(std::uint8_t* data, std::size_t size, std::size_t max_size,
                          unsigned seed);

}  // namespace probity::fuzz
