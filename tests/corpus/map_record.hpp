// SPDX-License-Identifier: Apache-2.0
// The map entries that a recorded run changed, against those an engine changed, both ways: every
// recorded change must be there, and where the record is not cut, nothing else may have changed.
#pragma once

#include <map>
#include <string>

#include "corpus_rows.hpp"
#include "program/program.hpp"

namespace probity::corpus {

/// The recording loader kept this many changes of a row.
constexpr std::size_t vector_changes_limit = 24;
constexpr std::size_t sequence_changes_limit = 48;

/// Contents of all maps that the record looks at: arrays (what is not zero), hash, LRU, LPM and
/// per-CPU maps.
class MapSnapshot {
 public:
  static Expected<MapSnapshot> take(runtime::Engine& engine, const program::View& program);

  /// How the changes since `before` differ from the row's `maps_changed`; empty when they do not.
  std::string difference(const MapSnapshot& before, const program::View& program,
                         const Json& recorded, std::size_t limit) const;

 private:
  using Entries = std::map<runtime::Bytes, runtime::Bytes>;
  std::map<std::string, Entries, std::less<>> maps_;
};

}  // namespace probity::corpus
