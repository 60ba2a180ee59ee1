// SPDX-License-Identifier: Apache-2.0
// A small stateful firewall for XDP. Interface `inside_ifindex` is the trusted side: its TCP and
// UDP packets pass and open a flow; a packet from outside passes only when its flow is open. Telnet
// never passes from outside. The specification stands beside the code: see include/probity/spec.h.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <probity/spec.h>

#define INSIDE_IFINDEX 7
#define TELNET_PORT 23
#define IP_FRAGMENT_MASK 0x3fff /* more fragments, or an offset */

/* Both directions of a connection have the same key: the inside address comes first. */
struct flow_key {
	__u32 inside_addr;
	__u32 outside_addr;
	__u16 inside_port;
	__u16 outside_port;
	__u32 protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow_key);
	__type(value, __u64); /* packets seen */
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} dropped SEC(".maps");

static __always_inline int drop(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&dropped, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_DROP;
}

SEC("xdp")
int xdp_fw(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	const int from_inside = ctx->ingress_ifindex == INSIDE_IFINDEX;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *ports = (void *)(ip + 1); /* TCP's ports stand in the same place */
	struct flow_key key = {};
	__u64 one = 1, *packets;

	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || (ip->frag_off & bpf_htons(IP_FRAGMENT_MASK)))
		return drop();
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	if ((void *)(ports + 1) > data_end)
		return drop();

	if (!from_inside && ip->protocol == IPPROTO_TCP && ports->dest == bpf_htons(TELNET_PORT))
		BPF_ASSERT_RETURN(XDP_DROP);

#ifdef PLANTED_BUG
	/* The port is in network byte order: this compares with port 5888. */
	if (!from_inside && ports->dest == TELNET_PORT)
		return drop();
#else
	if (!from_inside && ports->dest == bpf_htons(TELNET_PORT))
		return drop();
#endif

	key.protocol = ip->protocol;
	key.inside_addr = from_inside ? ip->saddr : ip->daddr;
	key.outside_addr = from_inside ? ip->daddr : ip->saddr;
	key.inside_port = from_inside ? ports->source : ports->dest;
	key.outside_port = from_inside ? ports->dest : ports->source;

	packets = bpf_map_lookup_elem(&flows, &key);
	if (packets) {
		__sync_fetch_and_add(packets, 1);
		return XDP_PASS;
	}
	if (!from_inside)
		return drop();
	bpf_map_update_elem(&flows, &key, &one, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
