// SPDX-License-Identifier: Apache-2.0
// Internet checksum arithmetic of the helpers csum_diff, l3_csum_replace, l4_csum_replace and
// csum_update, over a value domain (RFC 1071; net/checksum.h and lib/checksum.c of Linux). Sums are
// ones' complement 32-bit numbers of little-endian words, exactly as the kernel keeps them, so
// results agree bit for bit and not only modulo 0xffff.
#pragma once

#include <span>

#include "domain/bv.hpp"
#include "runtime/packet_bounds.hpp"

namespace probity::runtime {

/// csum_add: 32-bit addition with the carry added back.
template <Domain D>
constexpr Bv<D, 32> csum_add(Bv<D, 32> a, Bv<D, 32> b) {
  const Bv<D, 32> sum = a + b;
  return sum + zext<32>(ult(sum, b));
}

/// csum_sub: a + ~b.
template <Domain D>
constexpr Bv<D, 32> csum_sub(Bv<D, 32> a, Bv<D, 32> b) {
  return csum_add(a, ~b);
}

/// csum_fold: 32 bits to 16, complemented.
template <Domain D>
constexpr Bv<D, 16> csum_fold(Bv<D, 32> sum) {
  const Bv<D, 32> once = zext<32>(trunc<16>(sum)) + zext<32>(bits<31, 16>(sum));
  const Bv<D, 32> twice = zext<32>(trunc<16>(once)) + zext<32>(bits<31, 16>(once));
  return ~trunc<16>(twice);
}

/// csum_unfold: a 16-bit checksum as a sum.
template <Domain D>
constexpr Bv<D, 32> csum_unfold(Bv<D, 16> sum) {
  return zext<32>(sum);
}

/// One more 32-bit word of data: csum_partial adds words with end-around carry.
template <Domain D>
constexpr Bv<D, 32> csum_add_word(Bv<D, 32> sum, Bv<D, 32> word) {
  return csum_add(sum, word);
}

/// csum_replace_by_diff: a packet's checksum field after its data changed by `difference`.
template <Domain D>
constexpr Bv<D, 16> csum_replace_by_diff(Bv<D, 16> field, Bv<D, 32> difference) {
  return csum_fold(csum_add(difference, ~csum_unfold(field)));
}

/// csum_replace4: one 32-bit word of the data changed.
template <Domain D>
constexpr Bv<D, 16> csum_replace4(Bv<D, 16> field, Bv<D, 32> from, Bv<D, 32> to) {
  const Bv<D, 32> without = csum_sub(~csum_unfold(field), from);
  return csum_fold(csum_add(without, to));
}

/// csum_replace2: one 16-bit word of the data changed, with the kernel's 16-bit carries.
template <Domain D>
constexpr Bv<D, 16> csum16_add(Bv<D, 16> a, Bv<D, 16> b) {
  const Bv<D, 16> sum = a + b;
  return sum + zext<16>(ult(sum, b));
}
template <Domain D>
constexpr Bv<D, 16> csum_replace2(Bv<D, 16> field, Bv<D, 16> from, Bv<D, 16> to) {
  return ~csum16_add(csum16_add(~field, ~from), to);
}

/// bpf_csum_diff: `seed` plus `to` less `from`, folded to 16 bits but not complemented.
template <Domain D>
constexpr Bv<D, 32> csum_difference(Bv<D, 32> seed, std::span<const Bv<D, 32>> from,
                                    std::span<const Bv<D, 32>> to) {
  Bv<D, 32> added = to.empty() || from.empty() ? Bv<D, 32>::lit(0) : seed;
  if (from.empty()) added = seed;
  for (const Bv<D, 32>& word : to) added = csum_add_word(added, word);
  if (!from.empty()) {
    Bv<D, 32> removed = to.empty() ? ~seed : Bv<D, 32>::lit(0);
    for (const Bv<D, 32>& word : from) removed = csum_add_word(removed, word);
    added = to.empty() ? ~removed : csum_sub(added, removed);
  }
  return zext<32>(~csum_fold(added));
}

/// Flags of bpf_l3_csum_replace and bpf_l4_csum_replace (linux/bpf.h).
namespace csum_flags {
constexpr std::uint64_t size_mask = 0xf;
constexpr std::uint64_t mangled_zero = 0x20;
constexpr std::uint64_t enforce = 0x40;
constexpr std::uint64_t l3_known = size_mask;
constexpr std::uint64_t l4_known = size_mask | 0x10 | mangled_zero | enforce | 0x80;
}  // namespace csum_flags

/// The field after bpf_l3_csum_replace (`flags` 0, 2 or 4; with 0, `to` is a difference).
template <Domain D>
constexpr Bv<D, 16> l3_csum_replaced(std::uint64_t flags, Bv<D, 16> field, Bv<D, 64> from,
                                     Bv<D, 64> to) {
  if (flags == 2) return csum_replace2(field, trunc<16>(from), trunc<16>(to));
  if (flags == 4) return csum_replace4(field, trunc<32>(from), trunc<32>(to));
  return csum_replace_by_diff(field, trunc<32>(to));
}

/// The field after bpf_l4_csum_replace; 16-bit words count as 32-bit ones there.
template <Domain D>
constexpr Bv<D, 16> l4_csum_replaced(std::uint64_t flags, Bv<D, 16> field, Bv<D, 64> from,
                                     Bv<D, 64> to) {
  const Bv<D, 16> zero = Bv<D, 16>::lit(0);
  const std::uint64_t size = flags & csum_flags::size_mask;
  Bv<D, 16> result = csum_replace_by_diff(field, trunc<32>(to));
  if (size == 2) result = csum_replace4(field, zext<32>(trunc<16>(from)), zext<32>(trunc<16>(to)));
  if (size == 4) result = csum_replace4(field, trunc<32>(from), trunc<32>(to));
  if ((flags & csum_flags::mangled_zero) == 0) return result;
  result = ite(result == zero, Bv<D, 16>::lit(0xffff), result);
  return (flags & csum_flags::enforce) != 0 ? result : ite(field == zero, field, result);
}

enum class CsumLayer : std::uint8_t { l3, l4 };

/// What bpf_l3_csum_replace and bpf_l4_csum_replace answer before they look at the field at
/// `offset` in a packet of `length` bytes; 0: they do.
template <Domain D>
constexpr Bv<D, 64> csum_field_answer(CsumLayer layer, std::uint64_t flags, Bv<D, 32> offset,
                                      Bv<D, 64> length) {
  const std::uint64_t known = layer == CsumLayer::l3 ? csum_flags::l3_known : csum_flags::l4_known;
  if ((flags & ~known) != 0) return answer<D>(errno_of::invalid);
  const Bool<D> there = ule(offset, Bv<D, 32>::lit(0xffff)) &
                        (trunc<1>(offset) == Bv<D, 1>::lit(0)) &
                        in_packet(offset, Bv<D, 32>::lit(2), length);
  return ite(there, answer<D>(errno_of::done), answer<D>(errno_of::fault));
}

/// What they answer then, and the field afterwards.
template <Domain D>
struct CsumReplaced {
  Bv<D, 64> answer;
  Bv<D, 16> field;
};
template <Domain D>
constexpr CsumReplaced<D> csum_field_replaced(CsumLayer layer, std::uint64_t flags, Bv<D, 16> field,
                                              Bv<D, 64> from, Bv<D, 64> to) {
  // A checksum that is not computed stays so, whatever the other arguments.
  const std::uint64_t unset = flags & (csum_flags::mangled_zero | csum_flags::enforce);
  const Bool<D> stays =
      Bool<D>::lit(unset == csum_flags::mangled_zero ? 1 : 0) & (field == Bv<D, 16>::lit(0));
  const std::uint64_t size = flags & csum_flags::size_mask;
  const Bool<D> fits =
      size == 0 ? from == Bv<D, 64>::lit(0) : Bool<D>::lit(size == 2 || size == 4 ? 1 : 0);
  const Bv<D, 16> result = layer == CsumLayer::l3 ? l3_csum_replaced(flags, field, from, to)
                                                  : l4_csum_replaced(flags, field, from, to);
  return {ite(stays | fits, answer<D>(errno_of::done), answer<D>(errno_of::invalid)),
          ite(fits & ~stays, result, field)};
}

}  // namespace probity::runtime
