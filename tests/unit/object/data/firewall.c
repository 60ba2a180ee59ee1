// SPDX-License-Identifier: Apache-2.0
// A small firewall with all that the reader must link: BTF maps of several kinds, global data,
// subprograms in .text, a function pointer, tail calls, a weak extern, two programs in one section.
// clang-format off
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int (*name)[value]
#define __type(name, type) typeof(type) *name
#define __array(name, type) typeof(type) *name[]
#define __noinline __attribute__((noinline))

struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
struct flow { u32 source, destination; u16 ports[2]; };

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*tail_call)(void *ctx, void *map, u32 index) = (void *)12;
static long (*loop)(u32 count, void *callback, void *ctx, u64 flags) = (void *)181;

struct { __uint(type, 1); __type(key, struct flow); __type(value, u64); __uint(max_entries, 1024); __uint(map_flags, 1); } flows SEC(".maps");
struct { __uint(type, 2); __uint(key_size, 4); __uint(value_size, 16); __uint(max_entries, 7); __uint(pinning, 1); } counters SEC(".maps");
struct { __uint(type, 4); __uint(max_entries, 0); } events SEC(".maps");
struct inner { __uint(type, 2); __type(key, u32); __type(value, u32); __uint(max_entries, 3); } first_inner SEC(".maps");
struct { __uint(type, 12); __uint(max_entries, 2); __type(key, u32); __array(values, struct inner); } outer SEC(".maps") = { .values = { [1] = (void *)&first_inner } };

int tail(struct xdp_md *ctx);
struct { __uint(type, 3); __uint(max_entries, 4); __uint(key_size, 4); __array(values, int (void *)); } jumps SEC(".maps") = { .values = { [2] = (void *)&tail } };

const volatile u32 limit = 100;
volatile u64 seen = 5;
volatile u64 dropped;
volatile const u8 table[4] SEC(".rodata.tune") = {1, 2, 3, 4};
extern int optional __attribute__((weak)) SEC(".ksyms");

static __noinline u64 mix(u64 a, u64 b) { return (a ^ b) * 0x9e3779b97f4a7c15ull + seen; }
__noinline int account(u32 length) { seen += mix(length, limit); return length > limit; }
static long visit(u32 index, void *ctx) { *(u64 *)ctx += table[index & 3]; return 0; }

SEC("xdp") int firewall(struct xdp_md *ctx) {
  u32 key = 0;
  u64 sum = 0;
  u64 *count = map_lookup_elem(&counters, &key);
  if (!count) return 0;
  loop(4, visit, &sum, 0);
  *count += sum;
  if (account(ctx->data_end - ctx->data)) { dropped++; return 1; }
  if (&optional) return 0;
  tail_call(ctx, &jumps, 2);
  return 2;
}

SEC("xdp") int tail(struct xdp_md *ctx) {
  struct flow key = {};
  key.source = ctx->ingress_ifindex;
  return map_lookup_elem(&flows, &key) ? 1 : 2;
}

SEC("?tc/ingress") int ingress(void *ctx) { return (int)mix((u64)ctx, 3); }
char _license[] SEC("license") = "Apache-2.0";
u32 _version SEC("version") = 0x060100;
