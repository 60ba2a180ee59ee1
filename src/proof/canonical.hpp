// SPDX-License-Identifier: Apache-2.0
// CanonicalQuery: a conjunction of terms as bytes that do not depend on names or ids. Terms are
// numbered in depth-first order from the first assertion; variables and functions by first
// occurrence. Two queries with equal bytes have the same answer, and their models translate through
// these numbers.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "term/term.hpp"

namespace probity::proof {

struct Hash128 {
  std::uint64_t high = 0, low = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein 2012) under a fixed key.
Hash128 hash_bytes(std::string_view bytes);

struct CanonicalQuery {
  std::string bytes;
  std::vector<term::Id> variables;        ///< by canonical number
  std::vector<term::Function> functions;  ///< by canonical number
};
CanonicalQuery canonical_query(const term::Store& store, std::span<const term::Id> assertions);

}  // namespace probity::proof
