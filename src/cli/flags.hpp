// SPDX-License-Identifier: Apache-2.0
// Flags of a verb, parsed by CLI11. Include this in .cpp files only: it is heavy. Every parse error
// becomes one line that names the verb and the offending word; `--help` becomes the document.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/verb.hpp"

namespace probity::cli {

enum class Parsed : std::uint8_t { arguments, help };

/// An option that takes one of a few words. The description should not list them: the help does.
template <typename T>
CLI::Option* add_choice(CLI::App& app, const std::string& flag, T& variable,
                        const std::vector<std::pair<std::string, T>>& choices,
                        const std::string& description);

/// Parses the words into the variables bound to `app`. After Parsed::help the verb has nothing left
/// to do.
Expected<Parsed> parse_flags(CLI::App& app, const Arguments& arguments, report::Document& document);

template <typename T>
CLI::Option* add_choice(CLI::App& app, const std::string& flag, T& variable,
                        const std::vector<std::pair<std::string, T>>& choices,
                        const std::string& description) {
  std::string words;
  for (const auto& [word, value] : choices) words += (words.empty() ? "" : ", ") + word;
  const auto pick = [&variable, choices, flag, words](const std::string& given) {
    for (const auto& [word, value] : choices) {
      if (word != given) continue;
      variable = value;
      return;
    }
    throw CLI::ValidationError(flag, "'" + given + "' is not one of " + words);
  };
  return app.add_option_function<std::string>(flag, pick, description + " (" + words + ")")
      ->type_name("WORD");
}

}  // namespace probity::cli
