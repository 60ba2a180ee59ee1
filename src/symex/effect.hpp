// SPDX-License-Identifier: Apache-2.0
// EffectLog: what the runs of an exploration touched, when asked for (Options::effects). An Effect
// is one insn touching one thing (bytes of the packet, an entry of a map, a ctx field, a helper),
// with the terms that say which, the map contents that these depend on, and the path conditions
// under which it happens. Recording changes nothing in what is explored.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "term/term.hpp"

namespace probity::symex {

enum class EffectKind : std::uint8_t {
  packet_read,
  packet_write,
  window_read,  ///< data_end or data_meta is loaded, or the length asked for
  value_read,   ///< bytes of a map value
  value_write,
  ctx_read,
  ctx_write,
  call,    ///< of a helper
  branch,  ///< a decision; its sources decide it
  finish,  ///< the program ends; its sources are those of the return value
};
constexpr bool is_write(EffectKind kind) {
  return kind == EffectKind::packet_write || kind == EffectKind::value_write ||
         kind == EffectKind::ctx_write;
}

constexpr std::uint32_t unnamed_map = 0xffffffff;
constexpr std::uint32_t unnamed_entry = 0xffffffff;

/// An entry of a map, by what the program computed its key from.
struct EntryName {
  std::uint32_t map = unnamed_map;  ///< of the world
  std::vector<term::Id> key;        ///< chunks, lowest bytes first
  std::uint32_t stage = 0;          ///< with `slot`: the insn that looked at the entry first
  std::uint32_t slot = 0;
  friend auto operator<=>(const EntryName&, const EntryName&) = default;
};

/// Part of the initial contents of an entry.
struct Leaf {
  std::uint32_t entry = unnamed_entry;  ///< of EffectLog::entries()
  std::int32_t byte = 0;                ///< of the value; presence_leaf, any_byte
  friend auto operator<=>(const Leaf&, const Leaf&) = default;
};
constexpr std::int32_t presence_leaf = -1;
constexpr std::int32_t any_byte = -2;
using Leaves = std::set<Leaf>;

struct Effect {
  EffectKind kind{};
  std::uint32_t stage = 0;
  std::uint32_t slot = 0;
  std::uint32_t helper = 0;             ///< of a call
  std::uint32_t map = unnamed_map;      ///< of a value access or a call
  std::uint32_t entry = unnamed_entry;  ///< of a value access: its key, as far as it is known
  std::vector<term::Id> key;            ///< of a call: chunks; of redirect_map: the index
  term::Id offset;                      ///< of memory; from the packet's first byte as it came in
  term::Id size_bytes;
  std::vector<term::Id> values;  ///< of a call: the arguments that are numbers
  // Not part of what makes two effects one.
  Leaves key_sources;    ///< map contents in the key or the offset
  Leaves value_sources;  ///< map contents in what is stored, decided or returned
  std::vector<std::vector<term::Id>> conditions;  ///< when it happens: any of them
  bool always = false;                            ///< too many conditions to keep
};

/// One path of one stage.
struct PathEffects {
  std::uint32_t stage = 0;
  std::vector<term::Id> condition;
  term::Id action;  ///< 32 bits: the return value
  std::set<std::uint32_t> effects;
};

class EffectLog {
 public:
  static constexpr std::size_t max_conditions = 64;  ///< kept of one effect

  /// The number of the effect, an equal one's if there is one.
  std::uint32_t add(Effect effect, std::span<const term::Id> condition);
  std::uint32_t add_entry(EntryName name);
  void add_path(PathEffects path) { paths_.push_back(std::move(path)); }

  const std::vector<Effect>& effects() const { return effects_; }
  const std::vector<EntryName>& entries() const { return entries_; }
  const std::vector<PathEffects>& paths() const { return paths_; }

  /// Variables and applications in `a` whose names begin with "map.".
  const std::vector<term::Id>& map_terms(const term::Store& store, term::Id a);

 private:
  using Key =
      std::tuple<EffectKind, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
                 std::uint32_t, std::vector<term::Id>, term::Id, term::Id, std::vector<term::Id>>;
  std::vector<Effect> effects_;
  std::map<Key, std::uint32_t> known_;
  std::vector<EntryName> entries_;
  std::map<EntryName, std::uint32_t> known_entries_;
  std::vector<PathEffects> paths_;
  std::unordered_map<std::uint32_t, std::vector<term::Id>> map_terms_;
};

}  // namespace probity::symex
