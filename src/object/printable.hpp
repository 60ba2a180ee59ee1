// SPDX-License-Identifier: Apache-2.0
// Names from a file go into one-line messages: control characters in them are written as \xNN, so
// that no object can add lines to our output.
#pragma once

#include <string>
#include <string_view>

namespace probity::object {

std::string printable(std::string_view text);

}  // namespace probity::object
