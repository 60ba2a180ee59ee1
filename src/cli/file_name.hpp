// SPDX-License-Identifier: Apache-2.0
// Names out of an object as parts of file names, and the places where a command will write, which
// are judged before its work starts.
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostic.hpp"

namespace probity::cli {

/// Letters, digits and `_.-` of a name; anything else becomes `_`. Objects may be hostile:
/// "../../x" must not lead out of the folder.
std::string file_name(std::string_view name);

/// Refuses a path that cannot be written: `flag` names who asked for it. Empty: nobody did.
Expected<void> require_writable_file(std::string_view flag, const std::string& path);
/// The same of a folder.
Expected<void> require_writable_folder(std::string_view flag, const std::string& path);
/// The same, and makes the folder when it is not there.
Expected<void> make_writable_folder(std::string_view flag, const std::string& path);

}  // namespace probity::cli
