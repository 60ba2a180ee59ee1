// SPDX-License-Identifier: Apache-2.0
// What the hXDP firewall must do, completely: what is neither TCP nor UDP over IPv4 is dropped;
// from the outside only known flows pass, the way they came; from anywhere else a packet goes out
// and makes its flow known.
#include "hxdp_firewall_maps.h"

SEC("xdp")
int spec(struct xdp_md *ctx)
{
	const __u32 opened = OUTSIDE << 16 | INSIDE;
	struct flow flow;
	__u32 *known;

	if (!is_firewalled(DATA(ctx)))
		return XDP_DROP;
	flow = flow_of(DATA(ctx));
	known = bpf_map_lookup_elem(&flow_ctx_table, &flow);
	if (ctx->ingress_ifindex == OUTSIDE)
		return known ? bpf_redirect_map(&tx_port, (__u8)*known, 0) : XDP_DROP;
	if (!known)
		bpf_map_update_elem(&flow_ctx_table, &flow, &opened, BPF_ANY);
	return bpf_redirect_map(&tx_port, OUTSIDE, 0);
}
