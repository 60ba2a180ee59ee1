// SPDX-License-Identifier: Apache-2.0
// How far explorations are, as one line on a terminal: paths, branches left, queries and the
// slowest of them. Silent when stderr is no terminal, with --quiet and with --json. Explorations
// that run side by side share the line.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>

#include "report/progress.hpp"
#include "symex/options.hpp"

namespace probity::cli {

class ShownProgress {
 public:
  enum class Wanted : std::uint8_t { no, yes };
  /// `what` names the work, e.g. "checking".
  ShownProgress(std::string_view what, Wanted wanted);

  /// For symex::Options::observer; this object must outlive the exploration. None when nothing is
  /// to be shown.
  std::function<void(const symex::Glance&)> observer();
  /// Erases the line.
  void end();

 private:
  void show(const symex::Glance& glance);

  std::mutex mutex_;
  std::optional<report::Progress> line_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace probity::cli
