// SPDX-License-Identifier: Apache-2.0
// What updates and deletes of map entries answer, over a value domain: the flags and the order of
// the checks of array_map_update_elem, htab_map_update_elem and trie_update_elem of Linux 6.18. An
// answer of 0 says that the value is stored; whether there is memory for it, and what an LRU map
// drops to make room, is asked after that.
#pragma once

#include "domain/bv.hpp"
#include "program/program.hpp"
#include "runtime/map.hpp"
#include "runtime/packet_bounds.hpp"

namespace probity::runtime {

/// What the flags of an update say.
template <Domain D>
struct UpdateFlags {
  Bool<D> unknown;  ///< no flags of such a map
  Bool<D> only_new;
  Bool<D> only_existing;
  Bool<D> locked;
};

/// Plain arrays and hash maps know BPF_F_LOCK.
constexpr bool knows_lock(program::MapType type) {
  return type == program::MapType::array || type == program::MapType::hash;
}

template <Domain D>
constexpr UpdateFlags<D> update_flags(program::MapType type, Bv<D, 64> flags) {
  const std::uint64_t lock = knows_lock(type) ? map_flags::lock : 0;
  const Bv<D, 64> others = flags & Bv<D, 64>::lit(~lock);
  const auto has = [&](std::uint64_t bit) {
    return (flags & Bv<D, 64>::lit(bit)) != Bv<D, 64>::lit(0);
  };
  return {ult(Bv<D, 64>::lit(map_flags::exist), others), has(map_flags::noexist),
          has(map_flags::exist), has(lock)};
}

/// An array: `in_range` says that the index is one. `has_lock`: values hold a struct bpf_spin_lock.
template <Domain D>
constexpr Bv<D, 64> array_update_answer(const UpdateFlags<D>& flags, Bool<D> in_range,
                                        bool has_lock) {
  const Bool<D> lock_missing = flags.locked & Bool<D>::lit(has_lock ? 0 : 1);
  Bv<D, 64> result = ite(lock_missing, answer<D>(errno_of::invalid), answer<D>(0));
  result = ite(flags.only_new, answer<D>(errno_of::exist), result);
  result = ite(in_range, result, answer<D>(errno_of::too_big));
  return ite(flags.unknown, answer<D>(errno_of::invalid), result);
}

/// A hash map or trie, before it looks for the entry; 0: it does. `names_entry`: the key can be
/// one.
template <Domain D>
constexpr Bv<D, 64> keyed_update_refusal(const UpdateFlags<D>& flags, Bool<D> names_entry,
                                         bool has_lock) {
  const Bool<D> lock_missing = flags.locked & Bool<D>::lit(has_lock ? 0 : 1);
  return ite(flags.unknown | ~names_entry | lock_missing, answer<D>(errno_of::invalid),
             answer<D>(0));
}

/// The same once it is known whether the entry is there, and whether there is room for another one.
template <Domain D>
constexpr Bv<D, 64> keyed_update_answer(program::MapType type, const UpdateFlags<D>& flags,
                                        Bool<D> present, Bool<D> room) {
  const std::int64_t full =
      type == program::MapType::lpm_trie ? errno_of::no_space : errno_of::too_big;
  const Bv<D, 64> inserted = ite(room, answer<D>(0), answer<D>(full));
  return ite(present, ite(flags.only_new, answer<D>(errno_of::exist), answer<D>(0)),
             ite(flags.only_existing, answer<D>(errno_of::noent), inserted));
}

/// bpf_map_delete_elem of a hash map or trie; 0: the entry goes.
template <Domain D>
constexpr Bv<D, 64> keyed_delete_answer(Bool<D> names_entry, Bool<D> present) {
  return ite(names_entry, ite(present, answer<D>(0), answer<D>(errno_of::noent)),
             answer<D>(errno_of::invalid));
}

}  // namespace probity::runtime
