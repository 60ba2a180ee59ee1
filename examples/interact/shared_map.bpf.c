// SPDX-License-Identifier: Apache-2.0
// Programs that share maps. xdp_count counts the packets of each source in slots chosen by its last
// byte and xdp_limit drops what comes from a slot that has had enough: they do not commute. The two
// tallies add to one counter, which no order changes: they commute although their sets overlap. The
// two ports keep different entries of one map: they commute since their keys are never equal.
#include "headers.h"

#define ENOUGH 1000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} packets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} totals SEC(".maps");

SEC("xdp")
int xdp_count(struct xdp_md *ctx)
{
	struct iphdr *ip = ipv4_of((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__u32 slot;
	__u64 *count;

	if (!ip)
		return XDP_PASS;
	slot = bpf_ntohl(ip->saddr) & 0xff;
	count = bpf_map_lookup_elem(&packets, &slot);
	if (count)
		*count += 1;
	return XDP_PASS;
}

SEC("xdp")
int xdp_limit(struct xdp_md *ctx)
{
	struct iphdr *ip = ipv4_of((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__u32 slot;
	__u64 *count;

	if (!ip)
		return XDP_PASS;
	slot = bpf_ntohl(ip->saddr) & 0xff;
	count = bpf_map_lookup_elem(&packets, &slot);
	if (count && *count > ENOUGH)
		return XDP_DROP;
	return XDP_PASS;
}

static __always_inline int add_to(__u32 slot, __u64 number)
{
	__u64 *total = bpf_map_lookup_elem(&totals, &slot);

	if (total)
		*total += number;
	return XDP_PASS;
}

SEC("xdp")
int xdp_tally(struct xdp_md *ctx)
{
	return add_to(0, 1);
}

SEC("xdp")
int xdp_tally_bytes(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;

	return add_to(0, data_end - data);
}

SEC("xdp")
int xdp_port_a(struct xdp_md *ctx)
{
	return add_to(1, 1);
}

SEC("xdp")
int xdp_port_b(struct xdp_md *ctx)
{
	return add_to(2, 1);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
