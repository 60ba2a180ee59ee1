// SPDX-License-Identifier: Apache-2.0
// See call_count.hpp.
#include "symex/call_count.hpp"

#include <algorithm>

namespace probity::symex {

void merge_call_counts(PathState& result, const PathState& b) {
  for (const auto& [helper, count] : result.calls_by_helper) {
    const auto other = b.calls_by_helper.find(helper);
    if (other == b.calls_by_helper.end() || other->second != count) {
      result.miscounted.insert(helper);
    }
  }
  for (const auto& [helper, count] : b.calls_by_helper) {
    const auto [own, is_new] = result.calls_by_helper.try_emplace(helper, count);
    if (is_new) result.miscounted.insert(helper);
    own->second = std::max(own->second, count);
  }
  result.miscounted.insert(b.miscounted.begin(), b.miscounted.end());
}

}  // namespace probity::symex
