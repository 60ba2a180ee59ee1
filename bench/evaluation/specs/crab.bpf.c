// SPDX-License-Identifier: Apache-2.0
// What CRAB's balancer must do with untagged packets: only SYNs of TCP over IPv4 are touched. Such
// a one leaves, eight bytes longer, for the target whose turn it is, and tells it in a TCP option
// which address the client asked for. The IP header has its checksum; that of TCP is left open.
#include "wire.h"

#define GROWTH 8
#define OPTION (L4 + 20)
#define SYN 2
#define RST_OR_ACK 0x14

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} targets_map SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, unsigned char[6]);
} macs_map SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} targets_count SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cpu_rr_idx SEC(".maps");

/* The Internet checksum of an IPv4 header without options (RFC 1071), its own field left out. */
static __always_inline __u16 header_checksum(unsigned char *ip)
{
	__u32 sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += i == 10 ? 0 : RAW16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("xdp")
int spec(struct xdp_md *ctx)
{
	unsigned char *p = DATA(ctx), *mac;
	__u32 zero = 0, turn, asked, *target, *count, *next;
	__u8 flags, old[L4 + 20];

	if (!HAS(IP))
		return XDP_PASS;
	if (BE16(p + ETH_PROTO) == ETH_P_8021Q || BE16(p + ETH_PROTO) == ETH_P_8021AD)
		return XDP_ANY_IGNORE_STATE;
	if (!IS_IPV4(p) || !HAS(L4))
		return XDP_PASS;
	if (p[IP] != 0x45) /* options, or another version in an IPv4 frame */
		return XDP_ANY_IGNORE_STATE;
	if (p[IP_PROTO] != IPPROTO_TCP)
		return XDP_PASS;
	if (!HAS(L4 + 20) || (p[L4 + 12] >> 4) != 5) /* short, or TCP options of its own */
		return XDP_ANY_IGNORE_STATE;
	flags = p[L4 + 13];
	if ((flags & RST_OR_ACK) || !(flags & SYN))
		return XDP_PASS;

	spec_ignore_packet(L4 + 16, 2);
	asked = RAW32(p + IP_DEST);
	__builtin_memcpy(old, p, sizeof(old));
	if (bpf_xdp_adjust_head(ctx, -GROWTH))
		return XDP_ABORTED;
	p = DATA(ctx);
	count = bpf_map_lookup_elem(&targets_count, &zero);
	next = bpf_map_lookup_elem(&cpu_rr_idx, &zero);
	turn = (*next)++ % *count;
	target = bpf_map_lookup_elem(&targets_map, &turn);
	mac = target ? bpf_map_lookup_elem(&macs_map, target) : 0;
	if (!mac) { /* dropped as an error, whatever is in it by then */
		spec_ignore_packet(0, 1 << 16);
		return XDP_ABORTED;
	}
	__builtin_memcpy(p, old, sizeof(old));
	__builtin_memcpy(p + 6, old, 6);
	__builtin_memcpy(p, mac, 6);
	RAW16(p + IP_LENGTH) = bpf_htons(BE16(old + IP_LENGTH) + GROWTH);
	RAW32(p + IP_DEST) = *target;
	RAW16(p + IP_CHECK) = header_checksum(p + IP);
	p[L4 + 12] = old[L4 + 12] + (GROWTH / 4 << 4);
	p[OPTION] = 42;
	p[OPTION + 1] = 6;
	RAW32(p + OPTION + 2) = asked;
	RAW16(p + OPTION + 6) = 0x0101;
	return XDP_TX;
}
