// SPDX-License-Identifier: Apache-2.0
// Creation and contents of kernel maps. Reading uses the batch commands, which take one call per
// 4096 entries; queues and stacks can only be popped, so their values are pushed back in the same
// order.
#include "runtime/kernel_map.hpp"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "runtime/kernel_btf.hpp"

namespace probity::runtime {

namespace {

using program::MapDef;
using program::MapType;

constexpr std::uint32_t read_chunk_entries = 4096;
/// Hash buckets may hold a few entries more than asked for.
constexpr std::uint32_t read_chunk_slack = 64;
constexpr std::uint32_t default_entries = 128;             // where the object says 0
constexpr std::uint32_t default_stack_value_bytes = 1016;  // 127 frames of a stack trace

bool is_per_cpu(MapType type) {
  return type == MapType::percpu_hash || type == MapType::percpu_array ||
         type == MapType::lru_percpu_hash;
}

bool is_queue_or_stack(MapType type) {
  return type == MapType::queue || type == MapType::stack;
}

bool is_outer(MapType type) {
  return type == MapType::array_of_maps || type == MapType::hash_of_maps;
}

/// Storage that hangs on a cgroup or socket: the kernel wants max_entries 0.
bool is_local_storage(MapType type) {
  return type == MapType::cgroup_storage || type == MapType::percpu_cgroup_storage ||
         type == MapType::sk_storage || type == MapType::inode_storage ||
         type == MapType::task_storage || type == MapType::cgrp_storage;
}

bool has_only_count(MapType type) {
  return type == MapType::ringbuf || type == MapType::user_ringbuf;
}

/// The kernel takes 15 letters, digits, '_' and '.'.
void set_object_name(char (&field)[BPF_OBJ_NAME_LEN], std::string_view name) {
  const std::size_t size = std::min<std::size_t>(name.size(), BPF_OBJ_NAME_LEN - 1);
  for (std::size_t i = 0; i < size; ++i) {
    const bool allowed = std::isalnum(static_cast<unsigned char>(name[i])) || name[i] == '.';
    field[i] = allowed ? name[i] : '_';
  }
}

std::uint64_t map_bytes(const MapDef& def) {
  const std::uint64_t value = (std::uint64_t{def.value_size} + 7) / 8 * 8;
  return (def.key_size + value) * def.max_entries;
}

/// Corrects sizes as loaders do and says so.
KernelMap corrected(const MapDef& wanted, const KernelLimits& limits) {
  KernelMap map{wanted, {}, {}};
  const auto change = [&map](std::string_view field, std::uint32_t& value, std::uint32_t now) {
    if (value == now) return;
    map.overrides.push_back(
        fmt::format("map {}: {} {} becomes {}", map.def.name, field, value, now));
    value = now;
  };
  MapDef& def = map.def;
  if (def.type == MapType::perf_event_array) {
    change("key_size", def.key_size, 4);
    change("value_size", def.value_size, 4);
    change("max_entries", def.max_entries, possible_cpu_count());
    return map;
  }
  if (has_only_count(def.type)) {
    change("key_size", def.key_size, 0);
    change("value_size", def.value_size, 0);
    return map;
  }
  if (def.type == MapType::stack_trace && def.value_size == 0) {
    change("value_size", def.value_size, default_stack_value_bytes);
  }
  if (is_local_storage(def.type)) {
    change("max_entries", def.max_entries, 0);
    return map;
  }
  if (def.max_entries == 0 && def.key_size != 0) {
    change("max_entries", def.max_entries, default_entries);
  }
  if (map_bytes(def) > limits.max_map_bytes) {
    change("max_entries", def.max_entries, std::min(def.max_entries, limits.reduced_map_entries));
  }
  return map;
}

std::unexpected<Diagnostic> map_error(const MapDef& def, std::string_view doing, int reason) {
  return error(Fault::system,
               fmt::format("map {} (type {}, key {} bytes, value {} bytes, {} entries): {}: {}",
                           def.name, static_cast<unsigned>(def.type), def.key_size, def.value_size,
                           def.max_entries, doing, errno_text(reason)));
}

Expected<Fd> create_map(const MapDef& def, int inner_fd) {
  bpf_attr attr{};
  MapBtf types;
  if (!def.value_fields.empty()) {
    TRY(types, make_map_btf(def));
    attr.btf_fd = static_cast<std::uint32_t>(types.fd.get());
    attr.btf_key_type_id = types.key_type;
    attr.btf_value_type_id = types.value_type;
  }
  attr.map_type = static_cast<std::uint32_t>(def.type);
  attr.key_size = def.key_size;
  attr.value_size = def.value_size;
  attr.max_entries = def.max_entries;
  attr.map_flags = def.flags;
  if (def.read_only) attr.map_flags |= BPF_F_RDONLY_PROG;
  if (inner_fd >= 0) attr.inner_map_fd = static_cast<std::uint32_t>(inner_fd);
  set_object_name(attr.map_name, def.name);
  const int fd = bpf_call(BPF_MAP_CREATE, attr);
  if (fd < 0) return map_error(def, "the kernel refused to create it", -fd);
  return Fd(fd);
}

int update_element(int fd, const void* key, const void* value) {
  bpf_attr attr{};
  attr.map_fd = static_cast<std::uint32_t>(fd);
  attr.key = attr_pointer(key);
  attr.value = attr_pointer(value);
  attr.flags = BPF_ANY;
  return -std::min(0, bpf_call(BPF_MAP_UPDATE_ELEM, attr));
}

int element_call(bpf_cmd command, int fd, const void* key, void* value) {
  bpf_attr attr{};
  attr.map_fd = static_cast<std::uint32_t>(fd);
  attr.key = attr_pointer(key);
  attr.value = attr_pointer(value);
  return -std::min(0, bpf_call(command, attr));
}

/// Fills the one value of a global data map and freezes read-only ones.
Expected<void> initialise(const KernelMap& map) {
  const MapDef& def = map.def;
  if (!def.initial.empty()) {
    Bytes value(def.value_size, 0);
    if (def.initial.size() > value.size()) {
      return error(Fault::bad_input,
                   fmt::format("map {}: {} bytes of initial contents, its value has {}", def.name,
                               def.initial.size(), value.size()));
    }
    std::ranges::copy(def.initial, value.begin());
    const std::uint32_t key = 0;
    const int reason = update_element(map.fd.get(), &key, value.data());
    if (reason != 0) return map_error(def, "writing its initial contents", reason);
  }
  if (!def.read_only) return {};
  bpf_attr attr{};
  attr.map_fd = static_cast<std::uint32_t>(map.fd.get());
  const int frozen = bpf_call(BPF_MAP_FREEZE, attr);
  if (frozen < 0) return map_error(def, "freezing it", -frozen);
  return {};
}

/// The shape of inner maps, as a map that exists only while the outer one is created.
Expected<Fd> create_inner(std::span<const MapDef> maps, KernelMap& outer,
                          const KernelLimits& limits) {
  const auto index = static_cast<std::size_t>(outer.def.inner);
  if (outer.def.inner >= 0 && index < maps.size() && !is_outer(maps[index].type)) {
    KernelMap inner = corrected(maps[index], limits);
    std::ranges::move(inner.overrides, std::back_inserter(outer.overrides));
    return create_map(inner.def, -1);
  }
  MapDef stand_in;
  stand_in.name = "stand_in";
  stand_in.type = MapType::array;
  stand_in.key_size = 4;
  stand_in.value_size = 4;
  stand_in.max_entries = 1;
  outer.overrides.push_back(
      fmt::format("map {}: inner map unknown, an array of one u32 stands in", outer.def.name));
  return create_map(stand_in, -1);
}

/// Bytes of one value as the kernel copies it.
std::size_t value_stride(const MapDef& def) {
  if (!is_per_cpu(def.type)) return def.value_size;
  return (std::size_t{def.value_size} + 7) / 8 * 8 * possible_cpu_count();
}

bool is_batch_readable(MapType type) {
  return type == MapType::array || type == MapType::hash || type == MapType::lru_hash ||
         type == MapType::lpm_trie || is_per_cpu(type);
}

Expected<MapContents> read_in_batches(const KernelMap& map) {
  const MapDef& def = map.def;
  const std::uint32_t chunk = std::min(def.max_entries, read_chunk_entries) + read_chunk_slack;
  const std::size_t stride = value_stride(def);
  Bytes keys(std::size_t{chunk} * def.key_size);
  Bytes values(chunk * stride);
  Bytes position(std::max<std::size_t>(def.key_size, 8));
  MapContents contents{std::string(def.name), {}};
  for (bool first = true, more = true; more; first = false) {
    bpf_attr attr{};
    attr.batch.map_fd = static_cast<std::uint32_t>(map.fd.get());
    attr.batch.in_batch = first ? 0 : attr_pointer(position.data());
    attr.batch.out_batch = attr_pointer(position.data());
    attr.batch.keys = attr_pointer(keys.data());
    attr.batch.values = attr_pointer(values.data());
    attr.batch.count = chunk;
    const int result = bpf_call(BPF_MAP_LOOKUP_BATCH, attr);
    if (result < 0 && result != -ENOENT) return map_error(def, "reading its entries", -result);
    more = result == 0;
    for (std::uint32_t i = 0; i < attr.batch.count; ++i) {
      const auto key = keys.begin() + static_cast<std::ptrdiff_t>(std::size_t{i} * def.key_size);
      const auto value = values.begin() + static_cast<std::ptrdiff_t>(i * stride);
      contents.entries.push_back(
          {Bytes(key, key + def.key_size), Bytes(value, value + def.value_size)});
    }
  }
  return contents;
}

/// Device and CPU maps: no batch command, so key by key.
Expected<MapContents> read_by_key(const KernelMap& map) {
  const MapDef& def = map.def;
  MapContents contents{std::string(def.name), {}};
  Bytes key(def.key_size), next(def.key_size), value(def.value_size);
  for (std::uint64_t step = 0; step <= def.max_entries; ++step) {
    bpf_attr attr{};
    attr.map_fd = static_cast<std::uint32_t>(map.fd.get());
    attr.key = step == 0 ? 0 : attr_pointer(key.data());
    attr.next_key = attr_pointer(next.data());
    const int result = bpf_call(BPF_MAP_GET_NEXT_KEY, attr);
    if (result == -ENOENT) break;
    if (result < 0) return map_error(def, "walking its keys", -result);
    key = next;
    const int reason = element_call(BPF_MAP_LOOKUP_ELEM, map.fd.get(), key.data(), value.data());
    if (reason == ENOENT) continue;
    if (reason != 0) return map_error(def, "reading an entry", reason);
    contents.entries.push_back({key, value});
  }
  return contents;
}

Expected<MapContents> read_by_popping(const KernelMap& map) {
  const MapDef& def = map.def;
  MapContents contents{std::string(def.name), {}};
  Bytes value(def.value_size);
  for (std::uint64_t step = 0; step <= def.max_entries; ++step) {
    const int reason =
        element_call(BPF_MAP_LOOKUP_AND_DELETE_ELEM, map.fd.get(), nullptr, value.data());
    if (reason == ENOENT) break;
    if (reason != 0) return map_error(def, "popping its values", reason);
    contents.entries.push_back({{}, value});
  }
  std::vector<MapEntry> to_push = contents.entries;
  if (def.type == MapType::stack) std::ranges::reverse(to_push);
  for (const MapEntry& entry : to_push) {
    const int reason = update_element(map.fd.get(), nullptr, entry.value.data());
    if (reason != 0) return map_error(def, "pushing its values back", reason);
  }
  return contents;
}

Expected<void> require_sizes(const MapDef& def, const MapEntry& entry, std::size_t number) {
  if (entry.key.size() != (is_queue_or_stack(def.type) ? 0 : def.key_size)) {
    return error(Fault::bad_input,
                 fmt::format("map {} entry {}: key has {} bytes, the map's has {}", def.name,
                             number, entry.key.size(), def.key_size));
  }
  if (entry.value.size() != def.value_size) {
    return error(Fault::bad_input,
                 fmt::format("map {} entry {}: value has {} bytes, the map's has {}", def.name,
                             number, entry.value.size(), def.value_size));
  }
  return {};
}

/// All CPUs' values of one key: what is there already, with CPU 0's replaced.
Bytes per_cpu_value(const KernelMap& map, const MapEntry& entry) {
  Bytes value(value_stride(map.def), 0);
  const int reason =
      element_call(BPF_MAP_LOOKUP_ELEM, map.fd.get(), entry.key.data(), value.data());
  if (reason != 0) std::ranges::fill(value, std::uint8_t{0});  // a new key
  std::ranges::copy(entry.value, value.begin());
  return value;
}

}  // namespace

bool is_kernel_map_readable(MapType type) {
  return is_batch_readable(type) || is_queue_or_stack(type) || type == MapType::devmap ||
         type == MapType::devmap_hash || type == MapType::cpumap;
}

Expected<KernelMap> create_kernel_map(std::span<const MapDef> maps, std::size_t index,
                                      const KernelLimits& limits) {
  KernelMap map = corrected(maps[index], limits);
  Fd inner;
  if (is_outer(map.def.type)) {
    TRY(inner, create_inner(maps, map, limits));
  }
  TRY(map.fd, create_map(map.def, inner.get()));
  TRY(initialise(map));
  return map;
}

Expected<MapContents> read_kernel_map(const KernelMap& map) {
  const MapType type = map.def.type;
  if (!is_kernel_map_readable(type)) {
    return error(Fault::unsupported, fmt::format("map {}: entries of type {} cannot be read back",
                                                 map.def.name, static_cast<unsigned>(type)));
  }
  if (is_queue_or_stack(type)) return read_by_popping(map);
  TRY(MapContents contents, is_batch_readable(type) ? read_in_batches(map) : read_by_key(map));
  std::ranges::sort(contents.entries, {}, &MapEntry::key);
  return contents;
}

Expected<void> write_kernel_map(const KernelMap& map, std::span<const MapEntry> entries) {
  const MapDef& def = map.def;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const MapEntry& entry = entries[i];
    TRY(require_sizes(def, entry, i));
    const Bytes value = is_per_cpu(def.type) ? per_cpu_value(map, entry) : entry.value;
    const void* key = is_queue_or_stack(def.type) ? nullptr : entry.key.data();
    const int reason = update_element(map.fd.get(), key, value.data());
    if (reason != 0) return map_error(def, fmt::format("writing entry {}", i), reason);
  }
  return {};
}

}  // namespace probity::runtime
