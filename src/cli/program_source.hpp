// SPDX-License-Identifier: Apache-2.0
// The program that a command line names: FILE[:SECTION-or-FUNCTION], linked, with an optional
// program type.
#pragma once

#include <string>

#include "base/diagnostic.hpp"
#include "object/image.hpp"

namespace probity::cli {

/// Reads, links and selects; `type` ("xdp", "sched_cls" …) overrides the section's, empty keeps it.
Expected<object::Image> load_program(const std::string& selection, const std::string& type);

/// A program type by the kernel's name.
Expected<program::ProgType> parse_program_type(std::string_view name);

}  // namespace probity::cli
