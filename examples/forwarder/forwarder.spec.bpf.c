// SPDX-License-Identifier: Apache-2.0
// The forwarder as a whole, from outside: verdict, packet, maps and where the frame is sent.
//   probity check forwarder.o --spec forwarder.spec.o
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <probity/external_spec.h>

struct address {
	unsigned char bytes[6];
	unsigned short zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct address);
	__type(value, __u32);
} neighbours SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

SEC("xdp")
int forwarder_spec(struct xdp_md *ctx)
{
	struct address to = {};
	__u32 *port;

	if (spec_packet_length() < 14)
		return XDP_PASS;
	__builtin_memcpy(to.bytes, (void *)(long)ctx->data, 6);
	port = bpf_map_lookup_elem(&neighbours, &to);
	return port ? bpf_redirect_map(&ports, *port, XDP_PASS) : XDP_PASS;
}
