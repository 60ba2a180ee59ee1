// SPDX-License-Identifier: Apache-2.0
// The progress line. A carriage return and "erase to end of line" redraw it; nothing is written
// unless stderr is a terminal.
#include "report/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace probity::report {
namespace {
constexpr std::chrono::milliseconds redraw_interval{100};
constexpr std::uint64_t bar_cells = 24;

/// "[#####-------] ", or nothing while the end is unknown.
std::string bar(std::uint64_t done, std::uint64_t total) {
  if (total == 0) return {};
  const std::uint64_t full = std::min(done, total) * bar_cells / total;
  return "[" + std::string(full, '#') + std::string(bar_cells - full, '-') + "] ";
}
}  // namespace

Progress::Progress(std::string_view what) : what_(what), terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::update(std::uint64_t done, std::uint64_t total, std::string_view item) {
  if (!terminal_) return;
  const std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
  if (now - last_ < redraw_interval) return;
  last_ = now;
  drawn_ = true;
  const std::string limit = total == 0 ? "" : "/" + std::to_string(total);
  const std::string shown(item.substr(0, 80));
  std::fprintf(stderr, "\r%s %s%llu%s %s\x1b[K", what_.c_str(), bar(done, total).c_str(),
               static_cast<unsigned long long>(done), limit.c_str(), shown.c_str());
  std::fflush(stderr);
}

}  // namespace probity::report
