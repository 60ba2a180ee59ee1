// SPDX-License-Identifier: Apache-2.0
// Entry assumptions in the object: of every XDP program, of one, and one that nothing meets.
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_helpers.h>

#include <probity/spec.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

SEC("?assume/xdp")
int port_is_known(struct xdp_md *ctx)
{
	__u32 port = 7;
	__u32 *value;

	BPF_MAP_KEY_EXISTS(&ports, &port);
	value = bpf_map_lookup_elem(&ports, &port);
	if (value)
		*value = 0; /* undone: the program does not see it */
	return ctx->ingress_ifindex == 7;
}

SEC("?assume/xdp:nothing")
int impossible(struct xdp_md *ctx)
{
	return ctx->ingress_ifindex == 8;
}

SEC("?assume/xdp:broken")
int reads_outside(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;

	return data[100] == 1;
}

SEC("xdp")
int known(struct xdp_md *ctx)
{
	__u32 port = ctx->ingress_ifindex;
	__u32 *value = bpf_map_lookup_elem(&ports, &port);

	BPF_ASSERT("the port is known", value != 0);
	return XDP_PASS;
}

SEC("xdp")
int zero(struct xdp_md *ctx)
{
	__u32 port = ctx->ingress_ifindex;
	__u32 *value = bpf_map_lookup_elem(&ports, &port);

	BPF_ASSERT("the value is zero", value && *value == 0);
	return XDP_PASS;
}

SEC("xdp")
int nothing(struct xdp_md *ctx)
{
	BPF_ASSERT_RETURN(XDP_DROP);
	return XDP_PASS;
}

SEC("xdp")
int broken(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
