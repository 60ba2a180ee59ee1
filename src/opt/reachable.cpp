// SPDX-License-Identifier: Apache-2.0
// See reachable.hpp.
#include "opt/reachable.hpp"

#include <algorithm>

namespace probity::opt {

std::vector<bool> reachable(const Code& code) {
  std::vector<bool> seen(code.size(), false);
  std::vector<std::uint32_t> open;
  const auto enter = [&](std::uint32_t node) {
    if (node >= code.size() || seen[node]) return;
    seen[node] = true;
    open.push_back(node);
  };
  for (const std::uint32_t start : code.subprog_starts()) enter(start);
  while (!open.empty()) {
    const std::uint32_t node = open.back();
    open.pop_back();
    const Successors next = successors(code, node);
    enter(next.next);
    enter(next.taken);
  }
  return seen;
}

Change with_what_it_cuts_off(const Code& code, Change change) {
  const std::vector<bool> left = reachable(code.with(change));
  std::vector<Splice> more;
  std::uint32_t at = 0, moved = 0;  // a node of the code, and where the change leaves it
  const auto look_until = [&](std::uint32_t end) {
    for (; at < end; ++at, ++moved) {
      if (!left[moved]) more.push_back({at, 1, {}});
    }
  };
  for (const Splice& splice : change.splices) {
    look_until(splice.first);
    at += splice.count;
    moved += static_cast<std::uint32_t>(splice.with.size());
  }
  look_until(code.size());
  change.splices.insert(change.splices.end(), more.begin(), more.end());
  std::ranges::sort(change.splices, {}, &Splice::first);
  return change;
}

}  // namespace probity::opt
