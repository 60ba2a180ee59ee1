// SPDX-License-Identifier: Apache-2.0
// See store_forwarding.hpp.
#include "opt/store_forwarding.hpp"

#include <algorithm>
#include <optional>
#include <ranges>

namespace probity::opt {
namespace {

bool touch(const MemoryUse& a, const MemoryUse& b) {
  return a.is_at(b.area, b.base) && a.offset < b.end() && b.offset < a.end();
}

bool holds(const MemoryUse& store, const MemoryUse& load) {
  return store.offset <= load.offset && load.end() <= store.end();
}

/// The last of the stores that has any byte of the load; nothing when none has.
std::optional<MemoryUse> last_store(std::span<const std::optional<MemoryUse>> uses,
                                    const MemoryUse& load) {
  for (const auto& use : uses | std::views::reverse) {
    if (use && use->stores && touch(*use, load)) return use;
  }
  return std::nullopt;
}

}  // namespace

std::size_t waiting_loads(const BlockTrace& trace) {
  const std::span<const std::optional<MemoryUse>> uses = trace.uses;
  std::size_t count = 0;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (!uses[i] || !uses[i]->loads || uses[i]->stores) continue;
    auto store = last_store(uses.first(i), *uses[i]);
    if (!store && uses[i]->area != Area::stack) store = last_store(uses.subspan(i), *uses[i]);
    if (store && !holds(*store, *uses[i])) ++count;
  }
  return count;
}

}  // namespace probity::opt
