// SPDX-License-Identifier: Apache-2.0
// Just enough C++ to find function bodies: comments, literals and preprocessor lines are blanked,
// then braces are matched and each is classified by the text before it. It relies on the
// formatter's style (a body's brace follows a space) and is not a parser; what it cannot classify
// it takes for no function.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tree.hpp"

namespace probity::tidy {

/// The file with every comment, string, character and preprocessor line replaced by spaces; same
/// lines.
std::vector<std::string> blanked(const std::vector<std::string>& lines);

struct Function {
  std::string head;  ///< the text before the brace, on one line
  std::size_t first_line = 0;
  std::size_t last_line = 0;
};
/// Every function body outside other functions, in file order. Lines count from 1.
std::vector<Function> find_functions(const std::vector<std::string>& lines);

}  // namespace probity::tidy
