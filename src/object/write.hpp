// SPDX-License-Identifier: Apache-2.0
// Writing an edited object back as ELF: code, symbols, relocations, .BTF.ext and frame tables
// follow the slots that moved; everything else keeps its bytes. docs/object-writing.md has the
// rules.
#pragma once

#include <cstdint>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/edit.hpp"

namespace probity::object {

/// The whole file. Without a change its bytes are those that were read. What cannot be kept right
/// (overlapping sections, a damaged .BTF.ext, a displacement that no longer fits) is refused by
/// name. The result was read again and compared with the edit; a difference is Fault::bug.
Expected<std::vector<std::uint8_t>> write(const Edit& edit);

}  // namespace probity::object
