// SPDX-License-Identifier: Apache-2.0
// Order: do A then B and B then A the same, whatever the packet, the context and the maps hold?
// All four runs happen on each path of one exploration: A and then B, and again from the start B
// and then A, each with the same answers of helpers in both orders. Then both chains must have left
// the same verdict, packet, metadata, context, maps and output. Of a packet that is dropped nobody
// sees the bytes, so there packet, metadata and context do not count. Events of different channels
// have no order among each other; of redirects only the last counts, and only if the verdict
// redirects.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interact/chain.hpp"
#include "interact/subject.hpp"
#include "symex/explorer.hpp"

namespace probity::interact {

enum class OrderVerdict : std::uint8_t { commute, differ, unknown };

struct Order {
  OrderVerdict verdict = OrderVerdict::unknown;
  std::optional<symex::Finding> difference;  ///< when they differ
  std::vector<std::string> unknowns;         ///< when nothing is known: why
  bool hands_context_on = false;             ///< some path writes fields of the context
  symex::Statistics statistics;
  symex::PathCounts counts;
};

Expected<Order> compare_orders(const Subject& a, const Subject& b, Chain chain,
                               const symex::Options& options);

}  // namespace probity::interact
