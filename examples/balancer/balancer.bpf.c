// SPDX-License-Identifier: Apache-2.0
// A small L4 load balancer. Packets to a service (address, port, protocol) go to one of its
// backends, chosen by a hash of the flow in the service's ring and remembered while the flow lives;
// each is sent on in an IPv4 header of its own (IP in IP), whose checksum covers it. Fragments are
// dropped, since their ports are unknown; other packets pass.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <probity/spec.h>

#define FRAGMENTED 0x3fff /* more fragments, or an offset */
#define RING_SLOTS 64
#define SERVICES 16
#define BACKENDS 128
#define OUTER_TTL 64

struct service_key {
	__be32 address;
	__be16 port;
	__u8 protocol;
	__u8 zero;
};

struct flow {
	__be32 source, destination;
	__be16 source_port, destination_port;
	__u32 protocol;
};

struct backend {
	__be32 address; /* 0: none */
	__u8 mac[ETH_ALEN];
	__u8 our_mac[ETH_ALEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SERVICES);
	__type(key, struct service_key);
	__type(value, __u32); /* number of the service */
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SERVICES *RING_SLOTS);
	__type(key, __u32);
	__type(value, __u32); /* number of a backend */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BACKENDS);
	__type(key, __u32);
	__type(value, struct backend);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow);
	__type(value, __u32); /* number of a backend */
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SERVICES);
	__type(key, __u32);
	__type(value, __u64); /* packets */
} counters SEC(".maps");

static __always_inline __u32 hash_of(const struct flow *flow)
{
	__u32 hash = flow->source ^ (flow->source_port << 16 | flow->destination_port);

	hash ^= hash >> 15;
	hash += hash << 7;
	return hash ^ hash >> 11;
}

/* The one's complement of the one's complement sum. `sum` is that of 32-bit words. */
static __always_inline __u16 folded(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16); /* the first round may carry */
	return ~sum;
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

static __always_inline struct backend *backend_of(const struct flow *flow, __u32 service)
{
	__u32 index = service * RING_SLOTS + hash_of(flow) % RING_SLOTS;
	__u32 *known, *chosen;

	known = bpf_map_lookup_elem(&flows, flow);
#ifndef PLANTED_OVERWRITTEN_KEY
	if (known)
		return bpf_map_lookup_elem(&backends, known);
#endif
	chosen = bpf_map_lookup_elem(&ring, &index);
	if (!chosen)
		return 0;
	if (known) /* only in the twin: the ring may have changed since the flow began */
		BPF_ASSERT_MAP_KEY_EQ(&flows, flow, known);
	bpf_map_update_elem(&flows, flow, chosen, BPF_ANY);
	return bpf_map_lookup_elem(&backends, chosen);
}

static __always_inline int send_to(struct xdp_md *ctx, const struct backend *backend, __u16 length)
{
	struct ethhdr *eth;
	struct iphdr *outer;
	const __be32 *inner_destination;
	void *data, *data_end;
	__be32 source;

#ifdef PLANTED_IGNORED_FAILURE
	bpf_xdp_adjust_head(ctx, -(int)sizeof(struct iphdr));
#else
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(struct iphdr)))
		return XDP_DROP;
#endif
	BPF_ASSERT_LEN_DELTA(sizeof(struct iphdr));
	data = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	eth = data;
	outer = (void *)(eth + 1);
	if ((void *)(outer + 2) > data_end)
		return XDP_DROP;
	inner_destination = &(outer + 1)->daddr;
	source = *inner_destination;
	__builtin_memcpy(eth->h_dest, backend->mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, backend->our_mac, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
	*outer = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(length + sizeof(struct iphdr)),
		.ttl = OUTER_TTL,
		.protocol = IPPROTO_IPIP,
		.saddr = source,
		.daddr = backend->address,
	};
#ifdef PLANTED_WRONG_CHECKSUM
	outer->check = folded(bpf_csum_diff(0, 0, (__be32 *)outer, 16, 0));
#else
	outer->check = folded(bpf_csum_diff(0, 0, (__be32 *)outer, sizeof(*outer), 0));
#endif
	BPF_ASSERT_END_EQ(&outer->daddr, __be32, backend->address);
	BPF_ASSERT_END_EQ(&outer->protocol, __u8, IPPROTO_IPIP);
	BPF_ASSERT("the outer header has its checksum", has_its_checksum(outer));
	return XDP_TX;
}

SEC("xdp")
int balancer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *ports = (void *)(ip + 1); /* TCP's ports stand in the same place */
	struct service_key key = {};
	struct flow flow = {};
	struct backend *backend;
	__u32 *service;
	__u64 *packets;

	if ((void *)(ip + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5)
		return XDP_DROP;
	BPF_ASSERT_LEADS_TO_ACTION(ip->frag_off & bpf_htons(FRAGMENTED), XDP_DROP);
	if (ip->frag_off & bpf_htons(FRAGMENTED))
		return XDP_DROP;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	BPF_ASSERT_LEADS_TO_ACTION((void *)(ports + 1) > data_end, XDP_DROP);
#ifdef PLANTED_SHORT_PACKET
	if ((void *)(ports + 1) > data_end)
		return XDP_PASS; /* nobody looked at its ports */
#else
	if ((void *)(ports + 1) > data_end)
		return XDP_DROP;
#endif

	key.address = ip->daddr;
	key.port = ports->dest;
	key.protocol = ip->protocol;
	service = bpf_map_lookup_elem(&services, &key);
	if (!service || *service >= SERVICES)
		return XDP_PASS;
	packets = bpf_map_lookup_elem(&counters, service);
	if (packets)
		++*packets;

	flow.source = ip->saddr;
	flow.destination = ip->daddr;
	flow.source_port = ports->source;
	flow.destination_port = ports->dest;
	flow.protocol = ip->protocol;
	backend = backend_of(&flow, *service);
	if (!backend || !backend->address)
		return XDP_DROP;
	return send_to(ctx, backend, bpf_ntohs(ip->tot_len));
}

char LICENSE[] SEC("license") = "GPL";
