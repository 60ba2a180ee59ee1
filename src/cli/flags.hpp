// SPDX-License-Identifier: Apache-2.0
// Flags of a verb, parsed by CLI11. Include this in .cpp files only: it is heavy. Every parse error
// becomes one line that names the verb and the offending word; `--help` becomes the document.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>

#include <CLI/CLI.hpp>

#include "cli/verb.hpp"

namespace probity::cli {

enum class Parsed : std::uint8_t { arguments, help };

/// An option that takes one of a few words. The description should not list them: the help does.
template <typename T>
CLI::Option* add_choice(CLI::App& app, const std::string& flag, T& variable,
                        const std::vector<std::pair<std::string, T>>& choices,
                        const std::string& description);

/// The smallest and largest number that an option takes; both are shown when it is given another.
template <typename T>
struct NumberRange {
  T smallest;
  T largest;
};

/// An option that takes a whole number, decimal or 0x hexadecimal, with every digit of it counted:
/// CLI11 alone lets -1 and 2^64 wrap and reads nothing as 0.
template <std::unsigned_integral T>
CLI::Option* add_number(CLI::App& app, const std::string& flag, T& variable, NumberRange<T> range,
                        const std::string& description);

/// The number that `text` spells in decimal or 0x hexadecimal, or nothing.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Parses the words into the variables bound to `app`. After Parsed::help the verb has nothing left
/// to do.
Expected<Parsed> parse_flags(CLI::App& app, const Arguments& arguments, report::Document& document);

template <std::unsigned_integral T>
CLI::Option* add_number(CLI::App& app, const std::string& flag, T& variable, NumberRange<T> range,
                        const std::string& description) {
  const auto take = [&variable, flag, range](const std::string& given) {
    const std::optional<std::uint64_t> number = parse_number(given);
    if (!number || *number < range.smallest || *number > range.largest) {
      throw CLI::ValidationError(flag, "'" + given + "' is not a number in " +
                                           std::to_string(range.smallest) + ".." +
                                           std::to_string(range.largest));
    }
    variable = static_cast<T>(*number);
  };
  return app.add_option_function<std::string>(flag, take, description)->type_name("UINT");
}

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
