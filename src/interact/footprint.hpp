// SPDX-License-Identifier: Apache-2.0
// Footprint: everything one program touches, from an exploration of its own. The terms are rebuilt
// in a store that several footprints share: packet bytes, packet length and ctx fields are the same
// variables in all of them, everything else (map contents, answers of helpers) gets the program's
// label, so that footprints of different programs never mean each other's by accident.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "interact/subject.hpp"
#include "symex/effect.hpp"
#include "symex/explorer.hpp"

namespace probity::interact {

struct Footprint {
  std::vector<program::MapDef> maps;  ///< of the exploration; Effect::map counts these
  std::vector<symex::Effect> effects;
  std::vector<symex::EntryName> entries;
  std::vector<symex::PathEffects> paths;
  symex::Exploration exploration;
  program::ProgType type = program::ProgType::xdp;
};

/// Explores `subject` alone; its terms go to `store`.
Expected<Footprint> explore_footprint(const Subject& subject, symex::Options options,
                                      term::Store& store);

/// The same footprint with its terms, which are of `from`, in `to`. So explorations that run side
/// by side have a store each, and their terms meet in one afterwards.
Footprint moved(const Footprint& footprint, const term::Store& from, term::Store& to);

/// What a program reads and writes, in the notation of DRACO: `b12` is a packet byte counted from
/// the first one as it came in, `map:NAME.b0(3)_b1(sym)` an entry by its key bytes; ours are
/// `ctx:NAME`, `length`, `redirect` and `output:NAME`.
struct NamedSets {
  std::set<std::string> read;
  std::set<std::string> write;
};
NamedSets named_sets(const Footprint& footprint, const term::Store& store,
                     const std::set<std::uint32_t>& effects);
/// Of all effects.
NamedSets named_sets(const Footprint& footprint, const term::Store& store);

/// `b0(3)_b1(sym)`: the bytes of a key, `sym` where they are not known before the program runs.
std::string key_name(const term::Store& store, std::span<const term::Id> chunks);

}  // namespace probity::interact
