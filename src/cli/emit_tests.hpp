// SPDX-License-Identifier: Apache-2.0
// `check --emit-tests DIR`: one file a path, with a packet that takes it and what the program must
// do with it; `probity replay DIR` runs them all on every engine.
#pragma once

#include <string>

#include "base/diagnostic.hpp"
#include "object/image.hpp"
#include "symex/finding.hpp"

namespace probity::cli {

/// What became of the paths.
struct EmittedTests {
  std::size_t written = 0;
  std::size_t helper_results = 0;      ///< left out: no engine can be told what helpers answer
  std::vector<std::string> different;  ///< the interpreter does something else: a bug of ours
};

/// Writes NAME-0001.json and so on. `object_path` is the file that `image` came from.
Expected<EmittedTests> emit_tests(const std::string& folder, const std::string& object_path,
                                  const object::Image& image,
                                  const symex::Exploration& exploration);

}  // namespace probity::cli
