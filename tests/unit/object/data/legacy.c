// SPDX-License-Identifier: Apache-2.0
// Maps as loaders defined them before BTF: several five-word records in one section, and a perf
// array that leaves its sizes out; a call of a function that no object defines.
// clang-format off
typedef unsigned int u32;
#define SEC(name) __attribute__((section(name), used))
struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };
struct bpf_map_def SEC("maps") ports = {1, 2, 8, 64, 1};
struct bpf_map_def SEC("maps") totals = {6, 4, 8, 256, 0};
struct bpf_map_def SEC("maps") events = {4, 0, 0, 2, 0};
static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
extern int missing(int);

SEC("xdp_count") int count(void *ctx) {
  u32 key = 3;
  unsigned long *value = map_lookup_elem(&totals, &key);
  if (value) *value += 1;
  return value ? 2 : 1;
}
SEC("socket") int broken(void *ctx) { return missing(4); }
char _license[] SEC("license") = "GPL";
