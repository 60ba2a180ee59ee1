// SPDX-License-Identifier: Apache-2.0
// Known orders: how two values compare that were compared on every way to a node, where neither is
// a constant: `if r1 > r2` says nothing of either's bounds, but decides the same question asked
// again. A forward analysis beside Facts and EqualValues, over what branches say; part of what is
// assumed of the old version in simulation.hpp, as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "opt/code.hpp"
#include "opt/equal_values.hpp"
#include "opt/facts.hpp"

namespace probity::opt {

/// The ways in which values are compared.
enum class Sight : std::uint8_t { unsigned_64, signed_64, unsigned_32, signed_32 };
constexpr unsigned sight_count = 4;

/// What can be seen of two values: three bits (less, equal, greater) for each sight.
using Outcomes = std::uint16_t;
constexpr unsigned is_less = 1, is_equal = 2, is_greater = 4, is_anything = 7;
constexpr Outcomes any_outcome = 0xfff;
constexpr unsigned outcomes_at(Outcomes outcomes, Sight sight) {
  return outcomes >> (3 * static_cast<unsigned>(sight)) & is_anything;
}

/// Does the branch compare two registers with each other?
bool compares_registers(const Node& node);

struct Order {
  Holder left = 0;
  Holder right = 0;
  Outcomes outcomes = any_outcome;  ///< of left against right, not all of them
  friend bool operator==(const Order&, const Order&) = default;
};

class KnownOrders {
 public:
  static KnownOrders of(const Code& code, const Facts& facts, const EqualValues& equals);

  /// Right before the node.
  std::span<const Order> before(std::uint32_t node) const { return points_[node]; }
  /// Which way a branch goes, if that is known of the two registers that it compares.
  std::optional<bool> decided(const Code& code, std::uint32_t branch,
                              const EqualValues& equals) const;

 private:
  std::vector<std::vector<Order>> points_;
};

}  // namespace probity::opt
