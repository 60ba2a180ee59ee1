// SPDX-License-Identifier: Apache-2.0
// A walk over the terms' graph, without recursion: terms may be deeper than the stack. Operands
// have smaller ids than what is built from them, so the ids are marked from the highest one down.
#include "symex/mentions.hpp"

#include <algorithm>

namespace probity::symex {

std::vector<term::Id> leaves_of(const term::Store& store, std::span<const term::Id> roots) {
  std::vector<term::Id> leaves;
  if (roots.empty()) return leaves;
  const std::uint32_t highest = std::ranges::max(roots).index;
  std::vector<bool> wanted(highest + 1);
  for (const term::Id root : roots) wanted[root.index] = true;
  for (std::uint32_t index = highest; index > 0; --index) {
    if (!wanted[index]) continue;
    const term::Id here{index};
    const term::Kind kind = store.kind(here);
    if (kind == term::Kind::var || kind == term::Kind::apply) leaves.push_back(here);
    for (const term::Id argument : store.args(here)) wanted[argument.index] = true;
  }
  std::ranges::reverse(leaves);
  return leaves;
}

std::string_view leaf_name(const term::Store& store, term::Id leaf) {
  return store.kind(leaf) == term::Kind::apply ? store.function_name(store.function(leaf))
                                               : store.name(leaf);
}

}  // namespace probity::symex
