// SPDX-License-Identifier: Apache-2.0
// The table of checks: one row each, in the order in which a reader would want to hear of them.
// A check that is not in this table does not run, and one without a bad sample fails the samples
// test.
#include "checks.hpp"

namespace probity::tidy {
namespace {

constexpr Check table[] = {
    {"layers", check_layers},           {"cycles", check_cycles},
    {"file_length", check_file_length}, {"function_length", check_function_length},
    {"line_width", check_line_width},   {"openings", check_openings},
    {"file_names", check_file_names},   {"words", check_words},
    {"doc_paths", check_doc_paths},     {"changelog", check_changelog},
    {"decisions", check_decisions},     {"folder_readmes", check_folder_readmes},
};

}  // namespace

std::span<const Check> all_checks() {
  return table;
}

}  // namespace probity::tidy
