// SPDX-License-Identifier: Apache-2.0
// What the example programs have in common: where the IPv4 header of a packet is, and how its
// checksum follows a change.
#ifndef EXAMPLES_INTERACT_HEADERS_H
#define EXAMPLES_INTERACT_HEADERS_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The IPv4 header without options of an Ethernet frame, or NULL. */
static __always_inline struct iphdr *ipv4_of(void *data, void *data_end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > data_end)
		return 0;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->version != 4 || ip->ihl != 5)
		return 0;
	return ip;
}

/* The header checksum after one 32-bit field was replaced (RFC 1624, equation 3). */
static __always_inline __u16 checksum_after(__u16 check, __u32 from, __u32 to)
{
	__u32 sum = (__u16)~check;

	sum += (__u16)~from;
	sum += (__u16)~(from >> 16);
	sum += (__u16)to;
	sum += (__u16)(to >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

#endif
