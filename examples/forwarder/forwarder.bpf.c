// SPDX-License-Identifier: Apache-2.0
// Forwards frames by their destination address: a table says through which port a neighbour is
// reached. What cannot be forwarded goes to the stack, nothing is lost.
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_helpers.h>

#include <probity/spec.h>

struct address {
	__u8 bytes[ETH_ALEN];
	__u16 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct address);
	__type(value, __u32); /* index into ports */
} neighbours SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

#ifdef PLANTED_BUG
/* A port without a device: the helper answers with the low bits of its flags, XDP_ABORTED. */
#define WITHOUT_DEVICE 0
#else
#define WITHOUT_DEVICE XDP_PASS
#endif

SEC("xdp")
int forwarder(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct address to = {};
	__u32 *port;

	BPF_ASSERT_NOT_RETURN(XDP_ABORTED);
	BPF_ASSERT_NOT_RETURN(XDP_DROP);
	BPF_ASSERT_MAP_UNCHANGED(&neighbours);
	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;
	__builtin_memcpy(to.bytes, eth->h_dest, ETH_ALEN);
	port = bpf_map_lookup_elem(&neighbours, &to);
	if (!port)
		return XDP_PASS;
	return bpf_redirect_map(&ports, *port, WITHOUT_DEVICE);
}

char LICENSE[] SEC("license") = "GPL";
