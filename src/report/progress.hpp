// SPDX-License-Identifier: Apache-2.0
// Progress: one line on a terminal that says how far a long command is, with a bar where the end
// is known; silence when stderr is a pipe or a file. The line is redrawn at most ten times a second
// and erased at the end, so that output never mixes with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace probity::report {

class Progress {
 public:
  /// `what` names the work, e.g. "checking".
  explicit Progress(std::string_view what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `total` (0 when unknown) are finished; `item` is the present one.
  void update(std::uint64_t done, std::uint64_t total, std::string_view item);

 private:
  std::string what_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace probity::report
