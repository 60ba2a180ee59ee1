// SPDX-License-Identifier: Apache-2.0
// A program as the engines see it: instruction slots, maps, subprograms and named externals, after
// linking and relocation. A View only points at memory of its owner (object::Image on a hosted
// system, static tables on a microcontroller), so nothing here needs a heap.
//
// Conventions in linked slots: lddw_map has the map's index in imm; lddw_map_value the index in imm
// and the offset in next_imm; lddw_func the slot displacement of a subprogram, like call_local;
// call_kfunc and lddw_var the index of an external.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "isa/bpf/insn.hpp"

namespace probity::program {

/// Program types, with the kernel's numbers (enum bpf_prog_type).
enum class ProgType : std::uint32_t {
  unspec = 0,
  socket_filter,
  kprobe,
  sched_cls,
  sched_act,
  tracepoint,
  xdp,
  perf_event,
  cgroup_skb,
  cgroup_sock,
  lwt_in,
  lwt_out,
  lwt_xmit,
  sock_ops,
  sk_skb,
  cgroup_device,
  sk_msg,
  raw_tracepoint,
  cgroup_sock_addr,
  lwt_seg6local,
  lirc_mode2,
  sk_reuseport,
  flow_dissector,
  cgroup_sysctl,
  raw_tracepoint_writable,
  cgroup_sockopt,
  tracing,
  struct_ops,
  ext,
  lsm,
  sk_lookup,
  syscall,
  netfilter,
};
/// The kernel's name, e.g. "xdp", "sched_cls".
std::string_view name(ProgType type);

/// Map types, with the kernel's numbers (enum bpf_map_type).
enum class MapType : std::uint32_t {
  unspec = 0,
  hash,
  array,
  prog_array,
  perf_event_array,
  percpu_hash,
  percpu_array,
  stack_trace,
  cgroup_array,
  lru_hash,
  lru_percpu_hash,
  lpm_trie,
  array_of_maps,
  hash_of_maps,
  devmap,
  sockmap,
  cpumap,
  xskmap,
  sockhash,
  cgroup_storage,
  reuseport_sockarray,
  percpu_cgroup_storage,
  queue,
  stack,
  sk_storage,
  devmap_hash,
  struct_ops,
  ringbuf,
  inode_storage,
  task_storage,
  bloom_filter,
  user_ringbuf,
  cgrp_storage,
  arena,
};
std::string_view name(MapType type);

/// A part of a map's value that only helpers touch.
enum class ValueFieldKind : std::uint8_t { spin_lock, timer, workqueue };
struct ValueField {
  ValueFieldKind kind = ValueFieldKind::spin_lock;
  std::uint32_t offset = 0;  ///< bytes from the start of the value
};

struct MapDef {
  std::string_view name;
  MapType type = MapType::unspec;
  std::uint32_t key_size = 0;    ///< bytes
  std::uint32_t value_size = 0;  ///< bytes
  std::uint32_t max_entries = 0;
  std::uint32_t flags = 0;                ///< BPF_F_*
  std::int32_t inner = -1;                ///< index of the map that describes inner maps, or -1
  std::span<const std::uint8_t> initial;  ///< contents of a global data map (one value), else empty
  bool read_only = false;                 ///< .rodata: frozen before the program runs
  std::span<const ValueField> value_fields = {};
};

/// A function of the program; the first one is where execution starts.
struct Subprog {
  std::string_view name;
  std::uint32_t first_slot = 0;
  std::uint32_t slot_count = 0;
};

/// A kfunc or ksym that the running kernel would have to provide.
struct External {
  std::string_view name;
  bool weak = false;
};

/// Where a slot came from in the source; sorted by slot.
struct LineInfo {
  std::uint32_t slot = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string_view file;
  std::string_view text;  ///< the source line
};

struct View;

/// An element of a prog_array that the object fills: the program that a tail call enters. It shares
/// the maps of the program that calls.
struct TailTarget {
  std::uint32_t map = 0;    ///< index of the prog_array
  std::uint32_t index = 0;  ///< its element
  const View* program = nullptr;
};

/// An element of a map of maps that the object fills with another of its maps.
struct InnerMap {
  std::uint32_t map = 0;    ///< index of the array_of_maps or hash_of_maps
  std::uint32_t index = 0;  ///< its element (the key, as a 32-bit number)
  std::uint32_t inner = 0;  ///< index of the map that lies there
};

/// Tail calls that one run may make (MAX_TAIL_CALL_CNT of Linux); the next one falls through.
constexpr std::uint32_t tail_call_limit = 33;

struct View {
  std::string_view name;  ///< the function's name
  std::string_view section;
  ProgType type = ProgType::unspec;
  std::uint32_t expected_attach_type = 0;
  std::string_view license;
  std::span<const bpf::Slot> slots;
  std::span<const Subprog> subprogs;
  std::span<const MapDef> maps;
  std::span<const External> externals;
  std::span<const LineInfo> lines;
  std::span<const TailTarget> tail_targets;
  std::span<const InnerMap> inner_maps;
};

}  // namespace probity::program
