// SPDX-License-Identifier: Apache-2.0
// The file image for new section contents. Sections that keep their size are overwritten in place;
// when one does not, everything behind it moves: same order, same alignment, same gaps.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/elf.hpp"

namespace probity::object {

/// New bytes by section index; sections without an entry keep theirs.
using NewContents = std::map<std::uint32_t, std::vector<std::uint8_t>>;

Expected<std::vector<std::uint8_t>> lay_out(const ElfFile& file, const NewContents& contents);

}  // namespace probity::object
