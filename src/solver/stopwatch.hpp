// SPDX-License-Identifier: Apache-2.0
// Clocks for statistics and guards: CPU time of this thread, and elapsed wall time. Neither decides
// a verdict.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace probity::solver {

template <clockid_t clock>
class Stopwatch {
 public:
  Stopwatch() { clock_gettime(clock, &start_); }
  double seconds() const {
    timespec now{};
    clock_gettime(clock, &now);
    return double(now.tv_sec - start_.tv_sec) + 1e-9 * double(now.tv_nsec - start_.tv_nsec);
  }
  std::uint32_t milliseconds() const { return std::uint32_t(seconds() * 1000); }

 private:
  timespec start_{};
};

using CpuClock = Stopwatch<CLOCK_THREAD_CPUTIME_ID>;
using WallClock = Stopwatch<CLOCK_MONOTONIC>;

/// When work on a query ends, whatever it is at: after so much of this thread's CPU time, or after
/// so much time has passed.
class Deadline {
 public:
  Deadline(std::uint32_t cpu_ms, std::uint32_t wall_ms) : cpu_ms_(cpu_ms), wall_ms_(wall_ms) {}
  std::uint32_t left_ms() const {
    return std::min(left(cpu_.milliseconds(), cpu_ms_), left(wall_.milliseconds(), wall_ms_));
  }
  bool passed() const { return left_ms() == 0; }

 private:
  static std::uint32_t left(std::uint32_t spent, std::uint32_t limit) {
    return spent < limit ? limit - spent : 0;
  }
  CpuClock cpu_;
  WallClock wall_;
  std::uint32_t cpu_ms_;
  std::uint32_t wall_ms_;
};

/// Asks a deadline now and then: a clock is a system call.
class Patience {
 public:
  explicit Patience(const Deadline* deadline = nullptr) : deadline_(deadline) {}
  /// Called once for each small piece of work.
  bool ended() {
    constexpr std::uint32_t pieces_per_look = 64;
    if (!ended_ && deadline_ != nullptr && pieces_++ % pieces_per_look == 0) {
      ended_ = deadline_->passed();
    }
    return ended_;
  }

 private:
  const Deadline* deadline_;
  std::uint32_t pieces_ = 0;
  bool ended_ = false;
};

}  // namespace probity::solver
