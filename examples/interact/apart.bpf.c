// SPDX-License-Identifier: Apache-2.0
// Programs that do not meet. xdp_protocols reads what xdp_class never writes: different bytes.
// xdp_dns and xdp_web write the same two bytes, but no packet is both UDP and TCP.
#include "headers.h"

#define EXPEDITED 0xb8 /* DSCP 46 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} protocols SEC(".maps");

SEC("xdp")
int xdp_protocols(struct xdp_md *ctx)
{
	struct iphdr *ip = ipv4_of((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__u32 slot;
	__u64 *count;

	if (!ip)
		return XDP_PASS;
	slot = ip->protocol;
	count = bpf_map_lookup_elem(&protocols, &slot);
	if (count)
		*count += 1;
	return XDP_PASS;
}

SEC("xdp")
int xdp_class(struct xdp_md *ctx)
{
	struct iphdr *ip = ipv4_of((void *)(long)ctx->data, (void *)(long)ctx->data_end);

	if (!ip || ip->tos == EXPEDITED)
		return XDP_PASS;
	ip->check = checksum_after(ip->check, bpf_htons(ip->tos), bpf_htons(EXPEDITED));
	ip->tos = EXPEDITED;
	return XDP_PASS;
}

SEC("xdp")
int xdp_dns(struct xdp_md *ctx)
{
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = ipv4_of((void *)(long)ctx->data, data_end);
	struct udphdr *udp;

	if (!ip || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	udp = (void *)(ip + 1);
	if ((void *)(udp + 1) > data_end)
		return XDP_PASS;
	if (udp->dest == bpf_htons(53))
		udp->dest = bpf_htons(5353);
	return XDP_PASS;
}

SEC("xdp")
int xdp_web(struct xdp_md *ctx)
{
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = ipv4_of((void *)(long)ctx->data, data_end);
	struct tcphdr *tcp;

	if (!ip || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	tcp = (void *)(ip + 1);
	if ((void *)(tcp + 1) > data_end)
		return XDP_PASS;
	if (tcp->dest == bpf_htons(80))
		tcp->dest = bpf_htons(8080);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
