// SPDX-License-Identifier: Apache-2.0
// Redirects connections: a SYN to the service's address goes to the backend whose turn it is, and
// carries in a TCP option the address that the client asked for, so that the backend can answer the
// client itself. Eight bytes are put in at the front and the headers moved there. The checksum of
// IPv4 is computed anew, that of TCP from the old one (RFC 1624), of which nothing is stated here:
// what was wrong stays wrong. Everything else passes.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <probity/spec.h>

#define BACKENDS 64
#define OPTION_KIND 253 /* for experiments: RFC 4727 */

struct option {
	__u8 kind;
	__u8 size;
	__be16 address_high;
	__be16 address_low;
	__be16 padding;
};

struct headers {
	struct ethhdr eth;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BACKENDS);
	__type(key, __u32);
	__type(value, __be32); /* 0: no backend */
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32); /* SYNs so far */
} turn SEC(".maps");

static __always_inline __u16 checksum(struct iphdr *header)
{
	__u32 sum;

	header->check = 0;
	sum = bpf_csum_diff(0, 0, (__be32 *)header, sizeof(*header), 0);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'), over 16-bit words. */
static __always_inline __u16 updated(__u16 checksum, __u32 gone, __u32 come)
{
	__u32 sum = (__u16)~checksum + (__u16)~(gone & 0xffff) + (__u16)~(gone >> 16) +
		    (come & 0xffff) + (come >> 16);

	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

/* For the specification: the checksum is that of the header as it is now, and no carry is lost. */
static __always_inline int has_its_checksum(const struct iphdr *header)
{
	struct iphdr plain = *header;
	__u32 sum;

	plain.check = 0;
	sum = bpf_csum_diff(0, 0, (__be32 *)&plain, sizeof(plain), 0);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return header->check == (__u16)~sum;
}

static __always_inline __be32 next_backend(void)
{
	__u32 zero = 0, index;
	__u32 *count = bpf_map_lookup_elem(&turn, &zero);
	__be32 *backend;

	if (!count)
		return 0;
	index = (*count)++ % BACKENDS;
	backend = bpf_map_lookup_elem(&backends, &index);
	return backend ? *backend : 0;
}

/* The pseudo header has another address and a length that is eight more. */
static __always_inline __u16 tcp_checksum(const struct headers *old, const struct headers *new,
					  const struct option *option)
{
	const __u16 *was = (const void *)&old->tcp, *is = (const void *)&new->tcp;
	const __u16 *more = (const void *)option;
	__u16 check = updated(old->tcp.check, old->ip.daddr, new->ip.daddr);

	check = updated(check, was[6], is[6] | (__u32)bpf_htons(sizeof(*option)) << 16);
	check = updated(check, 0, more[0] | (__u32)more[1] << 16);
	return updated(check, 0, more[2] | (__u32)more[3] << 16);
}

static __always_inline int redirect(struct xdp_md *ctx, const struct headers *old, __be32 backend)
{
	struct headers *new;
	struct option *option;
	void *data_end;
	__u16 length = bpf_ntohs(old->ip.tot_len) + sizeof(struct option);
	__be32 asked = old->ip.daddr;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(struct option)))
		return XDP_DROP;
	new = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	option = (void *)(new + 1);
	if ((void *)(option + 1) > data_end)
		return XDP_DROP;
	*new = *old;
	__builtin_memcpy(new->eth.h_dest, old->eth.h_source, ETH_ALEN);
	__builtin_memcpy(new->eth.h_source, old->eth.h_dest, ETH_ALEN);
	new->ip.daddr = backend;
#ifdef PLANTED_BUG
	new->ip.check = checksum(&new->ip); /* one line too early */
	new->ip.tot_len = bpf_htons(length);
#else
	new->ip.tot_len = bpf_htons(length);
	new->ip.check = checksum(&new->ip);
#endif
	new->tcp.doff = old->tcp.doff + sizeof(struct option) / 4;
	*option = (struct option){OPTION_KIND, 6, asked & 0xffff, asked >> 16, 0x0101};
	new->tcp.check = tcp_checksum(old, new, option);

	BPF_ASSERT_LEN_DELTA(sizeof(struct option));
	BPF_ASSERT_RETURN(XDP_TX);
	BPF_ASSERT_END_EQ(&new->ip.daddr, __be32, backend);
	BPF_ASSERT_END_EQ(&option->address_high, __be16, asked & 0xffff);
	BPF_ASSERT_END_EQ(&option->address_low, __be16, asked >> 16);
	BPF_ASSERT_END_EQ(&new->tcp.source, __be16, old->tcp.source);
	BPF_ASSERT_END_EQ(&new->tcp.seq, __be32, old->tcp.seq);
	BPF_ASSERT_END_EQ(&new->ip.saddr, __be32, old->ip.saddr);
	BPF_ASSERT("the header has its checksum", has_its_checksum(&new->ip));
	return XDP_TX;
}

SEC("xdp")
int syn_redirect(struct xdp_md *ctx)
{
	struct headers *packet = (void *)(long)ctx->data;
	struct headers old;
	__be32 backend;

	if ((void *)(packet + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	if (packet->eth.h_proto != bpf_htons(ETH_P_IP) || packet->ip.protocol != IPPROTO_TCP)
		return XDP_PASS;
	if (packet->ip.ihl != 5 || packet->tcp.doff != 5)
		return XDP_PASS;
	if (!packet->tcp.syn || packet->tcp.ack || packet->tcp.rst)
		return XDP_PASS;
	old = *packet;
	backend = next_backend();
	if (!backend)
		return XDP_DROP;
	return redirect(ctx, &old, backend);
}

char LICENSE[] SEC("license") = "GPL";
