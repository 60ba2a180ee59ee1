/* SPDX-License-Identifier: Apache-2.0 */
/* The maps of the firewall under test, by the names and sizes that its object has, and which
 * packets it judges by their flow. */
#pragma once
#include "wire.h"

#define INSIDE 6
#define OUTSIDE 7

struct flow {
	__u16 protocol, low_port, high_port, unused;
	__u32 low_address, high_address;
};

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 10);
	__type(key, __u32);
	__type(value, __u32);
} tx_port SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow);
	__type(value, __u32); /* the way back in the first byte, the way out in the upper half */
} flow_ctx_table SEC(".maps");

static __always_inline int is_firewalled(unsigned char *p)
{
	return IS_IPV4(p) && HAS(L4 + 8) &&
	       (p[IP_PROTO] == IPPROTO_TCP || p[IP_PROTO] == IPPROTO_UDP);
}

/* Both directions of a conversation have one key: addresses and ports sorted. */
static __always_inline struct flow flow_of(unsigned char *p)
{
	const __u32 a = RAW32(p + IP_SOURCE), b = RAW32(p + IP_DEST);
	const __u16 from = RAW16(p + L4), to = RAW16(p + L4 + 2);

	return (struct flow){p[IP_PROTO], from < to ? from : to, from < to ? to : from, 0,
			     a < b ? a : b, a < b ? b : a};
}
