// SPDX-License-Identifier: Apache-2.0
// Flags of a verb, parsed by CLI11. Include this in .cpp files only: it is heavy. Every parse error
// becomes one line that names the verb and the offending word; `--help` becomes the document.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/verb.hpp"

namespace probity::cli {

enum class Parsed : std::uint8_t { arguments, help };

/// Parses the words into the variables bound to `app`. After Parsed::help the verb has nothing left
/// to do.
Expected<Parsed> parse_flags(CLI::App& app, const Arguments& arguments, report::Document& document);

}  // namespace probity::cli
