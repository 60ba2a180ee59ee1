// SPDX-License-Identifier: Apache-2.0
// See shown_progress.hpp.
#include "cli/shown_progress.hpp"

#include <unistd.h>

#include <fmt/format.h>

namespace probity::cli {

ShownProgress::ShownProgress(std::string_view what, Wanted wanted) {
  if (wanted == Wanted::yes && isatty(STDERR_FILENO) == 1) line_.emplace(what);
}

std::function<void(const symex::Glance&)> ShownProgress::observer() {
  if (!line_) return nullptr;
  return [this](const symex::Glance& glance) { show(glance); };
}

void ShownProgress::end() {
  const std::lock_guard lock(mutex_);
  line_.reset();
}

void ShownProgress::show(const symex::Glance& glance) {
  const std::lock_guard lock(mutex_);
  if (!line_) return;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  line_->update(glance.paths, 0,
                fmt::format("paths, {} left, {} queries (worst {:.2f} s), {:.1f} s", glance.pending,
                            glance.queries, glance.worst_query_seconds, elapsed.count()));
}

}  // namespace probity::cli
