// SPDX-License-Identifier: Apache-2.0
// Documents must not drift: a path they name exists, the changelog has one shape, and the decision
// records and their index agree. Code blocks are not read here: they hold commands and output, not
// paths of ours.
#include <fmt/format.h>

#include <array>
#include <regex>
#include <set>

#include "checks.hpp"

namespace probity::tidy {
namespace {

bool is_document(const File& file) {
  const bool at_root = file.path.find('/') == std::string::npos;
  return file.path.ends_with(".md") && (at_root || starts_with_folder(file.path, "docs") ||
                                        starts_with_folder(file.path, "bench"));
}

/// A word in backticks that claims to be a path of the repository: has a slash and only path
/// characters.
bool looks_like_path(const std::string& word) {
  static const std::regex path(R"([A-Za-z0-9_.][A-Za-z0-9_.+-]*(/[A-Za-z0-9_.+-]+)+/?)");
  return std::regex_match(word, path) && !word.starts_with("build/") && !word.starts_with("../");
}

std::string without_end_slash(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

void check_paths_of_line(const Tree& tree, const File& file, std::size_t i, Problems& problems) {
  static const std::regex code("`([^`]+)`");
  static const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  const std::string& line = file.lines[i];
  for (std::sregex_iterator match(line.begin(), line.end(), code), end; match != end; ++match) {
    const std::string word = (*match)[1];
    if (!looks_like_path(word)) continue;
    const std::string path = without_end_slash(word);
    if (tree.exists(path) || tree.exists("src/" + path)) continue;
    problems.push_back({file.path, i + 1, fmt::format("there is no `{}`", word)});
  }
  for (std::sregex_iterator match(line.begin(), line.end(), link), end; match != end; ++match) {
    const std::string folder = folder_of(file.path);
    const std::string target = (folder.empty() ? "" : folder + "/") + (*match)[1].str();
    const std::string path = std::filesystem::path(target).lexically_normal().generic_string();
    if (tree.exists(without_end_slash(path))) continue;
    problems.push_back({file.path, i + 1, fmt::format("a link to `{}`, which is not there", path)});
  }
}

}  // namespace

Problems check_doc_paths(const Tree& tree) {
  Problems problems;
  for (const File& file : tree.files()) {
    if (!is_document(file)) continue;
    bool in_block = false;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (file.lines[i].starts_with("```")) in_block = !in_block;
      if (!in_block) check_paths_of_line(tree, file, i, problems);
    }
  }
  return problems;
}

namespace {

constexpr std::array<std::string_view, 7> changelog_kinds = {
    "Soundness", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"};

/// The changelog's grammar, line by line: release, kinds in the table's order, entries.
class ChangelogReader {
 public:
  explicit ChangelogReader(const File& file) : file_(file) {}

  Problems read() {
    if (file_.lines.empty() || file_.lines[0] != "# Changelog") fail(0, "must open `# Changelog`");
    for (std::size_t i = 1; i < file_.lines.size(); ++i) take(file_.lines[i], i);
    leave_kind(file_.lines.size());
    if (releases_ == 0) fail(0, "has no release");
    return problems_;
  }

 private:
  void take(const std::string& line, std::size_t i) {
    if (line.starts_with("## ")) return take_release(line, i);
    if (line.starts_with("### ")) return take_kind(line.substr(4), i);
    if (line.starts_with("- ")) {
      if (!in_kind_) fail(i, "an entry outside a section");
      ++entries_;
      return;
    }
    const bool goes_on = line.starts_with("  ") && entries_ != 0;
    if (!line.empty() && releases_ != 0 && !goes_on) fail(i, "expected an entry `- …`");
  }

  void take_release(const std::string& line, std::size_t i) {
    static const std::regex release(
        R"(## (\[Unreleased\]|\[[0-9]+\.[0-9]+\.[0-9]+\] - [0-9]{4}-[0-9]{2}-[0-9]{2}))");
    leave_kind(i);
    if (!std::regex_match(line, release)) fail(i, "expected `## [1.2.3] - 2030-12-31`");
    if (line == "## [Unreleased]" && releases_ != 0) fail(i, "[Unreleased] must come first");
    ++releases_;
    rank_ = 0;
    in_kind_ = false;
  }

  void take_kind(const std::string& kind, std::size_t i) {
    leave_kind(i);
    std::size_t rank = 0;
    while (rank < changelog_kinds.size() && changelog_kinds[rank] != kind) ++rank;
    if (rank == changelog_kinds.size()) fail(i, fmt::format("unknown section `{}`", kind));
    if (rank + 1 <= rank_) fail(i, fmt::format("`{}` stands too late: Soundness first", kind));
    rank_ = rank + 1;
    in_kind_ = true;
  }

  void leave_kind(std::size_t i) {
    if (in_kind_ && entries_ == 0) fail(i, "an empty section");
    entries_ = 0;
  }

  void fail(std::size_t i, std::string what) {
    problems_.push_back({file_.path, i + 1, std::move(what)});
  }

  const File& file_;
  Problems problems_;
  std::size_t releases_ = 0;
  std::size_t entries_ = 0;
  std::size_t rank_ = 0;  ///< of the last section, from 1
  bool in_kind_ = false;
};

}  // namespace

Problems check_changelog(const Tree& tree) {
  const File* file = tree.find("CHANGELOG.md");
  if (file == nullptr) return {{"CHANGELOG.md", 0, "is missing"}};
  return ChangelogReader(*file).read();
}

Problems check_decisions(const Tree& tree) {
  static const std::regex name(R"(docs/adr/([0-9]{4})-[a-z0-9-]+\.md)");
  const File* index = tree.find("docs/adr/README.md");
  if (index == nullptr) return {{"docs/adr/README.md", 0, "is missing"}};
  std::string index_text;
  for (const std::string& line : index->lines) index_text += line + "\n";

  Problems problems;
  std::set<std::string> numbers;
  for (const File& file : tree.files()) {
    if (!starts_with_folder(file.path, "docs/adr") || &file == index) continue;
    std::smatch match;
    if (!std::regex_match(file.path, match, name)) {
      problems.push_back({file.path, 0, "a decision record is called NNNN-words.md"});
      continue;
    }
    const std::string number = match[1];
    if (!numbers.insert(number).second) {
      problems.push_back({file.path, 0, "its number is taken"});
    }
    if (file.lines.empty() || !file.lines[0].starts_with("# " + number + ". ")) {
      problems.push_back({file.path, 1, fmt::format("the title must open `# {}. `", number)});
    }
    const std::string link = fmt::format("]({})", file_name_of(file.path));
    if (index_text.find(link) == std::string::npos) {
      problems.push_back({index->path, 0, fmt::format("does not list {}", file.path)});
    }
  }
  return problems;
}

}  // namespace probity::tidy
