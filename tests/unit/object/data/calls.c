// SPDX-License-Identifier: Apache-2.0
// Functions that can stand in place of their calls: no caller needs what they overwrite. Callees in
// .text and beside their caller, with a map, a CO-RE record, a call of their own; callers whose
// section has no relocations, no CO-RE records, no source lines.
// clang-format off
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int (*name)[value]
#define __type(name, type) typeof(type) *name
#define __noinline __attribute__((noinline))
#define __core __attribute__((preserve_access_index))

struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex; } __core;
struct task_struct { int pid, tgid; } __core;

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static u64 (*ktime_get_ns)(void) = (void *)5;
static long (*loop)(u32 count, void *callback, void *ctx, u64 flags) = (void *)181;

struct { __uint(type, 2); __type(key, u32); __type(value, u64); __uint(max_entries, 4); } counters SEC(".maps");

static __noinline u64 count(u32 key) {
  u64 *value = map_lookup_elem(&counters, &key);
  if (!value) return 7;
  *value += 1;
  return *value;
}
static __noinline __attribute__((used)) u64 now(u64 offset) { return ktime_get_ns() ^ offset; }
static __noinline u64 later(u64 offset) { return now(offset + 3) + 1; }
static __noinline int group(struct task_struct *task) { return task->tgid; }

static __noinline int port(struct xdp_md *ctx) { return ctx->ingress_ifindex == 3; }
static __noinline int next(struct xdp_md *ctx) { return port(ctx) + 1; }
static long visit(u32 index, void *ctx) { return index > 2; }
static __noinline long around(u32 rounds) { return loop(rounds, visit, 0, 0); }
static __noinline __attribute__((used)) int lonely(int value) { return value + 1; }

SEC("xdp") int twice(struct xdp_md *ctx) {
  u64 first = count(1);
  return first + count(2) > 9 ? 1 : 2;
}
SEC("xdp") int beside(struct xdp_md *ctx) { return next(ctx); }
SEC("xdp") int deep(struct xdp_md *ctx) { return later(ctx->ingress_ifindex) & 1; }
SEC("xdp") int rounds(struct xdp_md *ctx) { return around(4) & 1; }

SEC("tc/free") int unrelated(void *ctx) { return 0; }
SEC("raw_tp/sched_switch") int task(struct task_struct *ctx) { return group(ctx); }
__asm__(".section \"sockops\",\"ax\",@progbits\n.globl bare\n.type bare,@function\nbare:\n"
        "r1 = 4\ncall now\nr0 &= 1\nexit\n.size bare, . - bare\n.text\n");
// What no compiler makes: a jump into another function, and a function named by its distance.
__asm__(".section \"socket\",\"ax\",@progbits\n.globl leaves\n.type leaves,@function\nleaves:\n"
        "goto inside\n.size leaves, . - leaves\n.globl names\n.type names,@function\nnames:\n"
        ".byte 0x18, 0x41, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0\n"
        "exit\ninside:\nr0 = 0\nexit\n.size names, . - names\n.text\n");
char _license[] SEC("license") = "GPL";
