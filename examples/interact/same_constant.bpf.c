// SPDX-License-Identifier: Apache-2.0
// Both programs write the gateway's address into the frame, one for all packets and one for IPv4
// only. Their sets overlap, but whoever writes last writes the same: they commute.
// xdp_other_gateway writes another address and does not commute with them.
#include "headers.h"

static __always_inline void to_gateway(struct ethhdr *eth, __u8 last)
{
	eth->h_dest[0] = 0x02;
	eth->h_dest[1] = 0;
	eth->h_dest[2] = 0;
	eth->h_dest[3] = 0;
	eth->h_dest[4] = 0;
	eth->h_dest[5] = last;
}

SEC("xdp")
int xdp_gateway(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	to_gateway(eth, 1);
	return XDP_PASS;
}

SEC("xdp")
int xdp_gateway_ipv4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (ipv4_of(data, (void *)(long)ctx->data_end))
		to_gateway(data, 1);
	return XDP_PASS;
}

SEC("xdp")
int xdp_other_gateway(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (ipv4_of(data, (void *)(long)ctx->data_end))
		to_gateway(data, 2);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
