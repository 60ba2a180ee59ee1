// SPDX-License-Identifier: Apache-2.0
// A firewall and a NAT on one hook. The guard drops packets to addresses that are blocked; the NAT
// writes another destination. Which address the guard sees depends on who is first: they do not
// commute.
#include "headers.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u8);
} blocked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} translations SEC(".maps");

SEC("xdp")
int xdp_guard(struct xdp_md *ctx)
{
	struct iphdr *ip = ipv4_of((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__u32 address;

	if (!ip)
		return XDP_PASS;
	address = ip->daddr;
	return bpf_map_lookup_elem(&blocked, &address) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int xdp_nat(struct xdp_md *ctx)
{
	struct iphdr *ip = ipv4_of((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__u32 address;
	__u32 *inside;

	if (!ip)
		return XDP_PASS;
	address = ip->daddr;
	inside = bpf_map_lookup_elem(&translations, &address);
	if (!inside)
		return XDP_PASS;
	ip->check = checksum_after(ip->check, address, *inside);
	ip->daddr = *inside;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
