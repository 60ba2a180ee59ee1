// SPDX-License-Identifier: Apache-2.0
// Tree: the repository's own text files, in memory. Every tidy check reads a Tree and nothing else,
// so a bad sample for a check is a Tree of one or two small files written in a test.
#pragma once

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace probity::tidy {

struct File {
  std::string path;  ///< from the repository's root, with '/'
  std::vector<std::string> lines;
};

/// One finding; line 0 speaks of the file as a whole.
struct Problem {
  std::string path;
  std::size_t line = 0;
  std::string what;
};
using Problems = std::vector<Problem>;

class Tree {
 public:
  /// Adds a file given as one text; its folders then exist too.
  void add(std::string_view path, std::string_view text);
  /// Adds a path that exists but is not read (binary, or not ours to judge).
  void add_path(std::string_view path);

  const std::vector<File>& files() const { return files_; }
  const File* find(std::string_view path) const;
  /// True for a file or a folder of the repository.
  bool exists(std::string_view path) const { return paths_.count(std::string(path)) != 0; }

 private:
  std::vector<File> files_;
  std::set<std::string> paths_;
};

/// Reads the repository at `root`, in path order; skips build output and version control.
Tree read_tree(const std::filesystem::path& root);

bool starts_with_folder(std::string_view path, std::string_view folder);
/// C, C++ and table sources.
bool is_cpp(std::string_view path);
/// Every kind of source that must open with a licence line: C++, CMake, shell, make.
bool is_source(std::string_view path);
std::string folder_of(std::string_view path);
std::string_view file_name_of(std::string_view path);
/// The comment a source opens with, without comment marks and without the licence line.
std::vector<std::string> opening_comment(const File& file);

}  // namespace probity::tidy
