// SPDX-License-Identifier: Apache-2.0
// The duties of the redirector, from outside: what is not a SYN of TCP over IPv4 passes as it came;
// a SYN goes to the backend whose turn it is, eight bytes longer and with an IPv4 header that is
// told byte by byte. Of the TCP header and its new option this says nothing.
//   probity check syn_redirect.o --spec syn_redirect.spec.o
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <probity/external_spec.h>

#define SYN 2
#define RST_OR_ACK 0x14

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} turn SEC(".maps");

static __always_inline int redirected(struct xdp_md *ctx, __u32 backend)
{
	unsigned char header[34];
	unsigned char *p = (void *)(long)ctx->data;
	__u32 total = (p[16] << 8 | p[17]) + 8, sum;

	__builtin_memcpy(header, p + 6, 6);
	__builtin_memcpy(header + 6, p, 6);
	__builtin_memcpy(header + 12, p + 12, 22);
	if (bpf_xdp_adjust_head(ctx, -8))
		return XDP_DROP;
	p = (void *)(long)ctx->data;
	__builtin_memcpy(p, header, 34);
	p[16] = total >> 8;
	p[17] = total;
	p[24] = p[25] = 0;
	__builtin_memcpy(p + 30, &backend, 4);
	sum = bpf_csum_diff(0, 0, (__u32 *)(p + 14), 20, 0);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	__builtin_memcpy(p + 24, &sum, 2); /* a checksum has the byte order of what it is of */
	spec_ignore_packet(34, 28);
	return XDP_TX;
}

SEC("xdp")
int syn_redirect_spec(struct xdp_md *ctx)
{
	const unsigned char *p = (void *)(long)ctx->data;
	__u32 zero = 0, index, *count, *backend;

	if (spec_packet_length() < 54 || p[12] != 0x08 || p[13] != 0x00 || p[23] != 6)
		return XDP_PASS;
	if ((p[14] & 15) != 5 || p[46] >> 4 != 5 || (p[47] & (SYN | RST_OR_ACK)) != SYN)
		return XDP_PASS;
	count = bpf_map_lookup_elem(&turn, &zero);
	if (!count)
		return XDP_DROP;
	index = (*count)++ % 64;
	backend = bpf_map_lookup_elem(&backends, &index);
	return backend && *backend ? redirected(ctx, *backend) : XDP_DROP;
}
