// SPDX-License-Identifier: Apache-2.0
// `folder_readmes` names the folder READMEs that are out of date (exit 1 when there are any);
// `folder_readmes --write` writes them. Run from the repository's root; `make format` does.
#include <cstdio>
#include <fstream>
#include <string_view>

#include "checks.hpp"
#include "folder_readme.hpp"

int main(int argc, char** argv) {
  using namespace probity::tidy;
  const bool write = argc == 2 && std::string_view(argv[1]) == "--write";
  if (argc > 2 || (argc == 2 && !write)) {
    std::fprintf(stderr, "usage: folder_readmes [--write]\n");
    return 4;
  }
  const Tree tree = read_tree(".");
  const Problems outdated = check_folder_readmes(tree);
  for (const Problem& problem : outdated) {
    std::printf("%s %s\n", write ? "writing" : "outdated", problem.path.c_str());
  }
  if (!write) return outdated.empty() ? 0 : 1;
  for (const FolderReadme& readme : make_folder_readmes(tree)) {
    std::ofstream out(readme.path, std::ios::binary);
    out << readme.text;
    if (!out.flush()) {
      std::fprintf(stderr, "%s: cannot be written\n", readme.path.c_str());
      return 4;
    }
  }
  return 0;
}
