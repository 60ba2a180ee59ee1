// SPDX-License-Identifier: Apache-2.0
// Watches segment routing over IPv6: the first segment-routed packet headers it sees go to user
// space with the time they were seen. It only looks: every packet passes as it came.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <probity/spec.h>

#define ROUTING_TYPE_SEGMENTS 4

/* RFC 8754. */
struct routing_header {
	__u8 next_header;
	__u8 length;
	__u8 type;
	__u8 segments_left;
	__u8 last_entry;
	__u8 flags;
	__u16 tag;
};

struct record {
	__u64 seen_ns;
	struct in6_addr source;
	struct in6_addr destination;
	__u32 segments_left;
	__u32 packet_bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} records SEC(".maps");

SEC("xdp")
int exporter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = (void *)(eth + 1);
	struct routing_header *routing = (void *)(ip + 1);
	struct record record = {};

	BPF_ASSERT_RETURN(XDP_PASS);
	BPF_ASSERT_ONLY_MODIFIES(data, 0);
	BPF_ASSERT_LEN_DELTA(0);

	if ((void *)(ip + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IPV6))
		return XDP_PASS;
	if (ip->nexthdr != IPPROTO_ROUTING || (void *)(routing + 1) > data_end)
		return XDP_PASS;
#ifdef PLANTED_BUG
	/* -1 says "not mine" in the author's other functions. As an XDP action it aborts. */
	if (routing->type != ROUTING_TYPE_SEGMENTS)
		return -1;
#else
	if (routing->type != ROUTING_TYPE_SEGMENTS)
		return XDP_PASS;
#endif

	record.seen_ns = bpf_ktime_get_ns();
	record.source = ip->saddr;
	record.destination = ip->daddr;
	record.segments_left = routing->segments_left;
	record.packet_bytes = data_end - data;
	bpf_perf_event_output(ctx, &records, BPF_F_CURRENT_CPU, &record, sizeof(record));
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
