// SPDX-License-Identifier: Apache-2.0
// Maps in the live kernel: create one from its definition (global data filled in and frozen), read
// all its entries, write some. What the kernel would refuse or what would waste its memory is
// corrected first, and each correction is a note for the user. Source: linux/bpf.h, bpf(2), the
// loaders of libbpf and cilium/ebpf.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "runtime/engine.hpp"
#include "runtime/kernel_syscall.hpp"

namespace probity::runtime {

/// Bounds on what is asked of the kernel.
struct KernelLimits {
  /// A map that would hold more bytes than this is cut to `reduced_map_entries`.
  std::uint64_t max_map_bytes = std::uint64_t{8} << 20;
  std::uint32_t reduced_map_entries = 4096;
};

/// A map as it was created: the definition after corrections, and one line per correction.
struct KernelMap {
  program::MapDef def;
  Fd fd;
  std::vector<std::string> overrides;
};

/// Whether the entries of this map type can be read back (not: perf event arrays, ring buffers,
/// sockets, …).
bool is_kernel_map_readable(program::MapType type);

/// Creates maps[index]; an outer map gets its inner map's shape. Fault::system with the kernel's
/// reason.
Expected<KernelMap> create_kernel_map(std::span<const program::MapDef> maps, std::size_t index,
                                      const KernelLimits& limits);

/// All entries, sorted by key; of per-CPU maps the value of CPU 0. A queue or stack has empty keys.
Expected<MapContents> read_kernel_map(const KernelMap& map);

/// Adds or overwrites entries; of per-CPU maps the value of CPU 0.
Expected<void> write_kernel_map(const KernelMap& map, std::span<const MapEntry> entries);

}  // namespace probity::runtime
