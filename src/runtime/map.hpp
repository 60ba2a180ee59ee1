// SPDX-License-Identifier: Apache-2.0
// Map: what a program and a user can do with a BPF map, with the kernel's return codes. One file
// per kind of map. Values live in host memory that does not move while a program runs; a deleted or
// replaced value stays readable until the run ends, as under RCU in the kernel. Memory is allocated
// when first touched, against one budget per engine, so that absurd map sizes cost nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "program/program.hpp"
#include "runtime/engine.hpp"
#include "runtime/error_number.hpp"

namespace probity::runtime {

namespace map_flags {
constexpr std::uint64_t any = 0;
constexpr std::uint64_t noexist = 1;
constexpr std::uint64_t exist = 2;
constexpr std::uint64_t lock = 4;
constexpr std::uint32_t read_only_for_program = 1u << 7;   ///< BPF_F_RDONLY_PROG
constexpr std::uint32_t write_only_for_program = 1u << 8;  ///< BPF_F_WRONLY_PROG
}  // namespace map_flags

constexpr std::uint64_t map_memory_limit_bytes = 1ull << 30;

/// What all maps of an engine may allocate together.
class MapMemory {
 public:
  /// Zeroed bytes, or null (and exhausted()) when the limit is reached.
  std::unique_ptr<std::uint8_t[]> take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes) { used_bytes_ -= bytes; }
  bool exhausted() const { return exhausted_; }

 private:
  std::uint64_t used_bytes_ = 0;
  bool exhausted_ = false;
};

using Key = std::span<const std::uint8_t>;
using Value = std::span<const std::uint8_t>;

class Map {
 public:
  Map(const program::MapDef& definition, MapMemory& memory)
      : definition_(definition), memory_(memory) {}
  virtual ~Map() = default;
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  const program::MapDef& definition() const { return definition_; }
  /// Bytes of a value as the program sees them.
  virtual std::uint32_t value_bytes() const { return definition_.value_size; }
  /// The value of `key`, or null. `key` has key_size bytes.
  virtual std::uint8_t* lookup(Key key) = 0;
  /// 0 or a negative error number.
  virtual std::int64_t update(Key key, Value value, std::uint64_t flags) = 0;
  virtual std::int64_t erase(Key key) = 0;
  /// Queue and stack maps; the others refuse.
  virtual std::int64_t push(Value, std::uint64_t) { return errno_of::invalid; }
  virtual std::int64_t pop(std::span<std::uint8_t>) { return errno_of::invalid; }
  virtual std::int64_t peek(std::span<std::uint8_t>) { return errno_of::invalid; }

  /// The present keys, sorted; of arrays none, since all indices below max_entries are present.
  virtual std::vector<Bytes> keys() const = 0;
  /// The entries a user sees, sorted by key; array maps leave out those that were never touched.
  virtual std::vector<MapEntry> entries() const = 0;
  /// The same as bytes, key and value of one entry after the other; the order stays as long as no
  /// entry comes or goes.
  virtual Bytes records() const;
  /// A write by the user; not all that a user may write can a program.
  virtual std::int64_t seed(Key key, Value value) { return update(key, value, map_flags::any); }
  /// The entry whose value holds that byte of host memory, or nothing.
  struct ValuePlace {
    Bytes key;
    std::uint64_t offset = 0;
  };
  virtual std::optional<ValuePlace> key_at(const std::uint8_t*) const { return std::nullopt; }
  /// The run is over: values that were replaced or deleted may go.
  virtual void end_run() {}

 protected:
  MapMemory& memory() const { return memory_; }
  /// Copies a value, but for the parts that only helpers touch: they stay as they are.
  void put_value(std::uint8_t* to, Value from) const;
  /// Whether values hold a spin lock, without which BPF_F_LOCK is refused.
  bool has_lock() const;

 private:
  const program::MapDef& definition_;
  MapMemory& memory_;
};

/// The map for a definition. Refuses sizes the kernel refuses, with the map's name.
Expected<std::unique_ptr<Map>> make_map(const program::MapDef& definition, MapMemory& memory);

// One per file map_<kind>.cpp.
std::unique_ptr<Map> make_array_map(const program::MapDef& definition, MapMemory& memory);
std::unique_ptr<Map> make_hash_map(const program::MapDef& definition, MapMemory& memory);
std::unique_ptr<Map> make_lpm_map(const program::MapDef& definition, MapMemory& memory);
std::unique_ptr<Map> make_slot_map(const program::MapDef& definition, MapMemory& memory);
std::unique_ptr<Map> make_queue_map(const program::MapDef& definition, MapMemory& memory);
/// Keys to numbers of the program's maps.
std::unique_ptr<Map> make_outer_map(const program::MapDef& definition, MapMemory& memory);
/// Exists and holds nothing that a key could reach.
std::unique_ptr<Map> make_opaque_map(const program::MapDef& definition, MapMemory& memory);

}  // namespace probity::runtime
