// SPDX-License-Identifier: Apache-2.0
// One duty of the hXDP firewall: the first packet of a flow from the inside goes out, and its flow
// is known from then on. Of everything else this says nothing.
#include "hxdp_firewall_maps.h"

SEC("xdp")
int spec(struct xdp_md *ctx)
{
	const __u32 opened = OUTSIDE << 16 | INSIDE;
	struct flow flow;

	if (ctx->ingress_ifindex != INSIDE || !is_firewalled(DATA(ctx)))
		return XDP_ANY_IGNORE_STATE;
	flow = flow_of(DATA(ctx));
	if (bpf_map_lookup_elem(&flow_ctx_table, &flow))
		return XDP_ANY_IGNORE_STATE;
	bpf_map_update_elem(&flow_ctx_table, &flow, &opened, BPF_ANY);
	return bpf_redirect_map(&tx_port, OUTSIDE, 0);
}
