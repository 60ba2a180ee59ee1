// SPDX-License-Identifier: Apache-2.0
// The duties of the balancer, from outside: fragments and truncated ports are dropped, what is not
// for a service passes, and a flow that is known goes to its backend in a header that is told byte
// by byte, or is dropped where there is no room for that. Which backend a new flow gets is left
// open.
//   probity check balancer.o --spec balancer.spec.o
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

struct flow {
	__u32 source, destination;
	__u32 ports;
	__u32 protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow);
	__type(value, __u32);
} flows SEC(".maps");

struct backend {
	__u32 address;
	unsigned char mac[6];
	unsigned char our_mac[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, struct backend);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

static __always_inline void write16(unsigned char *p, __u32 value)
{
	p[0] = value >> 8;
	p[1] = value;
}

/* An Ethernet and an IPv4 header from `inner`, the address the client asked, to the backend. */
static __always_inline void write_outer(unsigned char *p, const struct backend *backend,
					__u32 inner, __u32 length)
{
	__u32 sum;

	__builtin_memcpy(p, backend->mac, 6);
	__builtin_memcpy(p + 6, backend->our_mac, 6);
	write16(p + 12, 0x0800);
	write16(p + 14, 0x4500);
	write16(p + 16, length + 20);
	write16(p + 18, 0);
	write16(p + 20, 0);
	p[22] = 64;
	p[23] = 4; /* IP in IP */
	write16(p + 24, 0);
	__builtin_memcpy(p + 26, &inner, 4);
	__builtin_memcpy(p + 30, &backend->address, 4);
	sum = bpf_csum_diff(0, 0, (__u32 *)(p + 14), 20, 0);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	__builtin_memcpy(p + 24, &sum, 2); /* a checksum has the byte order of what it is of */
}

SEC("xdp")
int balancer_spec(struct xdp_md *ctx)
{
	unsigned char *p = (void *)(long)ctx->data;
	const unsigned long length = spec_packet_length();
	struct service_key key;
	struct flow flow;
	struct backend *backend;
	__u32 *service, *known;
	__u32 total, asked;

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
	service = bpf_map_lookup_elem(&services, &key);
	if (!service || *service >= 16)
		return XDP_PASS;
	spec_ignore_map(&counters);

	__builtin_memcpy(&flow, p + 26, 12);
	flow.protocol = p[23];
	known = bpf_map_lookup_elem(&flows, &flow);
	if (!known)
		return XDP_ANY_IGNORE_STATE;
	backend = bpf_map_lookup_elem(&backends, known);
	if (!backend || !backend->address)
		return XDP_DROP;
	total = p[16] << 8 | p[17];
	asked = flow.destination;
	if (bpf_xdp_adjust_head(ctx, -20))
		return XDP_DROP;
	write_outer((void *)(long)ctx->data, backend, asked, total);
	return XDP_TX;
}
