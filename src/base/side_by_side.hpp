// SPDX-License-Identifier: Apache-2.0
// Work that is independent, on several threads. Which thread does what depends on the clock, so
// each piece writes only to a place of its own; what is made of the pieces is made afterwards, in
// their order, and so is the same for every number of threads. Hosted code only.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace probity {

/// Does work(0) … work(count - 1), at most `threads` of them at a time; the caller's thread helps.
/// An exception waits until all is done; that of the lowest number is thrown here.
template <typename Work>
void side_by_side(std::size_t threads, std::size_t count, const Work& work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::exception_ptr> failures(count);
  const auto take = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min(threads, count); ++i) others.emplace_back(take);
  take();
  others.clear();  // joins
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace probity
