// SPDX-License-Identifier: Apache-2.0
// One bullet per file, in name order: its name and its opening comment as one paragraph. The file
// that bears the folder's name comes first, because it is where to start reading.
#include "folder_readme.hpp"

#include <algorithm>
#include <map>

#include "checks.hpp"

namespace probity::tidy {
namespace {

constexpr std::size_t wrap_columns = 100;

/// Words filled into lines; every line after the first is indented under the bullet.
std::string wrapped(const std::string& bullet, const std::vector<std::string>& paragraph) {
  std::string out = bullet;
  std::size_t column = bullet.size();
  for (const std::string& line : paragraph) {
    std::size_t start = 0;
    while (start < line.size()) {
      const std::size_t end = std::min(line.find(' ', start), line.size());
      const std::string word = line.substr(start, end - start);
      start = end + 1;
      if (word.empty()) continue;
      if (column + 1 + word.size() > wrap_columns) {
        out += "\n  " + word;
        column = 2 + word.size();
      } else {
        out += " " + word;
        column += 1 + word.size();
      }
    }
  }
  return out + "\n";
}

std::string make_text(const std::string& folder, const std::vector<const File*>& files) {
  std::string text =
      "<!-- Generated from the first comment of each file: do not edit, run `make format`. -->\n";
  text += "# `" + folder.substr(4) + "`\n\n";
  for (const File* file : files) {
    const std::string bullet = "- **" + std::string(file_name_of(file->path)) + "**:";
    text += wrapped(bullet, opening_comment(*file));
  }
  return text;
}

}  // namespace

std::vector<FolderReadme> make_folder_readmes(const Tree& tree) {
  std::map<std::string, std::vector<const File*>> folders;
  for (const File& file : tree.files()) {
    if (!starts_with_folder(file.path, "src") || !is_cpp(file.path)) continue;
    folders[folder_of(file.path)].push_back(&file);
  }
  std::vector<FolderReadme> readmes;
  for (auto& [folder, files] : folders) {
    const std::string main_file = folder + "/" + std::string(file_name_of(folder)) + ".hpp";
    std::stable_partition(files.begin(), files.end(),
                          [&](const File* file) { return file->path == main_file; });
    readmes.push_back({folder + "/README.md", make_text(folder, files)});
  }
  return readmes;
}

Problems check_folder_readmes(const Tree& tree) {
  Problems problems;
  for (const FolderReadme& readme : make_folder_readmes(tree)) {
    Tree wanted;
    wanted.add(readme.path, readme.text);
    const File* present = tree.find(readme.path);
    if (present != nullptr && present->lines == wanted.files()[0].lines) continue;
    problems.push_back({readme.path, 0, "is not what its files say: run `make format`"});
  }
  return problems;
}

}  // namespace probity::tidy
