// SPDX-License-Identifier: Apache-2.0
// A sorted map serves both orders: without positions all keys differ in their number alone, the
// largest first.
#include "symex/schedule.hpp"

namespace probity::symex {

std::unique_ptr<PathState> Schedule::pop() {
  auto first = waiting_.begin();
  std::unique_ptr<PathState> state = std::move(first->second);
  waiting_.erase(first);
  return state;
}

std::vector<std::unique_ptr<PathState>> Schedule::take(const Position& position) {
  std::vector<std::unique_ptr<PathState>> taken;
  auto at = waiting_.lower_bound(Key{position, ~std::uint64_t{0}});
  while (at != waiting_.end() && at->first.position == position) {
    taken.push_back(std::move(at->second));
    at = waiting_.erase(at);
  }
  return taken;
}

std::vector<std::unique_ptr<PathState>> Schedule::take_all() {
  std::vector<std::unique_ptr<PathState>> taken;
  for (auto& [key, state] : waiting_) taken.push_back(std::move(state));
  waiting_.clear();
  return taken;
}

}  // namespace probity::symex
