// SPDX-License-Identifier: Apache-2.0
// Splitting executable sections into functions: at FUNC symbols, at global NOTYPE symbols (LLVM
// before 8), or the whole section when nothing names it.
#pragma once

#include <vector>

#include "object/object.hpp"

namespace probity::object {

/// All functions, sorted by (section, first_slot), with is_program decided.
Expected<std::vector<Function>> find_functions(const ElfFile& file);

}  // namespace probity::object
