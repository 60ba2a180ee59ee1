// SPDX-License-Identifier: Apache-2.0
// JSON for machines alone: the text of print() in one line, without the blanks that people want.
// Pages and other files that hold much of it use this.
#pragma once

#include <string>

#include "report/json.hpp"

namespace probity::report {

/// The same value as print() shows, in one line.
std::string print_line(const Json& json);

}  // namespace probity::report
