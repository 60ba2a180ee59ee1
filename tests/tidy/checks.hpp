// SPDX-License-Identifier: Apache-2.0
// The tidy checks: the style guide as a test. Each reads the whole Tree and answers its findings;
// all_checks() is the table that the repository test runs and for which the samples test demands a
// bad sample each.
#pragma once

#include <span>
#include <string_view>

#include "tree.hpp"

namespace probity::tidy {

struct Check {
  std::string_view name;
  Problems (*run)(const Tree& tree);
};
std::span<const Check> all_checks();

/// Includes in src/ obey tests/tidy/layers.txt, and the table grants nothing unused.
Problems check_layers(const Tree& tree);
/// No cycle among files, nor among folders.
Problems check_cycles(const Tree& tree);
/// 600 lines a file, 70 a function, 100 columns a line.
Problems check_file_length(const Tree& tree);
Problems check_function_length(const Tree& tree);
Problems check_line_width(const Tree& tree);
/// The licence line, then a comment that says what the file is.
Problems check_openings(const Tree& tree);
/// No file is called utils, common, misc or helpers.
Problems check_file_names(const Tree& tree);
/// No path of one machine, no reminder without a number.
Problems check_words(const Tree& tree);
/// Every path that a document names exists.
Problems check_doc_paths(const Tree& tree);
Problems check_changelog(const Tree& tree);
/// Decision records and their index name each other.
Problems check_decisions(const Tree& tree);
/// The README.md of every folder of src/ is what the generator writes.
Problems check_folder_readmes(const Tree& tree);

inline constexpr std::string_view layers_path = "tests/tidy/layers.txt";
inline constexpr std::string_view long_files_path = "tests/tidy/long_files.txt";

}  // namespace probity::tidy
