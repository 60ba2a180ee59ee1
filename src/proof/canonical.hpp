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
/// As 16 bytes, e.g. the key of a row.
std::string key_bytes(const Hash128& key);

struct CanonicalQuery {
  std::string bytes;
  std::vector<term::Id> variables;        ///< by canonical number
  std::vector<term::Function> functions;  ///< by canonical number
};
CanonicalQuery canonical_query(const term::Store& store, std::span<const term::Id> assertions);

/// The same for many queries of one store, which may grow in between: the table of numbers is kept.
class Canonicaliser {
 public:
  explicit Canonicaliser(const term::Store& store) : store_(store) {}
  CanonicalQuery operator()(std::span<const term::Id> assertions);

 private:
  friend class CanonicalWriter;
  const term::Store& store_;
  /// By term: the query it was last written in, and its number there.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> numbers_;
  std::uint32_t queries_ = 0;
};

}  // namespace probity::proof
