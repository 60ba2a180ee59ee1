// SPDX-License-Identifier: Apache-2.0
// CO-RE accesses: a field of the XDP context, whose layout never changes, and one of a kernel
// structure.
// clang-format off
typedef unsigned int u32;
typedef unsigned char u8;
#define SEC(name) __attribute__((section(name), used))
#define __core __attribute__((preserve_access_index))
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex; } __core;
struct bpf_sock_ops { u32 op, snd_cwnd; } __core;  // partial: snd_cwnd lies elsewhere in the ABI
struct task_struct { int pid, tgid; } __core;

SEC("xdp") int fixed(struct xdp_md *ctx) { return ctx->ingress_ifindex == 1 ? 1 : 2; }
SEC("raw_tp/sched_switch") int kernel(struct task_struct *task) { return task->tgid; }
SEC("sockops") int partial(struct bpf_sock_ops *ctx) { return ctx->op == 1 ? ctx->snd_cwnd : 0; }
char _license[] SEC("license") = "GPL";
