// SPDX-License-Identifier: Apache-2.0
// Programs that end the chain. Of xdp_drop_ipv4 and xdp_reflect the first one decides, if the next
// program runs only after XDP_PASS; if all run, the stronger verdict counts, whoever is first.
// tc_mark and tc_by_mark meet in a field of the context.
#include "headers.h"

#include <linux/pkt_cls.h>

SEC("xdp")
int xdp_drop_ipv4(struct xdp_md *ctx)
{
	return ipv4_of((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int xdp_reflect(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	return eth->h_source[5] == 1 ? XDP_TX : XDP_PASS;
}

SEC("tc")
int tc_mark(struct __sk_buff *skb)
{
	skb->mark = 7;
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_by_mark(struct __sk_buff *skb)
{
	return skb->mark == 7 ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc")
int tc_priority(struct __sk_buff *skb)
{
	skb->priority = 3;
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
