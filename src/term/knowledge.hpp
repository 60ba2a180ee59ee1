// SPDX-License-Identifier: Apache-2.0
// Knowledge: what is certain about a term's value: unsigned bounds, and bits that are known to be 0
// or 1. forward() derives it for an operation from its operands; backward() derives it for an
// operand from the operation's. Both only ever drop values that are impossible. Known-bits
// addition: the carry argument of LLVM's KnownBits.
#pragma once

#include <optional>
#include <span>

#include "term/term.hpp"

namespace probity::term {

struct Knowledge {
  Value low = 0;
  Value high = 0;
  Value zeros = 0;  ///< bits that are 0
  Value ones = 0;   ///< bits that are 1
  friend bool operator==(const Knowledge&, const Knowledge&) = default;

  static Knowledge anything(unsigned width) { return {0, mask<Value>(width), 0, 0}; }
  static Knowledge exactly(unsigned width, Value value) {
    return {value, value, ~value & mask<Value>(width), value};
  }
  static Knowledge between(unsigned width, Value low, Value high);
  /// No value is left.
  bool impossible() const { return low > high || (zeros & ones) != 0; }
  std::optional<Value> value() const {
    return low == high ? std::optional<Value>(low) : std::nullopt;
  }
};

/// Both hold.
Knowledge meet(const Knowledge& a, const Knowledge& b, unsigned width);
/// One of them holds.
Knowledge join(const Knowledge& a, const Knowledge& b);

/// Of `a`, which is an operation or a leaf. Where an operand has no value, nothing is possible.
Knowledge forward(const Store& store, Id a, std::span<const Knowledge> operands);

/// Of operand `number` of `a`, from that of `a` and of all operands.
Knowledge backward(const Store& store, Id a, const Knowledge& result,
                   std::span<const Knowledge> operands, unsigned number);

}  // namespace probity::term
