// SPDX-License-Identifier: Apache-2.0
// Maps as the kernel's old samples write them: seven words, an inner map by its number.
typedef unsigned int u32;
#define SEC(name) __attribute__((section(name), used))
struct bpf_map_def {
  u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node;
};
struct bpf_map_def SEC("maps") inner = {9, 4, 8, 1000, 4, 0, 1};
struct bpf_map_def SEC("maps") outer = {12, 4, 4, 16, 0, INNER, 0};
struct bpf_map_def SEC("maps") pinned = {5, 8, 8, 1024, 0, 3, 2};
SEC("xdp") int pass(void *ctx) { return 2; }
