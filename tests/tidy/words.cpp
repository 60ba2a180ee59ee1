// SPDX-License-Identifier: Apache-2.0
// What a file must say first, and what no file may say: the licence and an opening comment; no path
// of one person's machine, no reminder without an issue number, no file name that says nothing. The
// words looked for are written here in two halves, so that this file passes its own check.
#include <fmt/format.h>

#include <array>
#include <regex>

#include "checks.hpp"

namespace probity::tidy {
namespace {

constexpr std::size_t min_comment_lines = 2;  // after the licence line
constexpr std::size_t max_comment_lines = 15;
constexpr std::string_view licence = "SPDX-License-Identifier: Apache-2.0";

constexpr std::array<std::string_view, 5> empty_names = {"util", "utils", "common", "misc",
                                                         "helpers"};

/// A list of build targets needs no essay, a test says in a sentence what it states, and a file
/// beside its header may leave the idea to that.
std::size_t least_comment_lines(const Tree& tree, const File& file) {
  if (file_name_of(file.path) == "CMakeLists.txt") return 0;
  const std::string stem = file.path.substr(0, file.path.rfind('.'));
  const bool has_header = !file.path.ends_with(".hpp") && tree.find(stem + ".hpp") != nullptr;
  const bool is_test = starts_with_folder(file.path, "tests") && is_cpp(file.path);
  return has_header || is_test ? 1 : min_comment_lines;
}

bool names_licence(const File& file) {
  for (std::size_t i = 0; i < file.lines.size() && i < 2; ++i) {
    if (file.lines[i].find(licence) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

Problems check_openings(const Tree& tree) {
  Problems problems;
  for (const File& file : tree.files()) {
    if (!is_source(file.path)) continue;
    if (!names_licence(file)) {
      problems.push_back({file.path, 1, fmt::format("the first line must be `{}`", licence)});
      continue;
    }
    const std::size_t least = least_comment_lines(tree, file);
    const std::size_t count = opening_comment(file).size();
    if (count < least || count > max_comment_lines) {
      problems.push_back({file.path, 2,
                          fmt::format("opens with {} lines of comment, not {} to {}", count, least,
                                      max_comment_lines)});
    }
  }
  return problems;
}

Problems check_file_names(const Tree& tree) {
  Problems problems;
  for (const File& file : tree.files()) {
    if (!is_source(file.path)) continue;
    const std::string_view name = file_name_of(file.path);
    const std::string_view stem = name.substr(0, name.find('.'));
    for (const std::string_view empty : empty_names) {
      const bool suffixed = stem.ends_with(empty) && stem.size() > empty.size() &&
                            stem[stem.size() - empty.size() - 1] == '_';
      if (stem != empty && !suffixed) continue;
      // In eBPF a helper is a function the VM offers: src/program/helpers.hpp would be a table of
      // those.
      problems.push_back(
          {file.path, 0, fmt::format("`{}` says nothing about what is in it", empty)});
    }
  }
  return problems;
}

Problems check_words(const Tree& tree) {
  static const std::regex machine_path(
      "(^|[^A-Za-z0-9_.}])/(wo"
      "rk|ho"
      "me|farm)/[A-Za-z.]");
  static const std::regex reminder(
      "\\b(TO"
      "DO|FIX"
      "ME|XX"
      "X)\\b");
  static const std::regex numbered(
      "\\b(TO"
      "DO|FIX"
      "ME)\\(#[0-9]+\\)");
  Problems problems;
  for (const File& file : tree.files()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      if (std::regex_search(line, machine_path)) {
        problems.push_back({file.path, i + 1, "names a path of one machine"});
      }
      if (std::regex_search(line, reminder) && !std::regex_search(line, numbered)) {
        problems.push_back({file.path, i + 1, "a reminder needs an issue number: (#N)"});
      }
    }
  }
  return problems;
}

}  // namespace probity::tidy
