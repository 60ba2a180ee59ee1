// SPDX-License-Identifier: Apache-2.0
// Reading the repository, and the few questions about paths and opening comments that all checks
// share. A directory walk is used rather than git's index, so that a file is judged before it is
// added.
#include "tree.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace probity::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> skipped_folders = {".git", "build", ".cache", ".vscode"};
constexpr std::array<std::string_view, 5> cpp_endings = {".cpp", ".hpp", ".h", ".c", ".def"};
constexpr std::array<std::string_view, 6> text_endings = {".md", ".txt",  ".cmake",
                                                          ".sh", ".data", ".json"};
constexpr std::array<std::string_view, 4> text_names = {"Makefile", "run", "lint",
                                                        "install-packages"};

bool ends_with_any(std::string_view path, auto endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return path.ends_with(ending); });
}

bool is_text(std::string_view path) {
  const std::string_view name = file_name_of(path);
  return is_cpp(path) || ends_with_any(path, text_endings) ||
         std::find(text_names.begin(), text_names.end(), name) != text_names.end();
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The words of a comment line, without `//`, `#`, or the stars of a block.
std::string_view without_marks(std::string_view line) {
  if (line.ends_with("*/")) line.remove_suffix(2);
  const std::size_t first = line.find_first_not_of(" /*#");
  return first == std::string_view::npos ? "" : trimmed(line.substr(first));
}

}  // namespace

void Tree::add(std::string_view path, std::string_view text) {
  File file{std::string(path), {}};
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    file.lines.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  files_.push_back(std::move(file));
  add_path(path);
}

void Tree::add_path(std::string_view path) {
  paths_.emplace(path);
  for (std::string folder = folder_of(path); !folder.empty(); folder = folder_of(folder)) {
    paths_.insert(folder);
  }
}

const File* Tree::find(std::string_view path) const {
  for (const File& file : files_) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

Tree read_tree(const fs::path& root) {
  std::vector<fs::path> found;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    const std::string name = entry->path().filename().string();
    const bool skipped =
        std::find(skipped_folders.begin(), skipped_folders.end(), name) != skipped_folders.end();
    if (entry->is_directory() && skipped) entry.disable_recursion_pending();
    if (entry->is_regular_file() && !skipped) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());

  Tree tree;
  for (const fs::path& path : found) {
    const std::string relative = fs::relative(path, root).generic_string();
    if (!is_text(relative)) {
      tree.add_path(relative);
      continue;
    }
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    tree.add(relative, text.str());
  }
  return tree;
}

bool starts_with_folder(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool is_cpp(std::string_view path) {
  return ends_with_any(path, cpp_endings);
}

bool is_source(std::string_view path) {
  const std::string_view name = file_name_of(path);
  return is_cpp(path) || path.ends_with(".cmake") || path.ends_with(".sh") ||
         name == "CMakeLists.txt" ||
         std::find(text_names.begin(), text_names.end(), name) != text_names.end();
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

std::string_view file_name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::vector<std::string> opening_comment(const File& file) {
  std::vector<std::string> comment;
  bool in_block = false;
  for (const std::string& line : file.lines) {
    if (line.starts_with("#!")) continue;
    const bool opens = line.starts_with("/*");
    const bool slashes = line.starts_with("//");
    const bool hash = line.starts_with("#") && !is_cpp(file.path);
    if (!in_block && !opens && !slashes && !hash) break;
    in_block = (in_block || opens) && !line.ends_with("*/");
    const std::string_view text = without_marks(line);
    if (text.empty() || text.starts_with("SPDX-License-Identifier")) continue;
    comment.emplace_back(text);
  }
  return comment;
}

}  // namespace probity::tidy
