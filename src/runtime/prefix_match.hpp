// SPDX-License-Identifier: Apache-2.0
// Prefix matching of LPM maps over a value domain (kernel/bpf/lpm_trie.c). A key is a prefix length
// in bits, as a little-endian 32-bit number, and data whose first byte's highest bit comes first. A
// lookup gives the stored entry with the longest prefix that is no longer than the key's own and
// agrees with the key's data.
#pragma once

#include <cstddef>
#include <span>

#include "domain/bv.hpp"

namespace probity::runtime {

/// Bytes of prefix length in front of an LPM key's data.
constexpr std::size_t prefix_length_bytes = 4;

/// Whether the first `bit_count` bits of two byte strings of the same length agree; of a longer
/// `bit_count` only as many bits as there are.
template <Domain D>
constexpr Bool<D> same_prefix(std::span<const Bv<D, 8>> a, std::span<const Bv<D, 8>> b,
                              Bv<D, 32> bit_count) {
  Bool<D> same = Bool<D>::lit(1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Bv<D, 32> before = Bv<D, 32>::lit(8 * i);
    const Bv<D, 32> left = bit_count - before;  // bits of this byte that count, when inside
    const Bool<D> inside = ult(before, bit_count);
    const Bool<D> whole = ule(Bv<D, 32>::lit(8), left);
    const Bv<D, 8> unused = lshr(Bv<D, 8>::lit(0xff), trunc<8>(left));
    const Bv<D, 8> counted = ite(whole, Bv<D, 8>::lit(0xff), ~unused);
    const Bool<D> equal = ((a[i] ^ b[i]) & counted) == Bv<D, 8>::lit(0);
    same = same & (~inside | equal);
  }
  return same;
}

/// An LPM key: its prefix length and its data.
template <Domain D>
struct PrefixKey {
  Bv<D, 32> length;  ///< bits
  std::span<const Bv<D, 8>> data;
};

/// Whether a lookup of `key` may answer the entry `stored`.
template <Domain D>
constexpr Bool<D> prefix_covers(PrefixKey<D> stored, PrefixKey<D> key) {
  return ule(stored.length, key.length) & same_prefix<D>(stored.data, key.data, stored.length);
}

/// Whether two keys name the same entry: bits behind the prefix do not matter.
template <Domain D>
constexpr Bool<D> same_prefix_key(PrefixKey<D> a, PrefixKey<D> b) {
  return (a.length == b.length) & same_prefix<D>(a.data, b.data, a.length);
}

/// Whether a key's prefix length is one the map takes; a longer one is no key (lookup NULL, update
/// and delete -EINVAL).
template <Domain D>
constexpr Bool<D> is_prefix_length(Bv<D, 32> length, std::size_t data_bytes) {
  return ule(length, Bv<D, 32>::lit(8 * data_bytes));
}

}  // namespace probity::runtime
