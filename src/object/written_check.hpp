// SPDX-License-Identifier: Apache-2.0
// What the writer promises, checked on what it wrote: read again, the object has the same
// functions, maps and programs, and each program's linked code, source lines and CO-RE records are
// those of the edit.
#pragma once

#include "base/diagnostic.hpp"
#include "object/edit.hpp"

namespace probity::object {

/// `written` is the edited object, read from its new bytes. Fault::bug with the first difference.
Expected<void> check_written(const Edit& edit, const Object& written);

}  // namespace probity::object
