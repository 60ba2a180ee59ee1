// SPDX-License-Identifier: Apache-2.0
// The sizes a reader can hold: 600 lines a file, 70 a function, 100 columns a line. A file named
// with a reason in long_files.txt may have up to 1000 lines; tables (.def) have no limit. A table
// between the formatter's off and on marks may be wider.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "checks.hpp"
#include "scan.hpp"

namespace probity::tidy {
namespace {

constexpr std::size_t max_file_lines = 600;
constexpr std::size_t max_long_file_lines = 1000;
constexpr std::size_t max_function_lines = 70;
constexpr std::size_t max_columns = 100;

/// Benchmark programs are data for other compilers, in the form in which they were measured.
bool is_measured(const File& file) {
  return is_cpp(file.path) && !starts_with_folder(file.path, "bench/programs");
}

/// Columns as a person counts them: UTF-8 continuation bytes take none.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

/// path -> line of long_files.txt; lines read `path: reason`.
std::map<std::string, std::size_t> read_long_files(const Tree& tree, Problems& problems) {
  std::map<std::string, std::size_t> entries;
  const File* list = tree.find(long_files_path);
  if (list == nullptr) return entries;
  for (std::size_t i = 0; i < list->lines.size(); ++i) {
    const std::string& line = list->lines[i];
    if (line.empty() || line[0] == '#') continue;
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos || colon + 2 == line.size()) {
      problems.push_back({list->path, i + 1, "expected `path: reason`"});
      continue;
    }
    entries.emplace(line.substr(0, colon), i + 1);
  }
  return entries;
}

}  // namespace

Problems check_file_length(const Tree& tree) {
  Problems problems;
  std::map<std::string, std::size_t> excused = read_long_files(tree, problems);
  for (const File& file : tree.files()) {
    if (!is_measured(file) || file.path.ends_with(".def")) continue;
    const std::size_t count = file.lines.size();
    if (count <= max_file_lines) continue;
    const std::size_t limit = excused.erase(file.path) != 0 ? max_long_file_lines : max_file_lines;
    if (count <= limit) continue;
    problems.push_back({file.path, 0, fmt::format("{} lines, the limit is {}", count, limit)});
  }
  for (const auto& [path, line] : excused) {
    problems.push_back({std::string(long_files_path), line,
                        fmt::format("{} needs no excuse: it is gone or short enough", path)});
  }
  return problems;
}

Problems check_function_length(const Tree& tree) {
  Problems problems;
  for (const File& file : tree.files()) {
    if (!is_measured(file) || file.path.ends_with(".def")) continue;
    for (const Function& function : find_functions(file.lines)) {
      const std::size_t count = function.last_line - function.first_line + 1;
      if (count <= max_function_lines) continue;
      problems.push_back({file.path, function.first_line,
                          fmt::format("a function of {} lines, the limit is {}: {}", count,
                                      max_function_lines, function.head)});
    }
  }
  return problems;
}

Problems check_line_width(const Tree& tree) {
  Problems problems;
  for (const File& file : tree.files()) {
    if (!is_measured(file)) continue;
    bool fenced = false;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      if (line.find("// clang-format off") != std::string::npos) fenced = true;
      if (line.find("// clang-format on") != std::string::npos) fenced = false;
      const std::size_t width = columns(line);
      if (fenced || width <= max_columns) continue;
      problems.push_back(
          {file.path, i + 1, fmt::format("{} columns, the limit is {}", width, max_columns)});
    }
  }
  return problems;
}

}  // namespace probity::tidy
