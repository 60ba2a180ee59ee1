// SPDX-License-Identifier: Apache-2.0
// Which kind of map a definition asks for, and the checks of map_alloc_check() in the kernel.
#include "runtime/map.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include "base/check.hpp"
#include "runtime/map_definition.hpp"

namespace probity::runtime {
namespace {

using program::MapDef;
using program::MapType;

constexpr std::uint32_t max_key_bytes = 512;               // MAX_BPF_STACK
constexpr std::uint32_t max_value_bytes = (1u << 31) - 1;  // a region stays below 2^31

std::unexpected<Diagnostic> refuse(const MapDef& map, std::string_view what, std::uint64_t value,
                                   std::string_view limit) {
  return error(Fault::bad_input, fmt::format("map {}: {} {} ({})", map.name, what, value, limit));
}

/// Maps of descriptors: keyed by a 32-bit index, whatever the value means.
Expected<void> require_index(const MapDef& map) {
  const bool filled_in_by_loaders = map.type == MapType::perf_event_array && map.key_size == 0;
  if (map.key_size != 4 && !filled_in_by_loaders)
    return refuse(map, "key_size", map.key_size, "must be 4");
  return {};
}

Expected<void> require_sizes(const MapDef& map, bool keyed_by_index) {
  if (map.max_entries == 0) return refuse(map, "max_entries", 0, "at least 1");
  if (keyed_by_index && map.key_size != 4)
    return refuse(map, "key_size", map.key_size, "must be 4");
  if (map.key_size == 0 || map.key_size > max_key_bytes) {
    return refuse(map, "key_size", map.key_size, "1..512");
  }
  if (map.value_size == 0 || map.value_size > max_value_bytes) {
    return refuse(map, "value_size", map.value_size, "1..2147483647");
  }
  return {};
}

}  // namespace

std::unique_ptr<std::uint8_t[]> MapMemory::take(std::uint64_t bytes) {
  if (bytes > map_memory_limit_bytes - used_bytes_) {
    exhausted_ = true;
    return nullptr;
  }
  auto* memory = new (std::nothrow) std::uint8_t[bytes]();
  if (memory == nullptr) {
    exhausted_ = true;
    return nullptr;
  }
  used_bytes_ += bytes;
  return std::unique_ptr<std::uint8_t[]>(memory);
}

std::uint32_t value_field_bytes(program::ValueFieldKind kind) {
  switch (kind) {
    case program::ValueFieldKind::spin_lock: return 4;
    case program::ValueFieldKind::timer:
    case program::ValueFieldKind::workqueue: return 16;
  }
  PROBITY_UNREACHABLE("part of a value");
}

void Map::put_value(std::uint8_t* to, Value from) const {
  std::uint64_t begin = 0;
  const auto copy_until = [&](std::uint64_t end) {
    if (end > begin) std::memmove(to + begin, from.data() + begin, end - begin);
  };
  for (const program::ValueField& field : definition_.value_fields) {  // in order of offsets
    const std::uint64_t first = std::min<std::uint64_t>(field.offset, from.size());
    copy_until(first);
    const std::uint64_t end = std::uint64_t{field.offset} + value_field_bytes(field.kind);
    begin = std::max(begin, std::min<std::uint64_t>(end, from.size()));
  }
  copy_until(from.size());
}

bool Map::has_lock() const {
  const auto fields = definition_.value_fields;
  return std::ranges::find(fields, program::ValueFieldKind::spin_lock,
                           &program::ValueField::kind) != fields.end();
}

MapFamily family_of(MapType type) {
  switch (type) {
    case MapType::array:
    case MapType::percpu_array: return MapFamily::array;
    case MapType::hash:
    case MapType::percpu_hash:
    case MapType::lru_hash:
    case MapType::lru_percpu_hash: return MapFamily::hash;
    case MapType::lpm_trie: return MapFamily::lpm;
    case MapType::devmap_hash:
    case MapType::devmap:
    case MapType::cpumap:
    case MapType::xskmap:
    case MapType::prog_array:
    case MapType::cgroup_array:
    case MapType::perf_event_array: return MapFamily::slots;
    case MapType::queue:
    case MapType::stack: return MapFamily::queue;
    case MapType::array_of_maps:
    case MapType::hash_of_maps: return MapFamily::outer;
    case MapType::ringbuf:
    case MapType::cgroup_storage:
    case MapType::percpu_cgroup_storage:
    case MapType::sk_storage: return MapFamily::helpers_only;
    case MapType::stack_trace:
    case MapType::sockmap:
    case MapType::sockhash:
    case MapType::reuseport_sockarray:
    case MapType::struct_ops:
    case MapType::inode_storage:
    case MapType::task_storage:
    case MapType::bloom_filter:
    case MapType::user_ringbuf:
    case MapType::cgrp_storage:
    case MapType::arena: return MapFamily::unmodelled;
    case MapType::unspec: break;
  }
  return MapFamily::unknown;
}

bool programs_look_up(MapType type) {
  switch (family_of(type)) {
    case MapFamily::array:
    case MapFamily::hash:
    case MapFamily::lpm:
    case MapFamily::outer: return true;
    case MapFamily::slots:
      return type == MapType::devmap || type == MapType::devmap_hash || type == MapType::xskmap;
    case MapFamily::queue:
    case MapFamily::helpers_only:
    case MapFamily::unmodelled:
    case MapFamily::unknown: break;
  }
  return false;
}

bool programs_update(MapType type) {
  return programs_look_up(type) && family_of(type) != MapFamily::slots &&
         family_of(type) != MapFamily::outer;
}

Expected<void> require_definition(const MapDef& definition) {
  switch (family_of(definition.type)) {
    case MapFamily::array: return require_sizes(definition, true);
    case MapFamily::hash: return require_sizes(definition, false);
    case MapFamily::lpm:
      if (definition.key_size < 5 || definition.key_size > 260)
        return refuse(definition, "key_size", definition.key_size, "5..260");
      return require_sizes(definition, false);
    case MapFamily::slots: return require_index(definition);
    case MapFamily::queue:
      if (definition.max_entries == 0) return refuse(definition, "max_entries", 0, "at least 1");
      if (definition.value_size == 0) return refuse(definition, "value_size", 0, "at least 1");
      return {};
    case MapFamily::outer:
      if (definition.value_size != 4)
        return refuse(definition, "value_size", definition.value_size, "must be 4");
      return require_sizes(definition, definition.type == MapType::array_of_maps);
    case MapFamily::helpers_only:
    case MapFamily::unmodelled: return {};
    case MapFamily::unknown: break;
  }
  return refuse(definition, "type", static_cast<std::uint32_t>(definition.type),
                "not a known map type");
}

Bytes Map::records() const {
  Bytes result;
  for (const MapEntry& entry : entries()) {
    result.insert(result.end(), entry.key.begin(), entry.key.end());
    result.insert(result.end(), entry.value.begin(), entry.value.end());
  }
  return result;
}

Expected<std::unique_ptr<Map>> make_map(const MapDef& definition, MapMemory& memory) {
  TRY(require_definition(definition));
  switch (family_of(definition.type)) {
    case MapFamily::array: return make_array_map(definition, memory);
    case MapFamily::hash: return make_hash_map(definition, memory);
    case MapFamily::lpm: return make_lpm_map(definition, memory);
    case MapFamily::slots: return make_slot_map(definition, memory);
    case MapFamily::queue: return make_queue_map(definition, memory);
    case MapFamily::outer: return make_outer_map(definition, memory);
    case MapFamily::helpers_only:
    case MapFamily::unmodelled: return make_opaque_map(definition, memory);
    case MapFamily::unknown: break;
  }
  PROBITY_UNREACHABLE("type of map");
}

}  // namespace probity::runtime
