// SPDX-License-Identifier: Apache-2.0
// The program of the `run` tests: counts packets by IPv4 source address. The first packet of a
// source goes back with its first byte rewritten, later ones pass; short packets are dropped, port
// 7 is not ours.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 16);
} flows SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx) {
  unsigned char *data = (void *)(long)ctx->data;
  const unsigned char *end = (void *)(long)ctx->data_end;
  if (ctx->ingress_ifindex == 7) return XDP_ABORTED;
  if (data + 34 > end) return XDP_DROP;
  __u32 source = *(__u32 *)(data + 26);
  __u64 *packets = bpf_map_lookup_elem(&flows, &source);
  if (packets) {
    ++*packets;
    return XDP_PASS;
  }
  const __u64 one = 1;
  bpf_map_update_elem(&flows, &source, &one, BPF_ANY);
  data[0] = 0xaa;
  return XDP_TX;
}

char program_license[] SEC("license") = "GPL";
