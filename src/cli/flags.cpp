// SPDX-License-Identifier: Apache-2.0
// CLI11 throws on every parse error; here each becomes one line `probity VERB: …`, with a pointer
// to the help.
#include "cli/flags.hpp"

#include <charconv>

namespace probity::cli {
namespace {

/// CLI11's messages may span lines; a diagnostic is one.
std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

std::unexpected<Diagnostic> usage_error(const Arguments& arguments, const std::string& message) {
  return error(Fault::bad_input, "probity " + arguments.verb + ": " + one_line(message) +
                                     " (see `probity help " + arguments.verb + "`)");
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value, is_hex ? 16 : 10);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return value;
}

Expected<Parsed> parse_flags(CLI::App& app, const Arguments& arguments,
                             report::Document& document) {
  app.name("probity " + arguments.verb);
  bool json = false;  // run_command has taken it out; it is declared for the help text
  app.add_flag("--json", json, "Print one JSON object instead of text");
  std::vector<std::string> reversed(arguments.words.rbegin(), arguments.words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    document.code(app.help());
    return Parsed::help;
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> extras = app.remaining();
    return usage_error(arguments,
                       "unknown argument '" + (extras.empty() ? "" : extras.front()) + "'");
  } catch (const CLI::Error& parse_error) {
    return usage_error(arguments, parse_error.what());
  }
  return Parsed::arguments;
}

}  // namespace probity::cli
