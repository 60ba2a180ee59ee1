// SPDX-License-Identifier: Apache-2.0
// The README.md of every folder of src/, generated from the opening comments of its files: whoever
// opens a folder reads what is in it, and the text stands once, at the top of each file.
#pragma once

#include <string>
#include <vector>

#include "tree.hpp"

namespace probity::tidy {

struct FolderReadme {
  std::string path;
  std::string text;
};

/// What the READMEs should be, for every folder of src/ that holds sources.
std::vector<FolderReadme> make_folder_readmes(const Tree& tree);

}  // namespace probity::tidy
