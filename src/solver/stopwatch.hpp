// SPDX-License-Identifier: Apache-2.0
// Clocks for statistics and guards: CPU time of this thread, and elapsed wall time. Neither decides
// a verdict.
#pragma once

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

}  // namespace probity::solver
