// SPDX-License-Identifier: Apache-2.0
// Specifications of pair.bpf.c: a wrong one, a right one that says half, and one that says nothing.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <probity/external_spec.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

SEC("xdp/wrong")
int always_drop(struct xdp_md *ctx)
{
	return XDP_DROP_IGNORE_STATE;
}

SEC("xdp/right")
int always_pass(struct xdp_md *ctx)
{
	return XDP_PASS_IGNORE_STATE;
}

SEC("xdp/silent")
int anything(struct xdp_md *ctx)
{
	return XDP_ANY_IGNORE_STATE;
}
