// SPDX-License-Identifier: Apache-2.0
// A whole object optimized: each of its programs (program_run.hpp), then one file with all that
// passed, read again, and loaded by libbpf where the kernel may be asked. What fails a gate is
// undone and named; the file then has the code that the program had. A subprogram that several
// programs share has one code: what all of them made of it, else its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/object.hpp"
#include "opt/program_run.hpp"

namespace probity::opt {

struct ObjectRequest {
  Request program;
  object::ReadOptions read;  ///< as the input was read
  /// Told the name of each program when its turn comes, and how many are done.
  std::function<void(std::string_view program, std::size_t done, std::size_t total)> progress;
};

struct ObjectResult {
  std::vector<std::uint8_t> bytes;  ///< the output; the input's when nothing was changed
  std::vector<ProgramResult> programs;
};

Expected<ObjectResult> optimize_object(const object::Object& object, const ObjectRequest& request);

}  // namespace probity::opt
