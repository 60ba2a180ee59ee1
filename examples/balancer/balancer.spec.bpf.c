// SPDX-License-Identifier: Apache-2.0
// Some duties of the balancer, from outside: fragments and truncated ports are dropped, what is not
// for a service passes, and nothing but the counters and flows changes then. Of packets for a
// service this says nothing.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <probity/external_spec.h>

struct service_key {
	__u32 address;
	__u16 port;
	__u16 protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct service_key);
	__type(value, __u32);
} services SEC(".maps");

SEC("xdp")
int balancer_spec(struct xdp_md *ctx)
{
	unsigned char *p = (void *)(long)ctx->data;
	const unsigned long length = spec_packet_length();
	struct service_key key;

	if (length < 34 || p[12] != 0x08 || p[13] != 0x00)
		return XDP_PASS;
	if ((p[14] & 15) != 5 || (p[20] & 0x3f) || p[21])
		return XDP_DROP;
	if (p[23] != 6 && p[23] != 17)
		return XDP_PASS;
	if (length < 42)
		return XDP_DROP;
	__builtin_memcpy(&key.address, p + 30, 4);
	__builtin_memcpy(&key.port, p + 36, 2);
	key.protocol = p[23];
	return bpf_map_lookup_elem(&services, &key) ? XDP_ANY_IGNORE_STATE : XDP_PASS;
}
